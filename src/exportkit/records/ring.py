"""One closed ring of points: the outline or a hole of a polygon."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum
from operator import mul
from typing import Any

from exportkit.errors import AnnotationFault
from exportkit.records.crossings import Meeting, even_odd_area, meeting
from exportkit.records.numbers import COORDINATE_LIMIT, EPS, Number, check_number

__all__ = [
    "Measures",
    "Ring",
    "bounds_of",
    "crosses_itself",
    "is_flat",
    "judged_ring",
    "measured",
    "signed_area",
    "without_repeats",
]

#: ``(x1, y1, x2, y2, …)`` in pixels, not closed by a repeated point, no equal neighbours.
Ring = tuple[Number, ...]

#: Bounds ``x0, y0, x1, y1`` and area of a ring.
Measures = tuple[Number, Number, Number, Number, float]

#: A shoelace area below this is too near to zero for plain floats to judge, in square pixels.
_DOUBTFUL_AREA = 0.01


def measured(ring: Ring) -> Measures | None:
    """Prove in a few fast passes that a ring of finite numbers needs no care, and measure it; else None.

    Clean: numbers in range, at least 3 points, all different, some area. The area is the shoelace's in plain
    arithmetic, good to about 1e-3.
    """
    xs, ys = ring[0::2], ring[1::2]
    count = len(ys)
    if count < 3 or len(xs) != count:
        return None
    # Different x, or different y, prove different points at a third of the cost of looking at both.
    if len(set(xs)) != count and len(set(ys)) != count and len(set(zip(xs, ys))) != count:  # noqa: B905 - equal lengths
        return None
    x0, y0, x1, y1 = min(xs), min(ys), max(xs), max(ys)
    if x0 < -COORDINATE_LIMIT or y0 < -COORDINATE_LIMIT or x1 > COORDINATE_LIMIT or y1 > COORDINATE_LIMIT:
        return None
    area = abs(sum(map(mul, xs, ys[1:])) - sum(map(mul, ys, xs[1:])) + xs[-1] * ys[0] - ys[-1] * xs[0]) / 2
    return (x0, y0, x1, y1, area) if area > _DOUBTFUL_AREA else None


def judged_ring(values: Sequence[Any], json_path: str) -> Ring:
    """Judge a flat list of source values; a closing point and equal neighbours are removed (section 2.6).

    Raises AnnotationFault with a number's code, ``E_POLYGON_ODD``, ``E_POLYGON_POINTS`` or
    ``E_POLYGON_ZERO_AREA``.
    """
    for index, value in enumerate(values):
        check_number(value, f"{json_path}[{index}]")
    if len(values) % 2:
        raise AnnotationFault(
            "E_POLYGON_ODD", f"A ring has {len(values)} numbers; give an x and a y for each point.", json_path
        )
    ring = without_repeats(values)
    if len(set(zip(ring[0::2], ring[1::2], strict=True))) < 3:
        raise AnnotationFault(
            "E_POLYGON_POINTS", "A ring has fewer than 3 distinct points; give a box or more points.", json_path
        )
    if is_flat(ring):
        raise AnnotationFault("E_POLYGON_ZERO_AREA", "A ring covers no area; draw it around something.", json_path)
    return ring


def without_repeats(values: Sequence[Number]) -> Ring:
    """Remove the closing point and equal neighbours."""
    kept: list[Number] = []
    for x, y in zip(values[0::2], values[1::2], strict=True):
        if not kept or x != kept[-2] or y != kept[-1]:
            kept += (x, y)
    while len(kept) > 2 and kept[0] == kept[-2] and kept[1] == kept[-1]:
        del kept[-2:]
    return tuple(kept)


def bounds_of(ring: Ring) -> tuple[Number, Number, Number, Number]:
    """Return ``(x0, y0, x1, y1)`` of the points, unrounded."""
    xs, ys = ring[0::2], ring[1::2]
    return min(xs), min(ys), max(xs), max(ys)


def signed_area(ring: Ring) -> Number:
    """Shoelace area in square pixels, positive if clockwise on screen; exact for ints, else to float accuracy."""
    xs, ys = ring[0::2], ring[1::2]
    left, top = min(xs), min(ys)
    xs, ys = tuple([x - left for x in xs]), tuple([y - top for y in ys])
    products = [*map(mul, xs, ys[1:]), xs[-1] * ys[0]]
    products += [-product for product in map(mul, ys, xs[1:])]
    products.append(-ys[-1] * xs[0])
    return fsum(products) / 2


def is_flat(ring: Ring) -> bool:
    """True if the even-odd area is below EPS² (formats, section 2.6)."""
    if _has_distinct_points(ring) and abs(signed_area(ring)) >= EPS * EPS:
        return False
    return meeting((ring,)) != Meeting.CROSSING and even_odd_area((ring,)) < EPS * EPS


def crosses_itself(ring: Ring) -> bool:
    """True if the ring passes through itself, so that its shoelace area is not its even-odd area.

    Touching at a point or running along itself, as seams and pixel contours do, is no crossing unless some
    area is enclosed twice or backwards.
    """
    how = meeting((ring,))
    if how != Meeting.TOUCHING:
        return how == Meeting.CROSSING
    area = abs(signed_area(ring))
    return abs(even_odd_area((ring,)) - area) > 1e-6 * max(area, 1)


def _has_distinct_points(ring: Ring) -> bool:
    return 2 * len(set(zip(ring[0::2], ring[1::2], strict=True))) == len(ring)
