"""The portable pixmaps of Netpbm: PBM, PGM, PPM and PAM (P1 to P7)."""

from __future__ import annotations

import re
from typing import Final

from exportkit.pictures.facts import PictureHeader, PictureUnreadable
from exportkit.pictures.window import Window

__all__ = ["is_pnm", "read_pnm"]

_LONGEST_HEADER: Final = 4096
_BITMAPS, _COLOURS, _PLAIN = frozenset({b"P1", b"P4"}), frozenset({b"P3", b"P6"}), frozenset({b"P1", b"P2", b"P3"})
_BLANK: Final = rb"(?:\s|#[^\n\r]*[\n\r])"
_BITMAP_HEADER: Final = re.compile(rb"P[14]%b+(\d{1,9})%b+(\d{1,9})\s" % (_BLANK, _BLANK))
_PIXMAP_HEADER: Final = re.compile(rb"P[2356]%b+(\d{1,9})%b+(\d{1,9})%b+(\d{1,5})\s" % (_BLANK, _BLANK, _BLANK))
_ANY_MAP_LINE: Final = re.compile(rb"^(WIDTH|HEIGHT|DEPTH|MAXVAL)[ \t]+(\d{1,9})[ \t\r]*$", re.MULTILINE)


def is_pnm(start: bytes) -> bool:
    """Tell whether a file beginning with `start` claims to be a portable pixmap."""
    return start[:1] == b"P" and start[1:2] in b"1234567" and start[2:3] in b" \t\r\n\v\f#"


def read_pnm(window: Window) -> PictureHeader:
    """Read the header in text; comments are allowed between its numbers."""
    text = window.peek(0, _LONGEST_HEADER)
    kind = text[:2]
    if kind == b"P7":
        width, height, depth, largest, data = _read_any_map(text)
    else:
        found = (_BITMAP_HEADER if kind in _BITMAPS else _PIXMAP_HEADER).match(text)
        if found is None:
            raise PictureUnreadable("the portable pixmap has no valid header")
        width, height = int(found[1]), int(found[2])
        largest = 1 if kind in _BITMAPS else int(found[3])
        depth, data = 3 if kind in _COLOURS else 1, found.end()
    row_bytes = (width + 7) // 8 if kind == b"P4" else width * depth * (2 if largest > 255 else 1)
    return PictureHeader(
        format="pnm",
        stored_width=width,
        stored_height=height,
        channels={1: 1, 2: 1, 4: 4}.get(depth, 3),
        bits=largest.bit_length(),
        declared_end=0 if kind in _PLAIN else data + row_bytes * height,
    )


def _read_any_map(text: bytes) -> tuple[int, int, int, int, int]:
    header, end, _ = text.partition(b"ENDHDR\n")
    values = {key: int(value) for key, value in _ANY_MAP_LINE.findall(header)}
    if not end or len(values) < 4:
        raise PictureUnreadable("the portable arbitrary map has no valid header")
    size = values[b"WIDTH"], values[b"HEIGHT"], values[b"DEPTH"], values[b"MAXVAL"]
    return *size, len(header) + len(end)
