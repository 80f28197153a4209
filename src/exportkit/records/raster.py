"""Which pixels a polygon covers: row by row, by run arithmetic, never pixel by pixel.

A pixel is covered when its centre is inside by the even-odd rule; centres on a left or top side are inside,
on a right or bottom side outside (formats, section 1.1). Parts are united, so overlapping parts of one object
do not cancel each other, as readers of COCO files have it too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from exportkit.errors import AnnotationFault
from exportkit.records.numbers import Number

__all__ = ["covered_count", "covered_rows"]

#: Most crossings of edges with rows that one object may have: time is bounded, whatever the picture's height.
_MOST_CROSSINGS = 4_000_000

#: First row, row after the last one, upper end x and y, run and fall to the lower end, number of the part.
_Side = tuple[int, int, Number, Number, Number, Number, int]


def covered_rows(parts: Sequence[Sequence[tuple[Number, ...]]]) -> Iterator[tuple[int, list[int]]]:
    """Yield ``(row, [from, to, from, to, …])`` for every row with covered pixels: half-open, ascending, apart.

    ``parts`` are lists of rings, the outline first. Columns and rows may lie outside any picture. Raises
    AnnotationFault ``E_MASK_SIZE`` if the object is too intricate to be drawn.
    """
    sides = sorted(side for number, rings in enumerate(parts) for ring in rings for side in _sides(ring, number))
    if sum(side[1] - side[0] for side in sides) > _MOST_CROSSINGS:
        raise AnnotationFault("E_MASK_SIZE", "The region has too many edges side by side to be drawn; simplify it.")
    active: list[_Side] = []
    following, row = 0, 0
    while following < len(sides) or active:
        if not active:
            row = sides[following][0]
        while following < len(sides) and sides[following][0] == row:
            active.append(sides[following])
            following += 1
        runs = _row_runs(active, row, len(parts))
        if runs:
            yield row, runs
        row += 1
        active = [side for side in active if side[1] > row]


def covered_count(parts: Sequence[Sequence[tuple[Number, ...]]]) -> int:
    """Return the number of covered pixels."""
    return sum(sum(runs[1::2]) - sum(runs[0::2]) for _, runs in covered_rows(parts))


def _sides(ring: tuple[Number, ...], number: int) -> Iterator[_Side]:
    xs, ys = ring[0::2], ring[1::2]
    for ends in zip(xs, ys, xs[1:] + xs[:1], ys[1:] + ys[:1], strict=True):
        # Always downwards, so that two objects with a common edge compute the same crossings on it.
        ax, ay, bx, by = ends if ends[1] <= ends[3] else (*ends[2:], *ends[:2])
        first, last = ceil(ay - 0.5), ceil(by - 0.5)
        if first < last:
            yield first, last, ax, ay, bx - ax, by - ay, number


def _row_runs(active: list[_Side], row: int, parts: int) -> list[int]:
    y = row + 0.5
    if parts == 1:
        crossings = sorted([ax + (y - ay) * run / fall for _, _, ax, ay, run, fall, _ in active])
        return _joined([(ceil(a - 0.5), ceil(b - 0.5)) for a, b in zip(crossings[0::2], crossings[1::2], strict=True)])
    by_part: dict[int, list[float]] = {}
    for _, _, ax, ay, run, fall, number in active:
        by_part.setdefault(number, []).append(ax + (y - ay) * run / fall)
    spans: list[tuple[int, int]] = []
    for found in by_part.values():
        found.sort()
        spans += [(ceil(a - 0.5), ceil(b - 0.5)) for a, b in zip(found[0::2], found[1::2], strict=True)]
    return _joined(sorted(spans))


def _joined(spans: list[tuple[int, int]]) -> list[int]:
    runs: list[int] = []
    for start, end in spans:
        if start >= end:
            continue
        if runs and start <= runs[-1]:
            runs[-1] = max(runs[-1], end)
        else:
            runs += (start, end)
    return runs
