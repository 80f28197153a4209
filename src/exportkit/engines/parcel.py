"""What a job has made, as one stream of bytes: its outcome, and the files that it left in the folder of the run.

The stream is the length of its head (eight bytes, least significant first), the head in MessagePack, and the contents
of the files one behind the other.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from exportkit.errors import ConversionFailed, RemoteIOError
from exportkit.storage.refusals import refusals_of, shown
from exportkit.storage.staging import Staging

__all__ = ["pack", "unpack"]

_LENGTH: Final = 8
_CHUNK: Final = 1 << 20


class _Head(msgspec.Struct, frozen=True, array_like=True, gc=False):
    outcome: bytes
    #: Paths below the folder, with the texts of links and the sizes of files.
    links: list[tuple[str, str]]
    files: list[tuple[str, int]]


def pack(outcome: bytes, root: Path, paths: Iterable[str], target: BinaryIO) -> str:
    """Move the files at ``paths`` below ``root`` into a parcel; its SHA-256. Raises OSError."""
    links, files = [], []
    for path in paths:
        place = root / path
        if place.is_symlink():
            links.append((path, str(place.readlink())))
            place.unlink()
        else:
            files.append((path, place.stat().st_size))
    digest = hashlib.sha256()
    head = msgspec.msgpack.encode(_Head(outcome, links, files))
    for piece in (len(head).to_bytes(_LENGTH, "little"), head):
        digest.update(piece)
        target.write(piece)
    for path, _ in files:
        with (root / path).open("rb", buffering=0) as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                target.write(chunk)
        # At no time does a machine need room for both.
        (root / path).unlink()
    return digest.hexdigest()


def unpack(pieces: Iterable[bytes], digest: str, root: Path) -> bytes:
    """Put the files of a parcel into their places below ``root``, never more than a piece in memory; its outcome.

    Raises RemoteIOError where it has not this SHA-256, ConversionFailed for a file that is there, and LocalIOError.
    """
    stream = _Stream(pieces)
    length = int.from_bytes(stream.taken(_LENGTH), "little")
    try:
        head = msgspec.msgpack.decode(stream.taken(length), type=_Head)
    except msgspec.MsgspecError:
        raise stream.damage() from None
    with Staging(root) as staging:
        path = ""
        try:
            for path, text in head.links:
                cut = path.rfind("/") + 1
                with refusals_of("write", root / path):
                    os.symlink(text, path[cut:], dir_fd=staging.folder(path[:cut]))
            for path, size in head.files:
                if size <= _CHUNK:
                    staging.write(path, stream.taken(size))
                else:
                    staging.write_chunks(path, stream.chunks(size))
        except ValueError as error:
            raise ConversionFailed(
                f"The writer gave the file {shown(path)} twice, so nothing was published; report this to its author."
            ) from error
    if stream.digest() != digest:
        raise stream.damage()
    return head.outcome


class _Stream:
    """Pieces of any length, read by length and hashed."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._digest = hashlib.sha256()
        self._rest = memoryview(b"")

    def chunks(self, size: int) -> Iterator[memoryview]:
        """The next bytes as they come."""
        while size:
            if not self._rest:
                self._rest = memoryview(next(self._pieces, b""))
                self._digest.update(self._rest)
                if not self._rest:
                    raise self.damage()
            chunk, self._rest = self._rest[:size], self._rest[size:]
            size -= len(chunk)
            yield chunk

    def taken(self, size: int) -> bytes:
        """The next bytes in one."""
        return b"".join(self.chunks(size))

    def digest(self) -> str:
        """SHA-256 of all that was read, and of what nobody asked for."""
        for piece in self._pieces:
            self._digest.update(piece)
        return self._digest.hexdigest()

    @staticmethod
    def damage() -> RemoteIOError:
        return RemoteIOError(
            "A result in the storage is not what the machine that made it stored; "
            "see that nothing else writes to --ray-storage, and run it again."
        )
