"""Files of one shard on their way into an archive: one behind the other in a fragment."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

import msgspec

from exportkit.storage.archive_layouts import ArchiveLayout, Member
from exportkit.storage.refusals import refusals_of

__all__ = ["ArchiveStaging", "Fragment"]

_BUFFER: Final = 1 << 20


class Fragment(NamedTuple):
    """A part of an archive."""

    path: Path
    #: Its members in their order, a line of JSON each; their offsets count from its own beginning.
    members: bytes


class ArchiveStaging:
    """Stands in for :class:`Staging` where a dataset becomes an archive.

    Every method raises LocalIOError when the machine refuses, and ValueError for a path that leaves the dataset or was
    written before; the latter two are mistakes of the writer that named the path.
    """

    def __init__(self, fragment: Path, layout: ArchiveLayout) -> None:
        self._path: Final = fragment
        self._layout = layout
        self._members: dict[str, Member] = {}
        self._size = 0
        with refusals_of("create", fragment):
            self._file = fragment.open("xb", buffering=_BUFFER)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def written(self) -> Fragment:
        """What was written, after :meth:`close`."""
        return Fragment(self._path, msgspec.json.Encoder().encode_lines([*self._members.values()]))

    def close(self) -> None:
        """Bring everything into the fragment; a second call does nothing."""
        with refusals_of("write", self._path):
            self._file.close()

    def write(self, path: str, data: bytes | memoryview) -> None:
        """Write a whole new file."""
        self._judge(path)
        crc = zlib.crc32(data) if self._layout.has_crc else 0
        head = self._layout.head(path, len(data), crc)
        with refusals_of("write", self._path):
            self._file.write(b"".join((head, data, self._layout.padding(len(data)))))
        self._add(path, len(head), len(data), crc)

    def write_all(self, files: Sequence[tuple[str, bytes]]) -> int:
        """Write whole new files up to the first whose path was written before or leaves the dataset; how many."""
        for place, (path, data) in enumerate(files):
            try:
                self.write(path, data)
            except ValueError:
                return place
        return len(files)

    def write_chunks(self, path: str, chunks: Iterable[bytes | memoryview]) -> int:
        """Write a whole new file piece by piece; its size. Where anything fails, also in `chunks`, nothing is left."""
        self._judge(path)
        layout, size, crc = self._layout, 0, 0
        head = layout.head(path, 0, 0)
        try:
            with refusals_of("write", self._path):
                self._file.write(head)
            for chunk in chunks:
                if layout.has_crc:
                    crc = zlib.crc32(chunk, crc)
                with refusals_of("write", self._path):
                    self._file.write(chunk)
                size += len(chunk)
            with refusals_of("write", self._path):
                self._file.write(layout.padding(size))
                self._file.seek(self._size)
                self._file.write(layout.head(path, size, crc))
                self._file.seek(0, 2)
        except BaseException:
            self._cut(self._size)
            raise
        self._add(path, len(head), size, crc)
        return size

    def clone(self, path: str, descriptor: int) -> int | None:
        """None: contents in an archive stand on no borders of blocks, so that none can be shared."""
        del path, descriptor
        return None

    def remove(self, path: str) -> None:
        """Remove a file, if it is there; it is the last one, for only the latest record is ever taken back."""
        member = self._members.pop(path, None)
        if member is not None:
            self._cut(member.start)

    def settle(self, paths: Iterable[str]) -> None:
        """Nothing to be done: a fragment counts once its shard is through, and under its own name."""

    def _cut(self, size: int) -> None:
        with refusals_of("write", self._path):
            self._file.seek(size)
            self._file.truncate()
        self._size = size

    def _add(self, path: str, head: int, size: int, crc: int) -> None:
        self._members[path] = Member(path, self._size, self._size + head, size, crc)
        self._size += head + size + len(self._layout.padding(size))

    def _judge(self, path: str) -> None:
        if path in self._members:
            raise ValueError(f"the file {path!r} is written twice")
        if "\0" in path or not {"", ".", ".."}.isdisjoint(path.split("/")):
            raise ValueError(f"the path {path!r} is not below the output")
        path.encode()  # UnicodeEncodeError, a ValueError, for half a character
