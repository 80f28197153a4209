"""Walking through a file that arrives in chunks.

A walk is a generator that yields requests (`Take`, `Skip` …), receives the answer to each, and returns the reason
why the file is damaged, or None. It reads like code over a whole file, holds a few bytes, and never sees where one
chunk ends and the next begins.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Generator
from typing import Any, Final, Protocol

__all__ = ["Checksum", "NextMarker", "Request", "Skip", "SubBlocks", "Take", "Walk"]

_MARKER: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")


class Request(Protocol):
    """Something a walk waits for."""

    done: bool
    answer: Any

    def feed(self, chunk: bytes | memoryview, at: int) -> int:
        """Use bytes of `chunk` from `at` on and return the offset behind them; `done` tells that it was enough."""


Walk = Generator[Request, Any, str | None]


class Take:
    """The next few bytes; the answer is their value."""

    def __init__(self, length: int) -> None:
        self._length = length
        self.answer = b""
        self.done = length == 0

    def feed(self, chunk: bytes | memoryview, at: int) -> int:
        end = at + self._length - len(self.answer)
        self.answer += chunk[at:end]
        self.done = len(self.answer) == self._length
        return min(end, len(chunk))


class Skip:
    """Any number of bytes that do not matter."""

    answer = None

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = length == 0

    def feed(self, chunk: bytes | memoryview, at: int) -> int:
        end = min(at + self._left, len(chunk))
        self._left -= end - at
        self.done = self._left == 0
        return end


class Checksum:
    """Any number of bytes of which the CRC-32 is wanted, continued from `start`; the answer is the CRC."""

    def __init__(self, length: int, start: int) -> None:
        self._left = length
        self.answer = start
        self.done = length == 0

    def feed(self, chunk: bytes | memoryview, at: int) -> int:
        end = min(at + self._left, len(chunk))
        self.answer = zlib.crc32(memoryview(chunk)[at:end], self.answer)
        self._left -= end - at
        self.done = self._left == 0
        return end


class NextMarker:
    """Everything up to the next JPEG marker but restarts; the answer is its code. Entropy-coded data escape 0xFF."""

    def __init__(self) -> None:
        self._half = False
        self.answer = 0
        self.done = False

    def feed(self, chunk: bytes | memoryview, at: int) -> int:
        if self._half and _MARKER.match(b"\xff" + chunk[at : at + 1]):
            return self._found(chunk[at], at + 1)
        found = _MARKER.search(chunk, at)
        if found is not None:
            return self._found(chunk[found.end() - 1], found.end())
        self._half = chunk[-1] == 0xFF
        return len(chunk)

    def _found(self, code: int, end: int) -> int:
        self.answer = code
        self.done = True
        return end


class SubBlocks:
    """A chain of GIF data blocks up to its empty one."""

    answer = None

    def __init__(self) -> None:
        self._left = 0
        self.done = False

    def feed(self, chunk: bytes | memoryview, at: int) -> int:
        at += self._left
        while at < len(chunk):
            size = chunk[at]
            at += 1
            if size == 0:
                self.done = True
                return at
            at += size
        self._left = at - len(chunk)
        return len(chunk)
