"""The JSON-lines files that stand beside a dataset: files, pictures, errors, losses."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

__all__ = ["ERRORS", "FILES", "IMAGES", "LISTS", "LOSSES", "MANIFEST", "FileEntry", "HashedFile", "ImageEntry", "merge_file_lists"]

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

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)

    def append(self, path: Path) -> None:
        """Append a whole file, a piece at a time."""
        with path.open("rb") as source:
            while chunk := source.read(1 << 20):
                self.write(chunk)

    def close(self) -> tuple[int, str]:
        """Size and SHA-256."""
        self._file.close()
        return self.size, self._digest.hexdigest()


def merge_file_lists(runs: Iterable[list[bytes] | Path]) -> Iterator[bytes]:
    """Merge runs of encoded :class:`FileEntry` lines, each sorted by path, into one sorted sequence."""
    decode = msgspec.json.Decoder(FileEntry).decode

    def keyed(run: list[bytes] | Path) -> Iterator[tuple[str, bytes]]:
        if isinstance(run, Path):
            with run.open("rb") as file:
                yield from ((decode(line).path, line.rstrip(b"\n")) for line in file)
        else:
            yield from ((decode(line).path, line) for line in run)

    for _, line in heapq.merge(*(keyed(run) for run in runs)):
        yield line
