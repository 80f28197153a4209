"""Boxes of the ISO base media file format, which HEIF, AVIF and JPEG 2000 are built of (ISO/IEC 14496-12)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from exportkit.pictures.window import Window

__all__ = ["Box", "end_of_boxes", "walk_boxes"]

_MOST_BOXES: Final = 1024


class Box(NamedTuple):
    """A box by its four-byte kind; `start` is where its content begins, `end` where it ends, also past the file."""

    kind: bytes
    start: int
    end: int
    #: False where the length is left open, so that the box ends with the file.
    has_length: bool = True


def walk_boxes(window: Window, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes between two offsets; what does not look like a box ends the walk."""
    for _ in range(_MOST_BOXES):
        head = window.peek(start, 16)
        if start >= end or len(head) < 8:
            return
        length, content = int.from_bytes(head[:4], "big"), start + 8
        if length == 1 and len(head) == 16:
            length, content = int.from_bytes(head[8:], "big"), start + 16
        if length == 0:
            yield Box(head[4:8], content, end, has_length=False)
            return
        if start + length < content:
            return
        yield Box(head[4:8], content, start + length)
        start += length


def end_of_boxes(window: Window) -> int:
    """Return where the last box of the file says that it ends."""
    return max((box.end for box in walk_boxes(window, 0, window.size) if box.has_length), default=0)
