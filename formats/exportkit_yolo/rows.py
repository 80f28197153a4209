"""Rows of label files: one object as a line of normalised numbers (formats, section 5.2)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from exportkit.records import Box, Polygon
from exportkit.records.seams import join_rings
from exportkit_yolo.options import YoloOptions

__all__ = ["PRINTS_AS_ZERO", "box_form", "box_outline", "box_row", "grown_outline", "outline_row", "outlines"]

#: At or below this a fraction prints as 0.000000, which a trainer takes for no box.
PRINTS_AS_ZERO = 5e-7
#: Smallest side that six decimals can hold, as a fraction of the picture.
_SMALLEST_SIDE = 1e-6


def box_form(index: int) -> bytes:
    """``c cx cy w h`` of a class, to be formatted with four fractions."""
    return b"%d %%.6f %%.6f %%.6f %%.6f" % index


def box_row(index: int, box: Box, width: int, height: int) -> tuple[bytes, bool]:
    """``c cx cy w h`` in fractions of the picture, and whether a side was grown to be visible."""
    cx, cy, w, h = box.to_cxcywh_normalized(width, height)
    grown = w <= PRINTS_AS_ZERO or h <= PRINTS_AS_ZERO
    if grown:
        w, h = max(w, _SMALLEST_SIDE), max(h, _SMALLEST_SIDE)
    return box_form(index) % (cx, cy, w, h), grown


def box_outline(box: Box) -> tuple[float, ...]:
    """The four corners of a box in pixels, clockwise on screen from the top left."""
    x0, y0, x1, y1 = box.to_xyxy()
    return x0, y0, x1, y0, x1, y1, x0, y1


def grown_outline(ring: Sequence[float], width: int, height: int) -> Sequence[float] | None:
    """The ring with each side that six decimals would lose one unit wide, inside the picture; None if there is none."""
    grown = None
    for place, limit in ((0, width), (1, height)):
        values = ring[place::2]
        low, high = min(values), max(values)
        if high - low > _SMALLEST_SIDE * limit or b"%.6f" % (low / limit) != b"%.6f" % (high / limit):
            continue
        start = min(round(low / limit, 6), 1 - _SMALLEST_SIDE)
        sides, middle = (start * limit, (start + _SMALLEST_SIDE) * limit), (low + high) / 2
        grown = list(ring) if grown is None else grown
        grown[place::2] = [sides[value > middle] for value in values]
    return grown


def outline_row(index: int, ring: Sequence[float], width: int, height: int) -> bytes:
    """``c x1 y1 … xn yn`` of a flat ring in pixels, in fractions of the ``width`` × ``height`` picture."""
    values = [0.0] * len(ring)
    values[::2] = [x / width for x in ring[::2]]
    values[1::2] = [y / height for y in ring[1::2]]
    return _form(len(ring)) % (index, *values)


@lru_cache(maxsize=1024)
def _form(numbers: int) -> bytes:
    return b"%d" + b" %.6f" * numbers


def outlines(polygon: Polygon, options: YoloOptions) -> tuple[list[Sequence[float]], tuple[str, ...]]:
    """The rings, one a row, that stand for a polygon, and the codes of what that cost.

    Holes are bridged or dropped and parts joined or split as the options say (formats, section 5.0).
    """
    codes: list[str] = []
    rings: list[Sequence[float]] = [part.outer for part in polygon.parts]
    if any(part.holes for part in polygon.parts):
        bridge = options.holes == "bridge"
        codes.append("L_HOLES_BRIDGED" if bridge else "L_HOLES_DROPPED")
        if bridge:
            rings = [join_rings(part.outer, part.holes) if part.holes else part.outer for part in polygon.parts]
    if len(rings) > 1:
        split = options.parts == "split"
        codes.append("L_PARTS_SPLIT" if split else "L_PARTS_JOINED")
        if not split:
            rings = [join_rings(rings[0], rings[1:])]
    return rings, tuple(codes)
