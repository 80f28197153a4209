"""Bounded reading of a picture's bytes, wherever in the file they stand."""

from __future__ import annotations

import os
from typing import Final

from exportkit.pictures.facts import PictureUnreadable

__all__ = ["Window"]

_BUDGET: Final = 256 * 1024
_FIRST_BLOCK: Final = 8 * 1024
_BLOCK: Final = 512


class Window:
    """A file descriptor, or bytes, seen through reads of at most 256 KiB in all (formats, section 1.4).

    The position of the descriptor is neither used nor moved. `size` is that of the file in bytes.
    """

    def __init__(self, source: int | bytes | memoryview) -> None:
        self._source = source
        self._budget = _BUDGET
        self._block = b""
        self._block_start = 0
        try:
            self.size: Final = os.fstat(source).st_size if isinstance(source, int) else len(source)
        except OSError as error:
            raise PictureUnreadable(f"the file could not be read: {error.strerror}") from error

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes from `offset`; PictureUnreadable when the file or the budget ends before."""
        found = self.peek(offset, length)
        if len(found) < length:
            raise PictureUnreadable("the file ends inside its header")
        return found

    def peek(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`, fewer only at the end of the file."""
        start = offset - self._block_start
        if start < 0 or start + length > len(self._block):
            self._load(offset, length)
            start = 0
        return self._block[start : start + length]

    def number(self, offset: int, length: int, order: str = "big") -> int:
        """Return the unsigned integer of `length` bytes at `offset`; `order` is "big" or "little"."""
        return int.from_bytes(self.read(offset, length), "little" if order == "little" else "big")

    def _load(self, offset: int, length: int) -> None:
        if offset >= self.size:
            self._block, self._block_start = b"", offset
            return
        wanted = min(max(length, _BLOCK if self._block else _FIRST_BLOCK), self.size - offset)
        self._budget -= wanted
        if self._budget < 0:
            raise PictureUnreadable("the header is spread over more than 256 KiB")
        if not isinstance(self._source, int):
            self._block = bytes(self._source[offset : offset + wanted])
        else:
            try:
                self._block = os.pread(self._source, wanted, offset)
            except (OSError, OverflowError) as error:
                raise PictureUnreadable("the file could not be read") from error
        self._block_start = offset
