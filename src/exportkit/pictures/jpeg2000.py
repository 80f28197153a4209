"""JPEG 2000: JP2 files and raw codestreams (ITU-T T.800)."""

from __future__ import annotations

from typing import Final

from exportkit.pictures.boxes import end_of_boxes, walk_boxes
from exportkit.pictures.facts import PictureHeader, PictureUnreadable
from exportkit.pictures.window import Window

__all__ = ["CODESTREAM_START", "is_jpeg2000", "read_jpeg2000"]

CODESTREAM_START: Final = b"\xff\x4f\xff\x51"
_FILE_START: Final = b"\0\0\0\x0cjP  \r\n\x87\n"


def is_jpeg2000(start: bytes) -> bool:
    """Tell whether a file beginning with `start` claims to be JPEG 2000."""
    return start.startswith((CODESTREAM_START, _FILE_START))


def read_jpeg2000(window: Window) -> PictureHeader:
    """Read the image header box of a file, or the size marker of a codestream."""
    if window.read(0, 4) == CODESTREAM_START:
        return _read_codestream(window)
    for box in walk_boxes(window, 0, window.size):
        if box.kind == b"jp2h":
            inside = {inner.kind: inner for inner in walk_boxes(window, box.start, box.end)}
            break
    else:
        inside = {}
    if b"ihdr" not in inside:
        raise PictureUnreadable("the JPEG 2000 file has no image header")
    start = inside[b"ihdr"].start
    components, depth = window.number(start + 8, 2), window.number(start + 10, 1)
    return PictureHeader(
        format="jp2",
        stored_width=window.number(start + 4, 4),
        stored_height=window.number(start, 4),
        channels=3 if b"pclr" in inside else _channels(components),
        bits=0 if depth == 0xFF else (depth & 0x7F) + 1,
        declared_end=end_of_boxes(window),
    )


def _read_codestream(window: Window) -> PictureHeader:
    right, bottom, left, top = (window.number(at, 4) for at in (8, 12, 16, 20))
    if left >= right or top >= bottom:
        raise PictureUnreadable("the JPEG 2000 codestream declares an empty picture")
    return PictureHeader(
        format="jp2",
        stored_width=right - left,
        stored_height=bottom - top,
        channels=_channels(window.number(40, 2)),
        bits=(window.number(42, 1) & 0x7F) + 1,
        declared_end=45,  # the size marker and an end marker; the length itself stands nowhere
    )


def _channels(components: int) -> int:
    return {1: 1, 2: 1, 4: 4}.get(components, 3)
