"""One archive made of the fragments of shards, in their order, each byte of them moved once."""

from __future__ import annotations

import errno
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from exportkit.storage.archive_layouts import ArchiveLayout, Member
from exportkit.storage.archive_staging import Fragment
from exportkit.storage.refusals import refusals_of

__all__ = ["Archive"]

_CHUNK: Final = 1 << 20
_NO_SUCH_COPY: Final = {errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}


class Archive:
    """An archive under construction. What is known of its members lies in a file of the run, not in memory.

    Every method raises LocalIOError when the machine refuses.
    """

    def __init__(self, path: Path, layout: ArchiveLayout, rows: Path) -> None:
        """`path` must not exist yet; `rows` is the file that remembers the members."""
        self.path: Final = path
        self._layout = layout
        self._rows_path = rows
        self._size = 0
        with refusals_of("create", path):
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
            self._rows = rows.open("xb")

    def append(self, fragment: Fragment) -> None:
        """Add the members of the next shard, and remove its fragment."""
        with refusals_of("write", self.path):
            with fragment.path.open("rb") as file:
                _append(file.fileno(), self._descriptor, self._size)
                size = os.fstat(file.fileno()).st_size
            self._note(fragment.members)
            fragment.path.unlink()
        self._size += size

    def add_folder(self, path: str) -> None:
        """Add a folder that is there even when nothing is in it; its path ends with a slash."""
        self._head(path, 0, 0)

    def add_file(self, path: str, source: Path) -> None:
        """Add a finished file."""
        with refusals_of("write", self.path), source.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            crc = 0
            while self._layout.has_crc and (chunk := file.read(_CHUNK)):
                crc = zlib.crc32(chunk, crc)
            self._head(path, size, crc)
            _append(file.fileno(), self._descriptor, self._size)
            self._size += size
            self._write([self._layout.padding(size)])

    def _head(self, path: str, size: int, crc: int) -> None:
        head = self._layout.head(path, size, crc)
        self._note(msgspec.json.encode(Member(path, 0, len(head), size, crc)) + b"\n")
        self._write([head])

    def _note(self, members: bytes) -> None:
        self._rows.write(b"%d\n%b" % (self._size, members))

    def members(self) -> Iterator[Member]:
        """All members so far, in their order."""
        self._rows.flush()
        # Lines of members, and before them the number that is to be added to their offsets.
        decode = msgspec.json.Decoder(int | Member).decode
        base = 0
        with self._rows_path.open("rb") as file:
            for line in file:
                found = decode(line)
                if isinstance(found, int):
                    base = found
                else:
                    yield found._replace(start=base + found.start, content=base + found.content)

    def close(self) -> int:
        """Finish the archive; its size in bytes."""
        with refusals_of("write", self.path):
            self._write(self._layout.end(self.members(), self._size))
        self.abandon()
        return self._size

    def abandon(self) -> None:
        """Close it as it is; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            self._rows.close()

    def _write(self, pieces: Iterable[bytes]) -> None:
        with refusals_of("write", self.path):
            waiting = bytearray()
            for piece in pieces:
                waiting += piece
                if len(waiting) >= _CHUNK:
                    self._write_now(waiting)
                    waiting.clear()
            self._write_now(waiting)

    def _write_now(self, data: bytearray) -> None:
        _write_at(self._descriptor, bytes(data), self._size)
        self._size += len(data)


def _append(source: int, target: int, at: int) -> None:
    """Copy all of an open file to a place of another, in the kernel where it can."""
    offset, size = 0, os.fstat(source).st_size
    try:
        while offset < size:
            count = os.copy_file_range(source, target, size - offset, offset, at + offset)
            if not count:
                break
            offset += count
    except OSError as error:
        if error.errno not in _NO_SUCH_COPY:
            raise
    while chunk := os.pread(source, _CHUNK, offset):
        _write_at(target, chunk, at + offset)
        offset += len(chunk)
    if offset != size:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def _write_at(descriptor: int, data: bytes, at: int) -> None:
    done = 0
    while done < len(data):
        done += os.pwrite(descriptor, data[done:], at + done)
