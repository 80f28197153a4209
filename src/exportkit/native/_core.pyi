from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from exportkit.normalize.survey import RecordSurvey
from exportkit.records import Annotation, FileReference, Keypoints, Record, Skeleton
from exportkit.records.box import Box, RotatedBox
from exportkit.records.region import LazyRegion

class SeedReader:
    def __new__(
        cls,
        *,
        annotation: type[Annotation],
        box: type[Box],
        region: type[LazyRegion],
        record: type[Record],
        survey: type[RecordSurvey],
        file: type[FileReference],
        digest: Callable[[object], str | None],
        no_media: tuple[tuple[str, str], ...],
        rotated: type[RotatedBox] | None,
        keypoints: type[Keypoints] | None,
        skeleton: Callable[[int], Skeleton],
    ) -> Self: ...
    def survey(self, line: bytes | bytearray, start: int = ..., end: int = ..., /) -> RecordSurvey | None: ...
    def normalise(self, line: bytes, surveyed: bool = False, /) -> Record | None: ...
    def place(
        self,
        text: bytes | bytearray,
        start: int,
        end: int,
        width: int,
        height: int,
        orientation: int,
        source_file: str,
        number: int,
        /,
    ) -> Record | None: ...

class SeedSurveyor:
    def __new__(
        cls,
        *,
        reader: SeedReader,
        splits: dict[str | None, str],
        rules: tuple[tuple[bool, frozenset[str], frozenset[str]], ...],
        part: int,
        keeps_negatives: bool,
        folder: int,
        extensions: frozenset[str],
    ) -> Self: ...
    def take(
        self, text: bytearray, at: int, size: int, offset: int, number: int, last: int | str | None, /
    ) -> tuple[int, int, int, int, int | str | None, int | str | None, int, bool, bool, bool, bool, bytes]: ...
    def sums(
        self,
    ) -> tuple[
        list[tuple[str, tuple[str, str], int]],
        list[tuple[str, Skeleton, int]],
        list[tuple[str, None, int]],
        list[bytes],
    ]: ...

class SeedRun:
    def __new__(cls, *, reader: SeedReader, text: bytearray, places: list[tuple[int, int, int, int]]) -> Self: ...
    def labels(self, start: int, stop: int, /) -> list[str]: ...
    def classes(self, start: int, stop: int, /) -> list[dict[str, bool]]: ...
    def class_lines(
        self, start: int, stop: int, easy: list[bytes], hard: list[bytes], /
    ) -> dict[str, dict[int, bytes]]: ...
    def counts(self, start: int, stop: int, /) -> list[int]: ...
    def names(self, at: int, /) -> list[int | str]: ...
    def paths(self, at: int, /) -> list[str]: ...
    def shares(self, at: int, most_pixels: float, /) -> list[tuple[int, float, int | str]] | None: ...
    def usual(self, boxless: frozenset[str], /) -> list[bool]: ...
    def files(self, start: int, stop: int, /) -> list[tuple[str, int | None, str | None]]: ...

class BoxTexts:
    def __new__(
        cls,
        *,
        annotation: type[Annotation],
        box: type[Box],
        form: str,
        heads: dict[str, bytes],
        separators: tuple[bytes, bytes, bytes, bytes, bytes],
        outcomes: dict[str, tuple[Any, Any]],
        attributes: Callable[[Mapping[str, Any]], bytes | None] | None,
        keypoints: type[Keypoints] | None = None,
        skeleton: tuple[str, ...] | None = None,
    ) -> Self: ...
    def of(
        self, annotations: tuple[Annotation, ...], width: int, height: int, /
    ) -> tuple[list[bytes | None], list[Any]]: ...
    def whole(
        self, annotations: tuple[Annotation, ...], width: int, height: int, head: bytes, tail: bytes, distinct: bool, /
    ) -> tuple[bytes, list[Any]] | None: ...
    def of_run(
        self,
        run: Any,
        start: int,
        stop: int,
        heads: list[bytes] | None,
        starts: list[bytes] | None,
        ends: bytes,
        tail: bytes,
        plain: set[Any],
        distinct: bool,
        crowds: dict[str, tuple[Any, Any]],
        crowd_heads: dict[str, bytes] | None,
        /,
    ) -> tuple[list[bytes], list[Any]]: ...

class OutlineTexts:
    def __new__(
        cls,
        *,
        annotation: type[Annotation],
        box: type[Box],
        region: type[LazyRegion],
        rotated: type[RotatedBox],
        heads: dict[str, bytes],
        outcomes: dict[str, tuple[Any, Any]],
        crowds: dict[str, Any],
        tied: tuple[Any, Any] | None,
        code: str,
    ) -> Self: ...
    def of(
        self, annotations: tuple[Annotation, ...], width: int, height: int, /
    ) -> tuple[list[bytes | None], list[Any], list[tuple[int, str, float]]]: ...
    def whole(
        self, annotations: tuple[Annotation, ...], width: int, height: int, /
    ) -> tuple[bytes, list[Any], list[tuple[int, str, float]], int] | None: ...
    def of_run(
        self, run: Any, start: int, stop: int, plain: set[Any], /
    ) -> tuple[list[bytes], list[Any], list[tuple[int, int, str, float, int | str]]]: ...

class CocoTexts:
    def __new__(
        cls,
        *,
        annotation: type[Annotation],
        box: type[Box],
        region: type[LazyRegion],
        heads: dict[str, bytes],
        outcomes: dict[str, Any],
        attributes: Callable[[Mapping[str, Any]], bytes | None],
        rectangle: bool,
        lists_runs: bool,
        most_pixels: float,
    ) -> Self: ...
    def of(
        self, annotations: tuple[Annotation, ...], width: int, height: int, /
    ) -> tuple[list[str | None], list[Any]]: ...
    def of_run(
        self, run: Any, start: int, stop: int, images: list[bytes], number: int, plain: set[Any], /
    ) -> tuple[list[bytes], list[Any]]: ...

class Tally:
    def __new__(cls, *, annotation: type[Annotation]) -> Self: ...
    def add(self, annotations: tuple[Annotation, ...], outcomes: Sequence[Any], /) -> bool: ...
    def add_run(self, labels: list[str], outcomes: list[Any], /) -> None: ...
    def settle(self, outcome: Any, kept: bool, /) -> None: ...
    def sums(self) -> list[tuple[str | None, Any, int]]: ...

def judge_detect_rows(data: bytes, /) -> tuple[int, int, int] | None: ...
def judge_outline_rows(data: bytes, /) -> tuple[int, int, int] | None: ...
def judge_pose_rows(data: bytes, points: int, /) -> tuple[int, int, int] | None: ...
def write_new_files(folders: dict[str, int], files: list[tuple[str, bytes]], first: int, /) -> tuple[int, int]: ...
def read_beneath(folder: int, path: str, buffer: memoryview, /) -> int: ...
def copy_jpegs(
    folder: int,
    originals: Sequence[tuple[str, int | None, str | None, str]],
    outputs: list[tuple[Mapping[str, int], list[str]]],
    first: int,
    largest: int,
    /,
) -> list[tuple[int, str, bool]]: ...
def sha256_digests(texts: list[bytes], /) -> list[str] | None: ...
def whole_jpeg(data: bytes | memoryview, /) -> bool: ...
def measure_rings(text: bytes, /) -> tuple[tuple[float, float, float, float, float], bytes | None, int] | None: ...
def judge_voc_files(
    stems: list[str], files: list[bytes], classes: dict[str, dict[str, bool]], /
) -> tuple[int, list[tuple[int, int] | None]]: ...
def judge_coco_objects(
    data: bytes, sizes: dict[int, tuple[int, int]], /
) -> tuple[bytes, set[int], set[int], int, int, list[tuple[int, int]]] | None: ...
def json_line(value: object, /) -> bytes | None: ...
def json_object(line: bytes, /) -> dict[str, Any] | None: ...
def count_lines(text: bytes | bytearray, size: int, blank: bool, /) -> tuple[int, int, bool]: ...
def id_bounds(text: bytes | bytearray, word: bytes, /) -> tuple[tuple[int, int] | None, bool]: ...
def pass_ascending_ids(text: bytearray, at: int, size: int, last: int, /) -> tuple[int, int]: ...
def row_columns(
    rows: list[Any],
    row: type,
    media: type,
    kinds: frozenset[str],
    kinds_of_media: frozenset[str],
    offset: int,
    nowhere: tuple[int, int, int, int],
    /,
) -> tuple[list[int | str], list[str], list[str], list[int], list[int], list[int], list[tuple[int, int, int, int]]]: ...
def sampled(ids: list[int | str], sample: int, /) -> list[bool]: ...
def image_lines(rows: list[Any], row: type, media: type, splits: list[str], paths: list[str], /) -> bytes | None: ...
def column_texts(pieces: tuple[bytes, ...], columns: tuple[list[str] | list[int], ...], /) -> list[bytes] | None: ...
def replace_pieces(
    whole: bytes, starts: list[int], separator: int, changes: list[tuple[int, Mapping[int, bytes]]], /
) -> bytes | None: ...
def return_large_blocks() -> None: ...
