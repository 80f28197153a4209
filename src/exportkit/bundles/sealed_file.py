"""A file that has its name only once it is whole and on the disk."""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import suppress
from io import BufferedRandom, BytesIO, FileIO
from pathlib import Path
from typing import BinaryIO, Final

from exportkit.bundles.compression import packing
from exportkit.bundles.part import Encoding
from exportkit.storage.refusals import refusals_of
from exportkit.storage.sync import sync_directory

__all__ = ["SealedFile", "store"]

#: Lines of annotated pictures are kilobytes long.
_BUFFER: Final = 1 << 18


class SealedFile:
    """Written under a temporary name beside its own; :meth:`seal` syncs it and gives it its name.

    :meth:`finish` gives the name at once: for a file that dies with the process.
    """

    def __init__(self, path: Path, encoding: Encoding | None = None) -> None:
        """Make the folders of `path` and begin. Raises LocalIOError."""
        self.path = path
        #: Bytes written so far, before packing.
        self.length = 0
        self._temporary = path.with_name(f".{path.name[:200]}.part")
        with refusals_of("write", path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = BufferedRandom(FileIO(self._temporary, "w+b"), _BUFFER)
            self._packed: BinaryIO = packing(self._file, encoding) if encoding else self._file

    def write(self, content: bytes) -> None:
        """Append. Raises LocalIOError."""
        try:
            self._packed.write(content)
        except OSError:  # a guard around every line of a bundle would take longer than the writing
            with refusals_of("write", self.path):
                raise
        self.length += len(content)

    def seal(self) -> tuple[int, str]:
        """Give the file its name; return its size in bytes and its SHA-256, as stored. Raises LocalIOError."""
        with refusals_of("write", self.path):
            size = self._complete()
            os.fsync(self._file.fileno())
            self._file.seek(0)
            digest = hashlib.file_digest(self._file, "sha256").hexdigest()
            self._file.close()
            self._temporary.replace(self.path)
            sync_directory(self.path.parent)
        return size, digest

    def finish(self) -> int:
        """Give the file its name, and leave it to the system when its bytes reach the disk; return its size in bytes.

        Raises LocalIOError.
        """
        with refusals_of("write", self.path):
            size = self._complete()
            self._file.close()
            self._temporary.replace(self.path)
        return size

    def _complete(self) -> int:
        """Hand all bytes to the system; return how many there are."""
        if self._packed is not self._file:
            self._packed.close()
        self._file.flush()
        return self._file.tell()

    def discard(self) -> None:
        """Remove what was written, as far as the machine allows; for use while another error is on its way."""
        with suppress(OSError):
            self._packed.close()
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._temporary.unlink()


def store(path: Path, content: bytes | BinaryIO) -> tuple[int, str]:
    """Store a whole file; return its size in bytes and its SHA-256. Raises LocalIOError."""
    file = SealedFile(path)
    source = BytesIO(content) if isinstance(content, bytes) else content
    try:
        shutil.copyfileobj(source, file, 1 << 20)
        return file.seal()
    except BaseException:
        file.discard()
        raise
