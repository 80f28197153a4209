"""Regions that lie upon each other, by their runs: what they cover together, and what later ones leave of earlier ones.

Runs are flat and half-open as in :mod:`exportkit.records.runs`, all in one reading order of one grid. The work follows
the runs, not the grid.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from exportkit.records.runs import Runs

__all__ = ["common_count", "run_length", "uncovered", "united"]


def united(layers: Iterable[Runs]) -> Runs:
    """Return the pixels that any of the layers covers."""
    spans = sorted(span for runs in layers for span in zip(runs[0::2], runs[1::2], strict=True))
    flat: list[int] = []
    for start, end in spans:
        if flat and start <= flat[-1]:
            flat[-1] = max(flat[-1], end)
        else:
            flat += (start, end)
    return tuple(flat)


def uncovered(layers: Sequence[Runs]) -> list[Runs]:
    """Return for each layer the pixels that no later one covers; no pixel is in two of them."""
    covered: list[int] = []
    left: list[Runs] = []
    for runs in reversed(layers):
        if not runs:
            left.append(())
            continue
        # The covered runs that touch or overlap the layer, as whole runs.
        low = bisect_left(covered, runs[0]) & ~1
        high = bisect_right(covered, runs[-1])
        high += high & 1
        beneath = covered[low:high]
        left.append(_without(runs, beneath))
        covered[low:high] = united((runs, tuple(beneath)))
    left.reverse()
    return left


def common_count(one: Sequence[int], other: Sequence[int]) -> int:
    """Count the pixels that both cover."""
    total = i = j = 0
    while i < len(one) and j < len(other):
        start, end = max(one[i], other[j]), min(one[i + 1], other[j + 1])
        if start < end:
            total += end - start
        if one[i + 1] <= other[j + 1]:
            i += 2
        else:
            j += 2
    return total


def run_length(runs: Sequence[int]) -> int:
    """Count the covered pixels."""
    return sum(runs[1::2]) - sum(runs[0::2])


def _without(runs: Runs, gone: Sequence[int]) -> Runs:
    """The pixels of ``runs`` that are not in ``gone``."""
    if not gone:
        return runs
    flat: list[int] = []
    at, last = 0, len(gone)
    for start, end in zip(runs[0::2], runs[1::2], strict=True):
        while at < last and gone[at + 1] <= start:
            at += 2
        place, next_gone = start, at
        while next_gone < last and gone[next_gone] < end:
            if place < gone[next_gone]:
                flat += (place, gone[next_gone])
            place = gone[next_gone + 1]
            next_gone += 2
        if place < end:
            flat += (place, end)
    return tuple(flat)
