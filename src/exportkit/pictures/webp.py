"""WebP: lossy, lossless and extended (RFC 9649)."""

from __future__ import annotations

from typing import Final

from exportkit.pictures.facts import PictureHeader, PictureUnreadable
from exportkit.pictures.ifd import read_orientation
from exportkit.pictures.window import Window

__all__ = ["is_webp", "read_webp"]

_MOST_CHUNKS: Final = 256
_HAS_ALPHA, _HAS_EXIF = 0x10, 0x08


def is_webp(start: bytes) -> bool:
    """Tell whether a file beginning with `start` claims to be WebP."""
    return start.startswith(b"RIFF") and start[8:12] == b"WEBP"


def read_webp(window: Window) -> PictureHeader:
    """Read the first chunk, and the EXIF chunk where the extended header announces one."""
    declared_end = 8 + window.number(4, 4, "little")
    kind = window.read(12, 4)
    orientation = 1
    if kind == b"VP8X":
        flags = window.number(20, 1)
        width, height = (1 + window.number(at, 3, "little") for at in (24, 27))
        alpha = bool(flags & _HAS_ALPHA)
        if flags & _HAS_EXIF:
            orientation = _orientation(window, declared_end)
    elif kind == b"VP8L":
        if window.number(20, 1) != 0x2F:
            raise PictureUnreadable("the lossless WebP has no valid beginning")
        packed = window.number(21, 4, "little")
        width, height = 1 + (packed & 0x3FFF), 1 + (packed >> 14 & 0x3FFF)
        alpha = bool(packed >> 28 & 1)
    elif kind == b"VP8 ":
        if window.read(23, 3) != b"\x9d\x01\x2a":
            raise PictureUnreadable("the lossy WebP has no valid beginning")
        width, height = (window.number(at, 2, "little") & 0x3FFF for at in (26, 28))
        alpha = False
    else:
        raise PictureUnreadable("the WebP begins with an unknown chunk")
    return PictureHeader(
        format="webp",
        stored_width=width,
        stored_height=height,
        orientation=orientation,
        channels=4 if alpha else 3,
        declared_end=declared_end,
    )


def _orientation(window: Window, end: int) -> int:
    at = 12
    for _ in range(_MOST_CHUNKS):
        head = window.peek(at, 8)
        if len(head) < 8 or at >= end:
            break
        if head[:4] == b"EXIF":
            return read_orientation(window, at + 8)
        length = int.from_bytes(head[4:], "little")
        at += 8 + length + length % 2
    return 1
