"""Is a picture's file whole? Found without decoding a pixel."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from typing import Final

from exportkit.native import core
from exportkit.pictures.facts import PictureHeader, PictureUnreadable
from exportkit.pictures.jpeg2000 import CODESTREAM_START
from exportkit.pictures.png import PNG_SIGNATURE
from exportkit.pictures.stream import Checksum, NextMarker, Request, Skip, SubBlocks, Take, Walk

# Tells the commonest case at once: a JPEG that is whole within one chunk.
_whole_jpeg: Final = core.whole_jpeg if core is not None else None

__all__ = ["WALKED", "StructureCheck", "check_structure", "ends_as_jpeg", "is_whole", "jpeg_end_is_last"]

_CHUNK: Final = 1 << 20
_JPEG_START, _GIF_START = b"\xff\xd8", b"GIF"
_JPEG_ALONE: Final = frozenset({*range(0x01, 0xC0), 0xD8})  # without a length: reserved codes, start of image
_JPEG_SCAN, _JPEG_END = 0xDA, 0xD9
_GIF_EXTENSION, _GIF_IMAGE, _GIF_TRAILER = 0x21, 0x2C, 0x3B


class StructureCheck:
    """Whether the structure of a picture is complete, told while its bytes pass by (formats, section 2.10).

    A PNG is walked chunk by chunk with its checksums, a JPEG and a GIF to their end markers; other formats must be as
    long as their headers declare. Bytes behind the end are nobody's business here.
    """

    def __init__(self, form: str, declared_end: int = 0) -> None:
        """``form`` is the format that a header told, ``declared_end`` the least size in bytes that it demands."""
        self._declared_end = declared_end
        self._size = 0
        self._start = self._tail = b""
        walk = _WALKS.get(form)
        self._is_jpeg = walk is _walk_jpeg
        self._walk = walk() if walk is not None else None
        self._request: Request | None = next(self._walk) if self._walk is not None else None
        self._reason: str | None = None

    @property
    def needs_content(self) -> bool:
        """False once the bytes still to come cannot change the finding, but for their number."""
        return self._request is not None

    def feed(self, chunk: bytes | memoryview) -> None:
        """Take the next bytes of the file, in order; nothing of them is kept."""
        if self._size == 0 and self._is_jpeg and _whole_jpeg is not None and _whole_jpeg(chunk):
            self._request = None
        self._size += len(chunk)
        if len(self._start) < len(CODESTREAM_START):
            self._start += chunk[: len(CODESTREAM_START)]
        self._tail = (self._tail + chunk[-2:])[-2:]
        at = 0
        while self._request is not None and at < len(chunk):
            at = self._request.feed(chunk, at)
            while self._request is not None and self._request.done:
                self._request = self._next(self._request)

    def finish(self) -> str | None:
        """Return why the picture is cut or damaged, or None, after the last byte was fed."""
        if self._request is not None:
            return "the file ends before the end of its picture"
        if self._reason is None and self._start.startswith(CODESTREAM_START) and self._tail != b"\xff\xd9":
            return "the codestream has no end marker"
        return self._reason or _judge_size(self._declared_end, self._size)

    def _next(self, served: Request) -> Request | None:
        assert self._walk is not None  # noqa: S101 - only a walk makes requests
        try:
            return self._walk.send(served.answer)
        except StopIteration as end:
            self._reason = end.value
            return None


def is_whole(form: str, content: memoryview) -> bool:
    """Whether the content is that of a picture with a complete structure, where that is told without its header.

    False also for formats that are not among :data:`WALKED`; ``form`` is the format that a header told.
    """
    if form not in WALKED:
        return False
    if _WALKS[form] is _walk_jpeg and _whole_jpeg is not None and _whole_jpeg(content):
        return True
    check = StructureCheck(form)
    check.feed(content)
    return check.finish() is None


def check_structure(descriptor: int, header: PictureHeader) -> str | None:
    """Return why the open picture is cut or damaged, or None; its position stays where it is.

    Raises PictureUnreadable when the file cannot be read to its end.
    """
    check = StructureCheck(header.format, header.declared_end)
    offset = 0
    try:
        while chunk := os.pread(descriptor, _CHUNK, offset):
            check.feed(chunk)
            offset += len(chunk)
    except OSError as error:
        raise PictureUnreadable(f"the file could not be read: {error.strerror}") from error
    return check.finish()


def jpeg_end_is_last(descriptor: int) -> bool:
    """Tell whether the file ends with the JPEG end marker.

    Ultralytics rewrites a JPEG in place where it does not (its `verify_image` reads the last two bytes).
    """
    size = os.fstat(descriptor).st_size
    return size >= 2 and os.pread(descriptor, 2, size - 2) == b"\xff\xd9"


def ends_as_jpeg(content: memoryview) -> bool:
    """Tell as much of a JPEG's content: whether its first and last markers are where all readers look for them."""
    return bytes(content[:3]) == b"\xff\xd8\xff" and bytes(content[-2:]) == b"\xff\xd9"


def _judge_size(declared_end: int, size: int) -> str | None:
    if declared_end <= size:
        return None
    return f"the header declares {declared_end} bytes, the file has {size}"


def _walk_png() -> Walk:
    if (yield Take(len(PNG_SIGNATURE))) != PNG_SIGNATURE:
        return "the PNG signature is damaged"
    while True:
        head = yield Take(8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if length >> 31 or not kind.isalpha():
            return "a PNG chunk has an impossible beginning"
        crc = yield Checksum(length, zlib.crc32(kind))
        if crc != int.from_bytes((yield Take(4)), "big"):
            return f"the checksum of the PNG chunk {kind.decode()} is wrong"
        if kind == b"IEND":
            return None


def _walk_jpeg() -> Walk:
    if (yield Take(len(_JPEG_START))) != _JPEG_START:
        return "the JPEG signature is damaged"
    has_scan = False
    while True:
        marker = yield NextMarker()
        if marker == _JPEG_END:
            return None if has_scan else "the JPEG ends before its first scan"
        if marker not in _JPEG_ALONE:
            length = int.from_bytes((yield Take(2)), "big")
            if length < 2:
                return "a JPEG segment has an impossible length"
            yield Skip(length - 2)
        has_scan = has_scan or marker == _JPEG_SCAN


def _walk_gif() -> Walk:
    screen = yield Take(13)
    if not screen.startswith(_GIF_START):
        return "the GIF signature is damaged"
    yield Skip(_colour_table_bytes(screen[10]))
    while True:
        kind = (yield Take(1))[0]
        if kind == _GIF_TRAILER:
            return None
        if kind == _GIF_IMAGE:
            image = yield Take(9)
            yield Skip(_colour_table_bytes(image[8]) + 1)  # and the code size
            yield SubBlocks()
        elif kind == _GIF_EXTENSION:
            yield Skip(1)
            yield SubBlocks()
        elif kind != 0:  # readers pass over stray zeros between blocks
            return "a GIF block has an impossible beginning"


def _colour_table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


_WALKS: Final[dict[str, Callable[[], Walk]]] = {
    "jpg": _walk_jpeg,
    "mpo": _walk_jpeg,
    "png": _walk_png,
    "gif": _walk_gif,
}
#: Formats that are walked: their completeness is told without a header.
WALKED: Final = frozenset(_WALKS)
