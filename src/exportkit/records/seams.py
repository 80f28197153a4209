"""Seams: several rings as one, for a format that has one ring per object (formats, section 5.0)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import ceil, floor, inf, sqrt

__all__ = ["join_rings"]

Ring = Sequence[float]
Cell = tuple[int, int]


def join_rings(first: Ring, others: Sequence[Ring]) -> list[float]:
    """One ring that walks ``first`` and every other ring, with the same even-odd area.

    Rings are flat (``x, y, x, y …``) in pixels and not closed. Each of ``others`` in turn is tied to what is
    already joined at the closest pair of vertices, by a segment walked there and back; of equally close
    pairs the one with the vertex joined first counts, then the first vertex of the new ring.
    """
    outline = _Outline(first, sum(len(ring) for ring in others) // 2)
    for ring in others:
        outline.tie(ring)
    return outline.walk()


class _Outline:
    """A ring that grows by tying others to it: vertices in order of joining, and a walk through them."""

    def __init__(self, ring: Ring, further: int) -> None:
        self._xs: list[float] = []
        self._ys: list[float] = []
        #: For each step of the walk: its vertex, and the step after it.
        self._vertex: list[int] = []
        self._after: list[int] = []
        #: First step of the walk at each vertex.
        self._step: list[int] = []
        xs, ys = ring[::2], ring[1::2]
        extent = max(max(xs) - min(xs), max(ys) - min(ys), 1.0)
        # About one vertex a cell keeps a search short however many holes a mask has.
        self._cell = max(extent / sqrt(len(xs) + further), 1e-3)
        self._cells: dict[Cell, list[int]] = {}
        self._low = (inf, inf)
        self._high = (-inf, -inf)
        self._add(ring)
        self._after[-1] = 0

    def _add(self, ring: Ring) -> int:
        """Take up the vertices of a ring and the steps along it; gives the first step. The last leads nowhere yet."""
        start = len(self._vertex)
        for x, y in zip(ring[::2], ring[1::2], strict=True):
            vertex = len(self._xs)
            self._xs.append(x)
            self._ys.append(y)
            self._step.append(len(self._vertex))
            self._vertex.append(vertex)
            self._after.append(len(self._vertex))
            self._cells.setdefault(self._cell_of(x, y), []).append(vertex)
        self._low = (min(self._low[0], *ring[::2]), min(self._low[1], *ring[1::2]))
        self._high = (max(self._high[0], *ring[::2]), max(self._high[1], *ring[1::2]))
        return start

    def _cell_of(self, x: float, y: float) -> Cell:
        return floor(x / self._cell), floor(y / self._cell)

    def tie(self, ring: Ring) -> None:
        """Tie a ring to the outline."""
        here, there = self._closest(ring)
        start = self._add([*ring[2 * there :], *ring[: 2 * there]])
        # … here → ring from there, once around → there again → here again → …
        back = len(self._vertex)
        self._vertex += [self._vertex[start], here]
        self._after += [back + 1, self._after[self._step[here]]]
        self._after[back - 1] = back
        self._after[self._step[here]] = start

    def walk(self) -> list[float]:
        """The joined ring, flat."""
        out: list[float] = []
        step = 0
        for _ in self._vertex:
            vertex = self._vertex[step]
            out += (self._xs[vertex], self._ys[vertex])
            step = self._after[step]
        return out

    def _closest(self, ring: Ring) -> tuple[int, int]:
        """The vertex of the outline and the position in ``ring`` that are closest to each other."""
        best = (inf, -1, -1)
        points = [
            (self._gap(x, y), x, y, there) for there, (x, y) in enumerate(zip(ring[::2], ring[1::2], strict=True))
        ]
        for gap, x, y, there in sorted(points):
            if gap > best[0]:
                break
            for reach, vertices in self._around(x, y):
                if reach > best[0]:
                    break
                for vertex in vertices:
                    dx, dy = self._xs[vertex] - x, self._ys[vertex] - y
                    distance = dx * dx + dy * dy
                    best = min(best, (distance, vertex, there))
        return best[1], best[2]

    def _gap(self, x: float, y: float) -> float:
        """Squared distance from a point to the bounding box of the outline."""
        dx = max(self._low[0] - x, 0.0, x - self._high[0])
        dy = max(self._low[1] - y, 0.0, y - self._high[1])
        return dx * dx + dy * dy

    def _around(self, x: float, y: float) -> Iterator[tuple[float, Iterable[int]]]:
        """Vertices ever further from a point, each lot with a squared distance that it and all later ones exceed."""
        column, row = self._cell_of(x, y)
        # Cells are counted along the axes, and a diagonal is longer than either.
        nearest = floor(max(self._low[0] - x, x - self._high[0], self._low[1] - y, y - self._high[1], 0.0) / self._cell)
        cells = self._cells
        for radius in range(max(0, nearest - 1), nearest + ceil(sqrt(len(self._xs))) + 1):
            reach = (max(radius - 1, 0) * self._cell) ** 2
            yield reach, [vertex for cell in _cells_at(column, row, radius) for vertex in cells.get(cell, ())]
        yield 0.0, range(len(self._xs))


def _cells_at(column: int, row: int, radius: int) -> Iterator[Cell]:
    """Cells whose larger distance from (column, row) is ``radius``."""
    if radius == 0:
        yield column, row
        return
    for offset in range(-radius, radius + 1):
        yield column + offset, row - radius
        yield column + offset, row + radius
    for offset in range(1 - radius, radius):
        yield column - radius, row + offset
        yield column + radius, row + offset
