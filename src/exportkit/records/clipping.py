"""Cutting a ring at the edges of its picture."""

from __future__ import annotations

from exportkit.records.numbers import Number, rounded
from exportkit.records.ring import Ring, is_flat, without_repeats

__all__ = ["clipped_line", "clipped_ring"]


def clipped_ring(ring: Ring, width: Number, height: Number) -> Ring:
    """Cut a ring to 0 ≤ x ≤ ``width``, 0 ≤ y ≤ ``height``; an empty ring if it vanishes.

    Sutherland and Hodgman's way, half-plane by half-plane: left, right, top, bottom (formats, section 2.6).
    """
    for axis, limit, keep_above in ((0, 0, True), (0, width, False), (1, 0, True), (1, height, False)):
        values = ring[axis::2]
        if (min(values) < limit) if keep_above else (max(values) > limit):
            ring = _half_plane(ring, axis, limit, keep_above=keep_above)
            if not ring:
                return ()
    ring = without_repeats(ring)
    if len(set(zip(ring[0::2], ring[1::2], strict=True))) < 3 or is_flat(ring):
        return ()
    return ring


def clipped_line(line: Ring, width: Number, height: Number) -> Ring:
    """Cut an open line to the picture as :func:`clipped_ring` does; empty if fewer than two points are left.

    One line stays one line, so where it leaves the picture and comes back it runs along the border.
    """
    for axis, limit, keep_above in ((0, 0, True), (0, width, False), (1, 0, True), (1, height, False)):
        values = line[axis::2]
        if (min(values) < limit) if keep_above else (max(values) > limit):
            # The first point stands in for the one before it, from which nothing is cut.
            line = _half_plane(line, axis, limit, keep_above=keep_above, before=line[:2])
            if not line:
                return ()
    points = list(zip(line[0::2], line[1::2], strict=True))
    kept = [point for at, point in enumerate(points) if at == 0 or point != points[at - 1]]
    return tuple(value for point in kept for value in point) if len(kept) > 1 else ()


def _half_plane(ring: Ring, axis: int, limit: Number, *, keep_above: bool, before: Ring = ()) -> Ring:
    kept: list[Number] = []
    before = before or ring[-2:]
    before_inside = _inside(before[axis], limit, keep_above=keep_above)
    for at in range(0, len(ring), 2):
        point = ring[at : at + 2]
        inside = _inside(point[axis], limit, keep_above=keep_above)
        if inside != before_inside:
            kept += _cut(before, point, axis, limit)
        if inside:
            kept += point
        before, before_inside = point, inside
    return tuple(kept)


def _inside(value: Number, limit: Number, *, keep_above: bool) -> bool:
    return value >= limit if keep_above else value <= limit


def _cut(start: Ring, end: Ring, axis: int, limit: Number) -> Ring:
    along = (limit - start[axis]) / (end[axis] - start[axis])
    other = rounded(start[1 - axis] + along * (end[1 - axis] - start[1 - axis]))
    return (limit, other) if axis == 0 else (other, limit)
