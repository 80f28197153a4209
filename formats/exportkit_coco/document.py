"""A COCO file read piece by piece, so that a file of any size needs the memory of one element."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

__all__ = ["DocumentFault", "Member", "members"]

#: Largest single element, in bytes (formats, section 2.12).
ELEMENT_LIMIT = 64 << 20

_SPACE = re.compile(rb"[ \t\r\n]*")
_SCALAR = re.compile(rb"[^\s,\]}\[{\"]+")
#: What moves the nesting: whole strings are stepped over, a lone quote is a string that the buffer cuts.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["{}\[\]]', re.DOTALL)


class DocumentFault(Exception):
    """The file is no JSON object. The message names the byte offset."""


class Member(msgspec.Struct, frozen=True):
    """One member of the top-level object.

    For a list there is one with ``element`` False and ``data`` ``[]`` when it begins, then one for each
    entry with ``element`` True; any other value comes whole.
    """

    key: str
    data: bytes
    element: bool = False


def members(chunks: Iterable[bytes]) -> Iterator[Member]:
    """The members of the top-level object in file order; values are cut out, not decoded.

    Raises :class:`DocumentFault` where the structure breaks off or an element exceeds 64 MiB.
    """
    source = _Source(iter(chunks))
    source.expect(b"{")
    if source.peek() != b"}":
        while True:
            key = _key(source.value())
            source.expect(b":")
            if source.peek() == b"[":
                yield Member(key, b"[]")
                yield from (Member(key, data, element=True) for data in source.elements())
            else:
                yield Member(key, source.value())
            if source.peek() != b",":
                break
            source.expect(b",")
    source.expect(b"}")
    source.expect_end()


def _key(data: bytes) -> str:
    try:
        return msgspec.json.decode(data, type=str)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DocumentFault(f"a key of the top-level object is no text: {error}") from None


class _Source:
    """A cursor over chunks of bytes."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._buffer = b""
        self._at = 0
        self._before = 0

    def _fill(self) -> bool:
        """Drop what was read and take more, at least as much again as is left; False at the end."""
        rest = self._buffer[self._at :]
        self._before += self._at
        self._at = 0
        wanted = len(rest) or 1
        more = []
        while wanted > 0 and (chunk := next(self._chunks, b"")):
            more.append(chunk)
            wanted -= len(chunk)
        self._buffer = rest + b"".join(more)
        return bool(more)

    def fault(self, what: str) -> DocumentFault:
        return DocumentFault(f"{what} at byte {self._before + self._at}")

    def peek(self) -> bytes:
        """The next byte that is no white space, empty at the end."""
        while True:
            match = _SPACE.match(self._buffer, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at : self._at + 1]
            if not self._fill():
                return b""

    def expect(self, byte: bytes) -> None:
        if (found := self.peek()) != byte:
            raise self.fault(f"expected {byte.decode()!r}, found {found!r}")
        self._at += 1

    def expect_end(self) -> None:
        if self.peek():
            raise self.fault("text after the end of the object")

    def elements(self) -> Iterator[bytes]:
        self.expect(b"[")
        if self.peek() == b"]":
            self._at += 1
            return
        while True:
            yield self.value()
            if self.peek() != b",":
                break
            self._at += 1
        self.expect(b"]")

    def value(self) -> bytes:
        """One whole value from the cursor on."""
        first = self.peek()
        while (end := self._end_of_container() if first in b'{["' and first else self._end_of_scalar()) < 0:
            if len(self._buffer) - self._at > ELEMENT_LIMIT:
                raise self.fault("an element of more than 64 MiB begins")
            if not self._fill():
                raise self.fault("the file ends within a value that begins")
        if end == self._at:
            raise self.fault("a value is missing")
        data = self._buffer[self._at : end]
        self._at = end
        return data

    def _end_of_scalar(self) -> int:
        match = _SCALAR.match(self._buffer, self._at)
        end = match.end() if match else self._at
        return end if end < len(self._buffer) else -1

    def _end_of_container(self) -> int:
        depth = 0
        for match in _TOKEN.finditer(self._buffer, self._at):
            token = match.group()
            if token in (b"{", b"["):
                depth += 1
            elif token in (b"}", b"]"):
                depth -= 1
            elif token == b'"':
                return -1
            if depth <= 0:
                return match.end()
        return -1
