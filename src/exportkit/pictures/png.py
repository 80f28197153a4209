"""PNG, also animated (W3C PNG, third edition)."""

from __future__ import annotations

from typing import Final

from exportkit.pictures.facts import PictureHeader, PictureUnreadable
from exportkit.pictures.ifd import read_orientation
from exportkit.pictures.window import Window

__all__ = ["PNG_SIGNATURE", "is_png", "read_png"]

PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_CHANNELS: Final = {0: 1, 2: 3, 3: 3, 4: 1, 6: 4}
_MOST_CHUNKS: Final = 256


def is_png(start: bytes) -> bool:
    """Tell whether a file beginning with `start` claims to be PNG."""
    return start.startswith(PNG_SIGNATURE)


def read_png(window: Window) -> PictureHeader:
    """Read IHDR, and eXIf where it stands among the first chunks (before the pixels in what common tools write)."""
    header = window.read(8, 25)
    if header[4:8] != b"IHDR":
        raise PictureUnreadable("the PNG does not begin with its header chunk")
    bits, colour = header[16], header[17]
    return PictureHeader(
        format="png",
        stored_width=int.from_bytes(header[8:12], "big"),
        stored_height=int.from_bytes(header[12:16], "big"),
        orientation=_orientation(window),
        channels=_CHANNELS.get(colour, 3),
        bits=bits,
    )


def _orientation(window: Window) -> int:
    at = 33
    for _ in range(_MOST_CHUNKS):
        head = window.peek(at, 8)
        if head[4:] == b"eXIf":
            return read_orientation(window, at + 8)
        if len(head) < 8 or head[4:] == b"IEND":
            break
        at += 12 + int.from_bytes(head[:4], "big")
    return 1
