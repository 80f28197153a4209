"""The outline of a mask along the edges of its pixels (formats, section 5.0, "Contours")."""

from __future__ import annotations

from bisect import bisect_right

from exportkit.records.polygon import Part, Polygon
from exportkit.records.ring import Ring
from exportkit.records.runs import Runs, slabs

__all__ = ["contours"]

Corner = tuple[int, int]


def contours(runs: Runs, width: int) -> Polygon:
    """Trace row-major ``runs`` of a grid ``width`` pixels wide.

    Foreground is 4-connected, background 8-connected. Outlines run clockwise on screen, holes against it; each
    ring starts at its top-most, then left-most corner, parts are in the order of their first corner.
    """
    grid = _Edges(runs, width)
    outlines: list[Ring] = []
    holes: list[list[Ring]] = []
    owners: dict[Corner, int] = {}
    for start in sorted(grid.right_of):
        if start not in grid.right_of:
            continue
        is_hole = start in grid.tops_of_holes
        ring, downs = grid.walk(start, is_hole=is_hole)
        if is_hole:
            part = owners[grid.tops_of_holes[start]]
            holes[part].append(ring)
        else:
            part = len(outlines)
            outlines.append(ring)
            holes.append([])
        owners.update(dict.fromkeys(downs, part))
    return Polygon(tuple(Part(outline, tuple(own)) for outline, own in zip(outlines, holes, strict=True)))


class _Edges:
    """Pixel edges between foreground and background, from corner to corner. A corner is ``(y, x)``."""

    def __init__(self, runs: Runs, width: int) -> None:
        #: Horizontal edges, known at both ends by the x of the other end.
        self.right_of: dict[Corner, int] = {}
        self.left_of: dict[Corner, int] = {}
        #: Vertical edges, known at both ends by the y of the other end.
        self.below: dict[Corner, int] = {}
        self.above: dict[Corner, int] = {}
        #: Left corner of an edge under foreground → top of the left border of the run that lies above it.
        self.tops_of_holes: dict[Corner, Corner] = {}
        self._opened: dict[int, int] = {}
        current: list[int] = []
        following = 0
        for first, after_last, pixels in slabs(runs, width):
            if first > following:
                self._line(following, current, [])
                current = []
            self._line(first, current, pixels)
            current, following = pixels, after_last
        self._line(following, current, [])

    def _line(self, y: int, before: list[int], after: list[int]) -> None:
        """Add the edges on the line between the row ``before`` and the row ``after`` it."""
        rises = _borders(before), _borders(after)
        corners = sorted(
            x for x in {*rises[0], *rises[1]} for _ in range(_corners_at(rises[0].get(x), rises[1].get(x)))
        )
        tops = self._left_borders(before)
        for x in set(corners):
            if x in rises[0]:
                top = self._opened.pop(x)
                self.below[top, x], self.above[y, x] = y, top
            if x in rises[1]:
                self._opened[x] = y
        for left, right in zip(corners[0::2], corners[1::2], strict=True):
            self.right_of[y, left], self.left_of[y, right] = right, left
            if (above := _run_over(before, left)) is not None:
                self.tops_of_holes[y, left] = tops[above]

    def _left_borders(self, pixels: list[int]) -> dict[int, Corner]:
        return {x: (self._opened[x], x) for x in pixels[0::2]}

    def walk(self, start: Corner, *, is_hole: bool) -> tuple[Ring, list[Corner]]:
        """Follow one ring from its first corner, always turning right where two rings meet.

        Returns the ring and the upper corners of its vertical edges; its horizontal edges are used up.
        """
        flat: list[int] = []
        borders: list[Corner] = []
        y, x = start
        going_right, going_down = not is_hole, is_hole
        horizontal = not is_hole
        while True:
            flat += (x, y)
            if horizontal:
                if going_right:
                    other = self.right_of.pop((y, x))
                    del self.left_of[y, other]
                else:
                    other = self.left_of.pop((y, x))
                    del self.right_of[y, other]
                x = other
                going_down = self._turns_down(y, x, going_right=going_right)
            else:
                other = (self.below if going_down else self.above)[y, x]
                borders.append((min(y, other), x))
                y = other
                going_right = self._turns_right(y, x, going_down=going_down)
            horizontal = not horizontal
            if (y, x) == start and (horizontal is not is_hole):
                return tuple(flat), borders

    def _turns_down(self, y: int, x: int, *, going_right: bool) -> bool:
        # A right turn is down when going right, up when going left; where there is no choice, what there is.
        if (y, x) in self.below and (y, x) in self.above:
            return going_right
        return (y, x) in self.below

    def _turns_right(self, y: int, x: int, *, going_down: bool) -> bool:
        if (y, x) in self.right_of and (y, x) in self.left_of:
            return not going_down
        return (y, x) in self.right_of


def _borders(pixels: list[int]) -> dict[int, bool]:
    """Map each border of a row to whether foreground begins there."""
    return {x: place % 2 == 0 for place, x in enumerate(pixels)}


def _corners_at(before: bool | None, after: bool | None) -> int:
    if before is None or after is None:
        return 1
    return 0 if before is after else 2


def _run_over(pixels: list[int], x: int) -> int | None:
    """Start of the run that covers the pixel right of border ``x``, or None."""
    place = bisect_right(pixels, x)
    return pixels[place - 1] if place % 2 else None
