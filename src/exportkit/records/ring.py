"""One closed ring of points: the outline or a hole of a polygon."""

from __future__ import annotations

from collections.abc import Sequence
from math import dist, fsum
from operator import eq, gt, mul, sub
from typing import Any

from exportkit.errors import AnnotationFault
from exportkit.records.crossings import Meeting, even_odd_area, meeting
from exportkit.records.numbers import COORDINATE_LIMIT, EPS, Number, check_number

__all__ = [
    "Measures",
    "Ring",
    "are_in_range",
    "bounds_of",
    "crosses_itself",
    "is_flat",
    "judged_ring",
    "measured",
    "plain_area",
    "signed_area",
    "without_repeats",
]

#: ``(x1, y1, x2, y2, …)`` in pixels, not closed by a repeated point, no equal neighbours.
Ring = tuple[Number, ...]

#: Bounds ``x0, y0, x1, y1`` and shoelace area of a ring; the area is good to a millionth part.
Measures = tuple[Number, Number, Number, Number, float]

#: A shoelace area below this is too near to zero for plain floats to judge, in square pixels.
_DOUBTFUL_AREA = 0.01
#: Share of the squared distance of :func:`measured` below which float noise is no longer small beside an area.
_NOISE = 1e-9
_NUMBER_TYPES = frozenset({int, float})


def measured(ring: Ring) -> Measures | None:
    """Prove in a few fast passes that a ring of finite numbers needs no care, and measure it; else None.

    Clean: numbers in range, at least 3 points, all different, some area.
    """
    xs, ys = ring[0::2], ring[1::2]
    count = len(ys)
    if count < 3 or len(xs) != count:
        return None
    # Sorting gives both bounds and lets equal values meet at less cost than looking for any of the three.
    across, down = sorted(xs), sorted(ys)
    x0, y0, x1, y1 = across[0], down[0], across[-1], down[-1]
    if x0 < -COORDINATE_LIMIT or y0 < -COORDINATE_LIMIT or x1 > COORDINATE_LIMIT or y1 > COORDINATE_LIMIT:
        return None
    # Different x, or different y, prove different points at a third of the cost of looking at both.
    if any(map(eq, across, across[1:])) and any(map(eq, down, down[1:])) and len(set(zip(xs, ys))) != count:  # noqa: B905 - equal lengths
        return None
    # Sum of (x_i - y_j)^2 minus sum of (x_j - y_i)^2, j the point after i, is four times the area, since the squares
    # of single numbers cancel out; `dist` takes each sum in one call.
    one, other = dist(xs, ys[1:] + ys[:1]), dist(ys, xs[1:] + xs[:1])
    area = abs(one - other) * (one + other) / 4
    if not (area > _DOUBTFUL_AREA and area > _NOISE * one * one):
        area = plain_area(ring)
    return (x0, y0, x1, y1, area) if area > _DOUBTFUL_AREA else None


def plain_area(ring: Ring) -> float:
    """Shoelace area in plain arithmetic, good to about 1e-3 square pixels."""
    xs, ys = ring[0::2], ring[1::2]
    twice: float = abs(sum(map(mul, xs, ys[1:])) - sum(map(mul, ys, xs[1:])) + xs[-1] * ys[0] - ys[-1] * xs[0])
    return twice / 2


def judged_ring(values: Sequence[Any], json_path: str) -> Ring:
    """Judge a flat list of source values; a closing point and equal neighbours are removed (section 2.6).

    Raises AnnotationFault with a number's code, ``E_POLYGON_ODD``, ``E_POLYGON_POINTS`` or
    ``E_POLYGON_ZERO_AREA``.
    """
    ring = tuple(values)
    if not are_in_range(ring):
        for index, value in enumerate(values):
            check_number(value, f"{json_path}[{index}]")
    elif measured(ring) is not None:
        return ring
    if len(values) % 2:
        raise AnnotationFault(
            "E_POLYGON_ODD", f"A ring has {len(values)} numbers; give an x and a y for each point.", json_path
        )
    ring = without_repeats(values)
    if measured(ring) is not None:
        return ring
    if len(set(zip(ring[0::2], ring[1::2], strict=True))) < 3:
        raise AnnotationFault(
            "E_POLYGON_POINTS", "A ring has fewer than 3 distinct points; give a box or more points.", json_path
        )
    if is_flat(ring):
        raise AnnotationFault("E_POLYGON_ZERO_AREA", "A ring covers no area; draw it around something.", json_path)
    return ring


def are_in_range(values: Sequence[Any]) -> bool:
    """True if all are ints or floats within the coordinate limit, and there are any (formats, section 2.4)."""
    if not values or not set(map(type, values)) <= _NUMBER_TYPES:
        return False
    # A list, since a generator takes twice as long; each value, since NaN hides from `min` and `max`.
    return all([-COORDINATE_LIMIT <= value <= COORDINATE_LIMIT for value in values])  # noqa: C419


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
    largest, *others = sorted((abs(signed_area(loop)) for loop in _loops(ring)), reverse=True) or [0]
    if largest - sum(others) >= 2 * EPS * EPS:
        # Without a crossing each loop has its own area, and the others can take no more from the largest than theirs.
        return False
    return meeting((ring,)) != Meeting.CROSSING and even_odd_area((ring,)) < EPS * EPS


def crosses_itself(ring: Ring) -> bool:
    """True if the ring passes through itself, so that its shoelace area is not its even-odd area.

    Touching at a point or running along itself, as seams and pixel contours do, is no crossing unless some
    area is enclosed twice or backwards.
    """
    if _is_star(ring):
        return False
    how = meeting((ring,))
    if how != Meeting.TOUCHING:
        return how == Meeting.CROSSING
    area = abs(signed_area(ring))
    return abs(even_odd_area((ring,)) - area) > 1e-6 * max(area, 1)


def _is_star(ring: Ring) -> bool:
    """True only if the ring surely does not cross itself: all of it can be seen from one of two likely points."""
    xs, ys = ring[0::2], ring[1::2]
    count = len(xs)
    return _turns_once(xs, ys, sum(xs) / count, sum(ys) / count) or _turns_once(
        xs, ys, (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    )


def _turns_once(xs: Ring, ys: Ring, x: Number, y: Number) -> bool:
    """True if the ring goes round the point ``x, y`` once, clearly in one direction with every edge.

    Then each edge has a sector of its own, seen from the point, and no two can cross.
    """
    across, down = [value - x for value in xs], [value - y for value in ys]
    turns = list(map(sub, map(mul, across, down[1:] + down[:1]), map(mul, down, across[1:] + across[:1])))
    if not (min(turns) > EPS or max(turns) < -EPS):
        return False
    above = [value < 0 for value in down]
    return [*map(gt, above, above[1:] + above[:1])].count(True) == 1


def _loops(ring: Ring) -> list[Ring]:
    """The loops that a ring falls into at the points that it passes several times; those of two points are left out."""
    walk: list[tuple[Number, Number]] = []
    places: dict[tuple[Number, Number], int] = {}
    loops = []
    for point in zip(ring[0::2], ring[1::2], strict=True):
        place = places.get(point)
        if place is None:
            places[point] = len(walk)
            walk.append(point)
            continue
        loops.append(walk[place:])
        for passed in walk[place + 1 :]:
            del places[passed]
        del walk[place + 1 :]
    return [tuple(value for point in loop for value in point) for loop in (*loops, walk) if len(loop) > 2]


def _has_distinct_points(ring: Ring) -> bool:
    return 2 * len(set(zip(ring[0::2], ring[1::2], strict=True))) == len(ring)
