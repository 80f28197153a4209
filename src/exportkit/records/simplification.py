"""Outlines with fewer points: what is left out lies within a tolerance of the edge that stands for it."""

from __future__ import annotations

from math import sqrt

from exportkit.records.numbers import Number
from exportkit.records.polygon import Part, Polygon
from exportkit.records.ring import Ring, signed_area

__all__ = ["simplified"]

#: Numbers of a ring of three points.
_TRIANGLE = 6


def simplified(polygon: Polygon, tolerance: float) -> Polygon:
    """Leave out points of every ring that lie within ``tolerance`` pixels of what remains; the same polygon if none do.

    A ring of which less than a triangle would be left stays as it is. One pass from each ring's first point on, so the
    time is linear in the points however a ring winds.
    """
    parts = tuple(
        Part(_ring(part.outer, tolerance), tuple(_ring(hole, tolerance) for hole in part.holes))
        for part in polygon.parts
    )
    return polygon if parts == polygon.parts else Polygon(parts)


def _ring(ring: Ring, tolerance: float) -> Ring:
    corners = list(zip(ring[0::2], ring[1::2], strict=True))
    kept = [corners[0]]
    wedge = _Wedge(corners[0], tolerance)
    before = corners[0]
    for corner in (*corners[1:], corners[0]):
        if not wedge.takes(corner):
            kept.append(before)
            wedge = _Wedge(before, tolerance)
            wedge.takes(corner)
        before = corner
    made = tuple(value for corner in kept for value in corner)
    return made if len(made) >= _TRIANGLE and signed_area(made) else ring


class _Wedge:
    """The directions in which an edge from one point passes all points taken so far within the tolerance."""

    def __init__(self, start: tuple[Number, Number], tolerance: float) -> None:
        self._x, self._y = start
        self._tolerance = tolerance
        self._farthest = 0.0
        #: Directions of both sides, clockwise on screen from the first to the second; none while all are open.
        self._sides: tuple[tuple[float, float], tuple[float, float]] | None = None

    def takes(self, point: tuple[Number, Number]) -> bool:
        """Whether the edge may end at ``point``; then the wedge is narrowed to what passes it, too."""
        dx, dy = point[0] - self._x, point[1] - self._y
        distance = sqrt(dx * dx + dy * dy)
        if self._sides is not None:
            (ax, ay), (bx, by) = self._sides
            # An edge that ended short of a point taken before would leave it alone out there.
            if distance < self._farthest or ax * dy - ay * dx < 0 or dx * by - dy * bx < 0:
                return False
        if distance <= self._tolerance:
            return True
        self._farthest = distance
        sine = self._tolerance / distance
        cosine = sqrt(1 - sine * sine)
        first = dx * cosine + dy * sine, dy * cosine - dx * sine
        second = dx * cosine - dy * sine, dy * cosine + dx * sine
        if self._sides is not None:
            (ax, ay), (bx, by) = self._sides
            first = first if ax * first[1] - ay * first[0] > 0 else (ax, ay)
            second = second if second[0] * by - second[1] * bx > 0 else (bx, by)
        self._sides = first, second
        return True
