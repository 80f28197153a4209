"""Where the edges of rings meet: self-crossing, even-odd area without pixels, one ring inside another.

Every sweep counts its work and gives up beyond a fixed amount that only hostile input reaches, so time is
bounded for a ring of any length.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

from exportkit.records.numbers import EPS, Number

__all__ = ["Meeting", "even_odd_area", "lies_inside", "meeting"]

Points = tuple[Number, ...]
#: x from, x to, y from, y to, the end points ax, ay, bx, by, then ring number, own place in it, the next place.
_Edge = tuple[Number, Number, Number, Number, Number, Number, Number, Number, int, int, int]

#: Most pairs of edges, or of edges and slabs, that one question may look at.
_MOST_WORK = 2_000_000
#: Most pairs of points and edges for the test of a hole.
_MOST_HOLE_WORK = 1_000_000


class Meeting:
    """How edges meet, from nothing in common to cutting through each other."""

    APART, TOUCHING, CROSSING = range(3)


def meeting(rings: Iterable[Points], *, between: bool = False) -> int:
    """Return the strongest meeting among the edges of ``rings``; with ``between``, only of different rings.

    Neighbouring edges that share their common point are apart. Too many edges side by side count as crossing.
    """
    edges = sorted(edge for number, ring in enumerate(rings) for edge in _edges(ring, number))
    active: list[_Edge] = []
    found, work = Meeting.APART, 0
    for edge in edges:
        start = edge[0]
        active = [other for other in active if other[1] >= start]
        work += len(active)
        if work > _MOST_WORK:
            return Meeting.CROSSING
        for other in active:
            if other[2] <= edge[3] and edge[2] <= other[3] and not (between and edge[8] == other[8]):
                found = max(found, _pair(edge, other))
        if found == Meeting.CROSSING:
            return found
        active.append(edge)
    return found


def _edges(ring: Points, number: int) -> list[_Edge]:
    xs, ys = ring[0::2], ring[1::2]
    following = [*range(1, len(xs)), 0]
    ends = zip(xs, ys, xs[1:] + xs[:1], ys[1:] + ys[:1], following, strict=True)
    return [
        (
            *((ax, bx) if ax <= bx else (bx, ax)),
            *((ay, by) if ay <= by else (by, ay)),
            *(ax, ay, bx, by, number, place, after),
        )
        for place, (ax, ay, bx, by, after) in enumerate(ends)
    ]


def _pair(edge: _Edge, other: _Edge) -> int:
    ax, ay, bx, by = edge[4:8]
    cx, cy, dx, dy = other[4:8]
    c_side = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    d_side = (bx - ax) * (dy - ay) - (by - ay) * (dx - ax)
    a_side = (dx - cx) * (ay - cy) - (dy - cy) * (ax - cx)
    b_side = (dx - cx) * (by - cy) - (dy - cy) * (bx - cx)
    if c_side * d_side > 0 or a_side * b_side > 0:
        return Meeting.APART
    if c_side and d_side and a_side and b_side:
        return Meeting.CROSSING
    neighbours = edge[8] == other[8] and (edge[10] == other[9] or other[10] == edge[9])
    along_each_other = not (c_side or d_side or a_side or b_side)
    return Meeting.APART if neighbours and not along_each_other else Meeting.TOUCHING


def even_odd_area(rings: Iterable[Points]) -> float:
    """Even-odd area in square pixels of rings without a crossing, by slabs between the heights of their points.

    Infinite if there is too much to look at.
    """
    edges = sorted((e[2], e[3], e[4], e[5], e[6], e[7]) for ring in rings for e in _edges(ring, 0) if e[2] != e[3])
    heights = sorted({height for edge in edges for height in edge[:2]})
    active: list[tuple[Number, Number, Number, Number, Number, Number]] = []
    area, work, following = 0.0, 0, 0
    for top, bottom in pairwise(heights):
        while following < len(edges) and edges[following][0] <= top:
            active.append(edges[following])
            following += 1
        active = [edge for edge in active if edge[1] > top]
        work += len(active)
        if work > _MOST_WORK:
            return math.inf
        middle = (top + bottom) / 2
        at = sorted(ax + (middle - ay) * (bx - ax) / (by - ay) for _, _, ax, ay, bx, by in active)
        area += (sum(at[1::2]) - sum(at[0::2])) * (bottom - top)
    return area


def lies_inside(hole: Points, ring: Points) -> bool:
    """True if ``hole`` lies within ``ring`` (even-odd); their edges may touch."""
    if meeting((ring, hole), between=True) == Meeting.CROSSING:
        return False
    xs, ys = hole[0::2], hole[1::2]
    points = list(zip(xs, ys, strict=True))
    points += [
        ((ax + bx) / 2, (ay + by) / 2) for ax, ay, bx, by in zip(xs, ys, xs[1:] + xs[:1], ys[1:] + ys[:1], strict=True)
    ]
    stride = 1 + len(points) * len(ring) // _MOST_HOLE_WORK
    edges = _edges(ring, 0)
    return all(_within(x, y, edges) for x, y in points[::stride])


def _within(x: Number, y: Number, edges: list[_Edge]) -> bool:
    inside = False
    for _, _, low, high, ax, ay, bx, by, *_ in edges:
        if low - EPS <= y <= high + EPS and _distance(x, y, ax, ay, bx, by) <= EPS:
            return True
        if low <= y < high and x < ax + (y - ay) * (bx - ax) / (by - ay):
            inside = not inside
    return inside


def _distance(x: Number, y: Number, ax: Number, ay: Number, bx: Number, by: Number) -> float:
    dx, dy = bx - ax, by - ay
    along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)
    along = min(max(along, 0), 1)
    return math.hypot(x - ax - along * dx, y - ay - along * dy)
