"""The area of an object, and whether a declared one may stand."""

from __future__ import annotations

from typing import Any

from exportkit.records.box import Box, RotatedBox
from exportkit.records.mask import Mask
from exportkit.records.numbers import Number
from exportkit.records.polygon import Polygon
from exportkit.records.ring import Ring, plain_area

__all__ = ["area_of", "is_near"]

#: How far a declared area may be from the computed one (formats, section 1.2).
_TOLERANCE = 0.01
#: Rings of up to so many points are always tested for self-crossing; a longer one only if its declared area
#: differs from the shoelace's. An area that agrees is the object's by its source's own account, and
#: the test costs ten times as much as reading the ring.
_ALWAYS_TESTED = 8
#: No area comes near to this; an integer may be so long that no float can hold it.
_BEYOND = 1e30
#: Distances from an area, as shares of the tolerance, between which float noise could tip the scales.
_ALMOST, _BARELY = 0.999, 1.001


def area_of(geometry: Box | RotatedBox | Polygon | Mask) -> Number:
    """Compute the area in square pixels (formats, section 1.2)."""
    return geometry.pixel_count() if isinstance(geometry, Mask) else geometry.area()


def is_near(declared: Any, geometry: Box | RotatedBox | Polygon | Mask) -> bool:
    """True if ``declared``, any JSON value, is a number within 1 % of the exact or the covered-pixel area."""
    if type(declared) not in (int, float) or not 0 < declared < _BEYOND:
        return False
    if not isinstance(geometry, Polygon):
        return _within(declared, area_of(geometry))
    measures = geometry.measures
    shoelace = measures[4] if measures is not None else geometry.shoelace_area()
    if measures is not None and _ALMOST <= abs(declared - shoelace) / (_TOLERANCE * shoelace) <= _BARELY:
        # Where the last digits decide, the measured area is too coarse.
        shoelace = sum([plain_area(part.outer) for part in geometry.parts])
    near = _within(declared, shoelace)
    if near and _is_long(geometry):
        return True
    if geometry.crosses_itself:
        return _within(declared, geometry.pixel_count())
    if near:
        return True
    return _may_be_pixels(declared, shoelace, geometry) and _within(declared, geometry.pixel_count())


def _is_long(polygon: Polygon) -> bool:
    if polygon.least_points:
        return polygon.least_points > _ALWAYS_TESTED
    most = 2 * _ALWAYS_TESTED
    for part in polygon.parts:
        if len(part.outer) <= most or (part.holes and min(map(len, part.holes)) <= most):
            return False
    return True


def _within(declared: Number, area: Number) -> bool:
    return abs(declared - area) <= _TOLERANCE * area


def _may_be_pixels(declared: Number, area: Number, polygon: Polygon) -> bool:
    """Only pixels that an edge meets can make the two areas differ, so the outline's length bounds their distance."""
    met = sum(_met_pixels(ring) for ring in polygon.rings)
    return abs(declared - area) <= met + _TOLERANCE * (area + met)


def _met_pixels(ring: Ring) -> Number:
    xs, ys = ring[0::2], ring[1::2]
    ends = zip(xs, ys, xs[1:] + xs[:1], ys[1:] + ys[:1], strict=True)
    return sum(abs(bx - ax) + abs(by - ay) + 3 for ax, ay, bx, by in ends)
