"""The smallest rectangle, turned as it may be, around a region (formats, section 5.2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import atan2, cos, hypot, pi, remainder, sin

from exportkit.records import Polygon, rounded

__all__ = ["limited", "smallest_rectangle"]

Point = tuple[float, float]
#: Areas that differ by less, relative to the smallest, are equal; then the rectangle with the smallest turn counts.
_EQUAL = 1e-9


def smallest_rectangle(polygon: Polygon) -> tuple[float, ...]:
    """Corners ``(x1, y1, … x4, y4)`` in pixels of the minimum-area rectangle around all parts.

    They begin at the rectangle's own top-left and go clockwise on screen; its turn lies in −45°…45°. One side of
    such a rectangle lies on an edge of the convex hull.
    """
    hull = _hull([point for part in polygon.parts for point in zip(part.outer[::2], part.outer[1::2], strict=True)])
    sizes = list(_sizes(hull))
    least = min((area for area, _ in sizes), default=0.0)
    # Of a turn to either side by 45° the clockwise one is taken.
    turn = min(
        (turn for area, turn in sizes if area <= least * (1 + _EQUAL) + _EQUAL),
        key=lambda turn: (round(abs(turn), 9), -turn),
        default=0.0,
    )
    low_u, low_v, high_u, high_v = _frame(hull, turn)
    right, down = cos(turn), sin(turn)
    corners = ((low_u, low_v), (high_u, low_v), (high_u, high_v), (low_u, high_v))
    return tuple(rounded(value) for u, v in corners for value in (u * right - v * down, u * down + v * right))


def limited(corners: Sequence[float], width: int, height: int) -> tuple[float, ...]:
    """Corners with each coordinate set into the ``width`` × ``height`` picture."""
    bounds = (width, height)
    return tuple(min(max(value, 0), bounds[place % 2]) for place, value in enumerate(corners))


def _sizes(hull: Sequence[Point]) -> Iterator[tuple[float, float]]:
    """For each edge of the hull: area and turn, in −π/4…π/4, of the rectangle with a side on it.

    Corners that touch the other three sides only move on while the edges are walked around, so the time is linear.
    """
    count = len(hull)
    far = high = low = 1
    for here in range(count):
        (x0, y0), (x1, y1) = hull[here], hull[(here + 1) % count]
        length = hypot(x1 - x0, y1 - y0)
        if not length:
            return
        right, down = (x1 - x0) / length, (y1 - y0) / length

        def along(corner: int, right: float = right, down: float = down) -> float:
            x, y = hull[corner % count]
            return x * right + y * down

        def across(corner: int, right: float = right, down: float = down) -> float:
            x, y = hull[corner % count]
            return y * right - x * down

        far = max(far, here + 1)
        while far < here + count and along(far + 1) > along(far):
            far += 1
        high = max(high, far)
        while high < here + count and across(high + 1) > across(high):
            high += 1
        low = max(low, high)
        while low < here + count and along(low + 1) < along(low):
            low += 1
        area = (along(far) - along(low)) * (across(high) - across(here))
        yield area, remainder(atan2(y1 - y0, x1 - x0), pi / 2)


def _frame(hull: Sequence[Point], turn: float) -> tuple[float, float, float, float]:
    """Bounds of the hull in axes turned by ``turn``: least u, least v, most u, most v."""
    right, down = cos(turn), sin(turn)
    us = [x * right + y * down for x, y in hull]
    vs = [y * right - x * down for x, y in hull]
    return min(us), min(vs), max(us), max(vs)


def _hull(points: Sequence[Point]) -> list[Point]:
    """The corners of the convex hull, in order around it."""
    ordered = sorted(set(points))
    if len(ordered) < 3:
        return ordered
    return _chain(ordered)[:-1] + _chain(ordered[::-1])[:-1]


def _chain(ordered: Sequence[Point]) -> list[Point]:
    chain: list[Point] = []
    for x, y in ordered:
        while len(chain) > 1:
            (x0, y0), (x1, y1) = chain[-2:]
            if (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) > 0:
                break
            chain.pop()
        chain.append((x, y))
    return chain
