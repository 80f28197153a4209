from collections.abc import Callable, Mapping
from typing import Any, Self

from exportkit.normalize.survey import RecordSurvey
from exportkit.records import Annotation, FileReference, Record
from exportkit.records.box import Box
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
    ) -> Self: ...
    def survey(self, line: bytes, /) -> RecordSurvey | None: ...
    def normalise(
        self,
        line: bytes,
        surveyed: bool = False,
        width: int = 0,
        height: int = 0,
        orientation: int = 1,
        source_file: str = "",
        number: int = 0,
        /,
    ) -> Record | None: ...

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
    ) -> Self: ...
    def of(
        self, annotations: tuple[Annotation, ...], width: int, height: int, /
    ) -> tuple[list[bytes | None], list[Any]]: ...

def judge_detect_rows(data: bytes, /) -> tuple[int, int, int] | None: ...
def measure_rings(text: bytes, /) -> tuple[tuple[float, float, float, float, float], bytes | None, int] | None: ...
