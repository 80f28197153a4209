"""``exportkit check``: a directory, whoever wrote it, judged by the rules of its consumers."""

from __future__ import annotations

import os
import unicodedata
from array import array
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from exportkit.conversion.dataset import DatasetDirectory, listed_files
from exportkit.conversion.general_rules import turned_picture
from exportkit.conversion.layouts import chosen_checker, opened
from exportkit.conversion.lists import FILES, IMAGES, LISTS, MANIFEST, FileEntry, ImageEntry
from exportkit.conversion.split_leaks import content_key, leak_findings
from exportkit.conversion.split_list import SPLITS, SplitLine, groups_by_split
from exportkit.errors import BundleRefused
from exportkit.pictures import PictureHeader, PictureUnreadable, check_structure, probe
from exportkit.plugins import PluginManager
from exportkit.writing import Checker, Finding, Picture, PictureLimits, Piece
from exportkit.writing.text import piece_findings

Line = TypeVar("Line", ImageEntry, SplitLine)

__all__ = ["CheckResult", "check_dataset"]

_BATCH_BYTES = 4 << 20
_BATCH_PIECES = 2000
_PICTURES = frozenset(
    "avif bmp dng gif heic heif jp2 jpeg jpg mpo png tif tiff webp ppm pgm pbm pnm".split()  # noqa: SIM905 - a list to read
)


class CheckResult(msgspec.Struct):
    """The findings of one dataset."""

    path: str
    format: str
    findings: list[Finding]


def check_dataset(path: Path, plugins: PluginManager, format_name: str | None = None) -> list[CheckResult]:
    """Check a dataset, each of several that were written in one run, or one annotation file.

    Raises UsageError where the layout tells no format, or several.
    """
    dataset = opened(path)
    manifest = dataset.manifest
    if manifest is not None and isinstance(manifest.get("datasets"), list) and format_name is None:
        labels = [str(entry["path"]) for entry in manifest["datasets"] if _is_inside(entry)]
        return [result for label in labels for result in check_dataset(path / label, plugins)]
    checker = chosen_checker(dataset, plugins, format_name)
    findings = list(_findings(dataset, checker))
    findings.sort(key=lambda f: (f.severity, f.code, f.file or "", f.line or 0))
    return [CheckResult(str(path), checker.name, findings)]


def _is_inside(entry: object) -> bool:
    """Whether an entry of a manifest over several datasets names a folder below its own."""
    path = entry.get("path") if isinstance(entry, dict) else None
    return isinstance(path, str) and bool(path) and not path.startswith("/") and ".." not in path.split("/")


def _findings(dataset: DatasetDirectory, cls: type[Checker]) -> Iterator[Finding]:
    checker = cls(dataset)
    checker.file = dataset.file
    general = _GeneralRules(dataset)
    reports = []
    for batch in _batches(checker.pieces()):
        yield from piece_findings(batch)
        report = checker.check_pieces(batch)
        yield from report.findings
        yield from general.pictures(report.pictures)
        report.findings, report.pictures = [], []
        reports.append(report)
    yield from checker.conclude(reports)
    yield from general.pictures(checker.pictures())
    yield from general.conclude(sum(report.objects for report in reports))


def _batches(pieces: Iterator[Piece]) -> Iterator[Sequence[Piece]]:
    batch: list[Piece] = []
    size = 0
    for piece in pieces:
        batch.append(piece)
        size += len(piece.data)
        if size >= _BATCH_BYTES or len(batch) >= _BATCH_PIECES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class _GeneralRules:
    """Rules that hold for every format: references, pictures, strays, case twins, sums."""

    def __init__(self, dataset: DatasetDirectory) -> None:
        self._dataset = dataset
        manifest = dataset.manifest or {}
        self._without_pictures = manifest.get("media") == "none"
        self._manifest = manifest
        #: Each picture, and the first split that refers to it.
        self._referred: dict[str, str] = {}
        self._absent_allowed = bool(_table(manifest.get("codes")).get("N_NO_MEDIA"))
        self._own_lists = bool(manifest) and dataset.exists(IMAGES) and dataset.exists(FILES)
        self._contents: dict[str, array[int]] = {}
        self._entries: list[FileEntry] = []

    def pictures(self, pictures: Iterable[Picture]) -> Iterator[Finding]:
        """Judge each picture that the dataset refers to, once."""
        for picture in pictures:
            first = self._referred.get(picture.path)
            if first is None:
                self._referred[picture.path] = picture.split
                yield from self._picture(picture)
            elif first and picture.split and first != picture.split:
                text = f"the picture stands in both {first!r} and {picture.split!r}"
                yield Finding("C_SPLIT_LEAK", "warn", text, picture.path)

    def _picture(self, picture: Picture) -> Iterator[Finding]:
        path = picture.path
        if path.startswith("/") or ".." in path.split("/") or "\0" in path or "://" in path:
            text = f"the picture {ascii(path)[1:121]} is not named by a relative path inside the dataset"
            yield Finding("C_PATH", "error", text, picture.source or None)
            return
        try:
            descriptor = self._dataset.open_picture(path)
        except OSError:
            yield from self._absent(picture)
            return
        try:
            header = probe(descriptor)
            yield from self._header(picture, header)
            if picture.split and not self._own_lists:
                self._note_content(picture, descriptor)
            reason = check_structure(descriptor, header)
            if reason is not None:
                yield Finding("C_IMAGE_DAMAGED", "error", f"the picture is cut: {reason}", path, consumer="Pillow")
        except PictureUnreadable as error:
            yield Finding("C_IMAGE_DAMAGED", "error", f"the header cannot be read: {error}", path, consumer="Pillow")
        finally:
            os.close(descriptor)

    def _absent(self, picture: Picture) -> Iterator[Finding]:
        path = picture.path
        if self._dataset.is_there(path):
            text = f"the picture {path} is no regular file inside the dataset, nor a link to a file"
            yield Finding("C_PATH", "error", text, picture.source or path)
        elif not self._without_pictures:
            severity: Any = "warn" if self._absent_allowed else "error"
            text = f"the picture {path} is not there"
            yield Finding("C_IMAGE_MISSING", severity, text, picture.source or path)

    def _header(self, picture: Picture, header: PictureHeader) -> Iterator[Finding]:
        size = (header.width, header.height)
        if picture.width and (picture.width, picture.height) != size:
            text = (
                f"the size {picture.width}x{picture.height} beside {picture.path} is not the picture's "
                f"{size[0]}x{size[1]}"
            )
            yield Finding("C_IMAGE_SIZE", "error", text, picture.source or picture.path, consumer="Ultralytics")
        yield from _limit_findings(picture, *size)
        if header.orientation != 1:
            yield turned_picture(picture.path, header.orientation)

    def _note_content(self, picture: Picture, descriptor: int) -> None:
        digest = sha256()
        offset = 0
        while chunk := os.pread(descriptor, 1 << 20, offset):
            digest.update(chunk)
            offset += len(chunk)
        self._contents.setdefault(picture.split, array("Q")).append(content_key(digest.hexdigest()))
        self._entries.append(FileEntry(picture.path, offset, digest.hexdigest()))

    def _leaks(self) -> Iterator[Finding]:
        """Pictures and groups in two splits; a dataset of ours tells by its lists, without a look at the pictures."""
        if not self._own_lists:
            yield from leak_findings(self._contents, {}, self._entries)
            return
        splits = {image.path: image.split for image in self._lines(IMAGES, ImageEntry)}
        contents: dict[str, array[int]] = {}
        for entry in listed_files(self._dataset):
            if entry.path in splits:
                contents.setdefault(splits[entry.path], array("Q")).append(content_key(entry.sha256))
        groups = groups_by_split(self._lines(SPLITS, SplitLine))
        yield from leak_findings(contents, groups, listed_files(self._dataset))

    def _lines(self, path: str, kind: type[Line]) -> Iterator[Line]:
        if not self._dataset.exists(path):
            return
        decode = msgspec.json.Decoder(kind).decode
        rest = b""
        try:
            for chunk in self._dataset.stream(path):
                *lines, rest = (rest + chunk).split(b"\n")
                yield from map(decode, lines)
        except msgspec.MsgspecError as error:
            raise BundleRefused("E_MANIFEST", f"{path} is damaged: {error}.", file=path) from None

    def conclude(self, objects: int) -> Iterator[Finding]:
        """What only the whole directory shows."""
        if self._dataset.file is None:
            yield from self._names()
        yield from self._leaks()
        yield from self._sums(objects)

    def _names(self) -> Iterator[Finding]:
        twins: dict[str, str] = {}
        for path in self._dataset.listing():
            if path in {MANIFEST, *LISTS}:
                continue
            key = unicodedata.normalize("NFC", path).casefold()
            if key in twins:
                text = f"differs from {twins[key]} only by case or normalisation"
                yield Finding("C_CASE_TWIN", "warn", text, path)
            twins.setdefault(key, path)
            if path.rpartition(".")[2].lower() in _PICTURES and path not in self._referred:
                yield Finding("C_STRAY", "warn", "no entry of the dataset refers to this picture", path)

    def _sums(self, objects: int) -> Iterator[Finding]:
        records = self._manifest.get("records")
        planned = isinstance(records, dict) and bool(records.get("written"))
        if not self._referred and not (self._without_pictures and planned):
            yield Finding("C_EMPTY", "warn", "the dataset has no picture", consumer="Ultralytics")
        elif objects == 0:
            yield Finding("C_EMPTY", "warn", "the dataset has no annotation", consumer="Ultralytics")
        declared = self._manifest.get("objects")
        if isinstance(declared, int) and declared != objects:
            yield Finding(
                "C_COUNTS", "error", f"the manifest says {declared} objects, the files hold {objects}", MANIFEST
            )


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _limit_findings(picture: Picture, width: int, height: int) -> Iterator[Finding]:
    limits = picture.limits or PictureLimits("C_IMAGE_SIZE", "Pillow")
    if min(width, height) < limits.least_side:
        text = f"a side of {width}x{height} is shorter than {limits.least_side} pixels; the loader drops the picture"
        yield Finding(limits.code, "error", text, picture.path, consumer=limits.consumer)
    if width * height > limits.most_pixels:
        text = f"{width}x{height} are more than {limits.most_pixels} pixels, which Pillow refuses to open"
        severity: Any = "error" if picture.limits else "warn"
        yield Finding(limits.code, severity, text, picture.path, consumer=limits.consumer)
