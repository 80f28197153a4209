"""The JSON-lines files that stand beside a dataset: files, pictures, errors, losses."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from exportkit.errors import ConversionFailed
from exportkit.storage.refusals import shown
from exportkit.writing import Binder

__all__ = [
    "ERRORS",
    "FILES",
    "IMAGES",
    "LISTS",
    "LOSSES",
    "MANIFEST",
    "BoundFile",
    "FileEntry",
    "FileRun",
    "HashedFile",
    "ImageEntry",
    "StoredRun",
    "merge_runs",
]

MANIFEST = "exportkit-manifest.json"
FILES = "exportkit-files.jsonl"
IMAGES = "exportkit-images.jsonl"
ERRORS = "exportkit-errors.jsonl"
LOSSES = "exportkit-losses.jsonl"
#: Lists whose digests the manifest holds.
LISTS = (FILES, IMAGES, ERRORS, LOSSES)


class FileEntry(msgspec.Struct, frozen=True, gc=False):
    """One file of a dataset; ``path`` is relative and ``/``-separated."""

    path: str
    size: int
    sha256: str


class ImageEntry(msgspec.Struct, frozen=True, gc=False):
    """What became of one record's picture and name."""

    record: int | str
    media: str | None
    split: str
    source_name: str
    path: str
    width: int | None
    height: int | None


class HashedFile:
    """A file that is hashed while it is written. The path must not exist yet."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = path.open("xb")
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes | memoryview) -> None:
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)

    def flush(self) -> None:
        """Let other processes see what was written so far."""
        self._file.flush()

    def append(self, path: Path) -> None:
        """Append a whole file, a piece at a time."""
        with path.open("rb") as source:
            while chunk := source.read(1 << 18):
                self.write(chunk)

    def close(self) -> tuple[int, str]:
        """Size and SHA-256."""
        self._file.close()
        return self.size, self._digest.hexdigest()

    def abandon(self) -> None:
        """Close the file as it is."""
        self._file.close()


class BoundFile(HashedFile):
    """A file whose bytes a binder makes of what is written to it."""

    def __init__(self, path: Path, binder: Binder) -> None:
        super().__init__(path)
        self._binder = binder

    def write(self, data: bytes | memoryview) -> None:
        super().write(self._binder.take(bytes(data)))

    def close(self) -> tuple[int, str]:
        super().write(self._binder.close())
        return super().close()


class FileRun(msgspec.Struct, frozen=True):
    """Entries sorted by path, encoded as lines, with what is needed to merge runs without decoding most of them."""

    lines: bytes
    count: int
    size: int
    first: str
    last: str

    @classmethod
    def of(cls, entries: Sequence[FileEntry]) -> FileRun:
        """A run of entries that are sorted by path."""
        if not entries:
            return cls(b"", 0, 0, "", "")
        size = sum([entry.size for entry in entries])
        lines = msgspec.json.Encoder().encode_lines(entries)
        return cls(lines, len(entries), size, entries[0].path, entries[-1].path)


class StoredRun(msgspec.Struct, frozen=True):
    """A run on disk."""

    path: Path
    first: str
    last: str


def merge_runs(runs: Iterable[StoredRun]) -> Iterator[bytes]:
    """All lines of the runs in the order of their paths, a block at a time.

    Runs that do not overlap, as those of ordinary names, are passed on as they are; the others are merged. Raises
    ConversionFailed for a path that two of them have.
    """
    group: list[StoredRun] = []
    last = ""
    for run in sorted(runs, key=lambda run: run.first):
        if group and run.first > last:
            yield from _merged(group)
            group = []
        group.append(run)
        last = max(last, run.last)
    yield from _merged(group)


def _merged(group: list[StoredRun]) -> Iterator[bytes]:
    if len(group) == 1:
        yield group[0].path.read_bytes()
        return
    decode = msgspec.json.Decoder(FileEntry).decode

    def keyed(run: StoredRun) -> Iterator[tuple[str, bytes]]:
        with run.path.open("rb") as file:
            for line in file:
                yield decode(line).path, line

    before = None
    for path, line in heapq.merge(*(keyed(run) for run in group)):
        if path == before:
            raise ConversionFailed(
                f"The writer gave the file {shown(path)} twice, so nothing was published; report this to its author."
            )
        before = path
        yield line
