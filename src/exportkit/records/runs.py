"""Runs of set pixels on a grid, in either reading order, and the change from one order to the other.

Runs are flat and half-open: ``(from, to, from, to, …)``, ascending and apart. Along *lines* (rows in row-major
order, columns in column-major order) a grid of W × H has the index ``line · length + place``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from exportkit.errors import AnnotationFault

__all__ = ["backwards", "joined", "mirrored", "slabs", "toggled", "transposed"]

Runs = tuple[int, ...]

#: Runs that one mask may fall into when its reading order changes, beside a multiple of those it has: a short
#: text of many full stripes would otherwise become a run for each of their pixels.
_RUN_ALLOWANCE = 1 << 20
_RUN_GROWTH = 16


def joined(spans: Iterable[tuple[int, int]]) -> Runs:
    """Flatten ascending spans that do not overlap: touching ones become one, empty ones vanish."""
    flat: list[int] = []
    for start, end in spans:
        if flat and flat[-1] == start:
            flat[-1] = end
        elif start < end:
            flat += (start, end)
    return tuple(flat)


def slabs(runs: Runs, length: int) -> Iterator[tuple[int, int, list[int]]]:
    """Yield ``(line, line after, [from, to, …])`` for groups of equal, non-empty lines, ascending.

    Only a group of full lines has more than one line, so the work follows the runs, not the grid.
    """
    line, spans = -1, list[int]()
    for start, end in zip(runs[0::2], runs[1::2], strict=True):
        first, place = divmod(start, length)
        last, stop = divmod(end, length)
        if first != line:
            if spans:
                yield line, line + 1, spans
            line, spans = first, []
        if first == last:
            spans += (place, stop)
            continue
        if place or spans:
            yield line, line + 1, [*spans, place, length]
            first += 1
        if first < last:
            yield first, last, [0, length]
        line, spans = last, [0, stop] if stop else []
    if spans:
        yield line, line + 1, spans


def backwards(runs: Runs, pixels: int) -> Runs:
    """Count from the last of a grid's ``pixels``: lines, and the places in each of them, change ends."""
    return tuple([pixels - border for border in reversed(runs)])


def mirrored(runs: Runs, length: int) -> Runs:
    """Let the places in each line change ends; lines stay where they are."""
    spans: list[tuple[int, int]] = []
    for first, after_last, pixels in slabs(runs, length):
        if after_last - first > 1:
            spans.append((first * length, after_last * length))
            continue
        end = after_last * length
        spans += [(end - stop, end - start) for stop, start in zip(pixels[-1::-2], pixels[-2::-2], strict=True)]
    return joined(spans)


def toggled(before: list[int], after: list[int]) -> list[int]:
    """Return ``[from, to, …]`` where two lines differ; touching differences stay apart where they cross over."""
    return sorted({*before} ^ {*after}) if before and after else before or after


def transposed(runs: Runs, length: int, lines: int) -> Runs:
    """Read the same pixels in the other order; ``length`` and ``lines`` are those of the given order.

    Raises AnnotationFault ``E_MASK_SIZE`` if a mask of few runs would fall into far too many.
    """
    limit = _RUN_ALLOWANCE + _RUN_GROWTH * len(runs)
    opened: dict[int, int] = {}
    spans: list[tuple[int, int]] = []

    def change(line: int, before: list[int], after: list[int]) -> None:
        edges = toggled(before, after)
        for low, high in zip(edges[0::2], edges[1::2], strict=True):
            if len(spans) + high - low > limit:
                raise AnnotationFault("E_MASK_SIZE", "The mask falls into too many runs; simplify it.")
            for place in range(low, high):
                start = opened.pop(place, None)
                if start is None:
                    opened[place] = line
                else:
                    spans.append((place * lines + start, place * lines + line))

    current: list[int] = []
    following = 0
    for first, after_last, pixels in slabs(runs, length):
        if first > following and current:
            change(following, current, [])
            current = []
        change(first, current, pixels)
        current, following = pixels, after_last
    change(following, current, [])
    spans.sort()
    return joined(spans)
