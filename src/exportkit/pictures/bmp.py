"""Windows and OS/2 bitmaps (BMP)."""

from __future__ import annotations

from typing import Final

from exportkit.pictures.facts import PictureHeader, PictureUnreadable
from exportkit.pictures.window import Window

__all__ = ["is_bmp", "read_bmp"]

_OLD_HEADER: Final = 12
_UNCOMPRESSED: Final = {0, 3, 6}  # BI_RGB, BI_BITFIELDS, BI_ALPHABITFIELDS
_DEPTHS: Final = {1, 2, 4, 8, 16, 24, 32, 64}


def is_bmp(start: bytes) -> bool:
    """Tell whether a file beginning with `start` claims to be BMP."""
    return start.startswith(b"BM")


def read_bmp(window: Window) -> PictureHeader:
    """Read the file header and the information header; a negative height means rows from the top."""
    header = window.peek(0, 54)
    kind = int.from_bytes(header[14:18], "little")
    if kind == _OLD_HEADER and len(header) >= 26:
        width, height, planes, depth = (int.from_bytes(header[at : at + 2], "little") for at in (18, 20, 22, 24))
        compression = 0
    elif 16 <= kind <= 1024 and len(header) >= 34:
        width, height = (int.from_bytes(header[at : at + 4], "little", signed=True) for at in (18, 22))
        planes, depth = (int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
        compression = int.from_bytes(header[30:34], "little") if kind >= 40 else 0
    else:
        raise PictureUnreadable("the BMP has no known information header")
    if planes != 1 or (depth not in _DEPTHS and compression in _UNCOMPRESSED):
        raise PictureUnreadable("the BMP declares an impossible depth")
    declared, pixels = int.from_bytes(header[2:6], "little"), int.from_bytes(header[10:14], "little")
    if compression in _UNCOMPRESSED:
        row_bytes = (abs(width) * depth + 31) // 32 * 4
        declared = max(declared, pixels + row_bytes * abs(height))
    return PictureHeader(
        format="bmp",
        stored_width=abs(width),
        stored_height=abs(height),
        channels=4 if depth == 32 and compression in {3, 6} else 3,
        bits=min(depth, 8),
        declared_end=declared,
    )
