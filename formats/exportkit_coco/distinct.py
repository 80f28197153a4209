"""Proof that no id comes twice, at eight bytes an id at most."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import pairwise

__all__ = ["IdColumn", "name_key"]

_BUCKETS = 256


def name_key(name: str) -> int:
    """64 bits that stand for a name."""
    return int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)


class IdColumn:
    """Ids of one list, gathered piece by piece; picklable.

    Ids that follow each other, as nearly all do, are remembered as one run; others take eight bytes each.
    """

    __slots__ = ("_counts", "_firsts", "_others")

    def __init__(self) -> None:
        #: Runs of ids that follow each other: the first id, and how many there are.
        self._firsts, self._counts = array("q"), array("q")
        self._others = array("q")

    def __len__(self) -> int:
        return sum(self._counts) + len(self._others)

    def __iter__(self) -> Iterator[int]:
        for first, count in zip(self._firsts, self._counts, strict=True):
            yield from range(first, first + count)
        yield from self._others

    def extend(self, values: Iterable[int]) -> None:
        """Take more ids."""
        ids = values if isinstance(values, array) else array("q", values)
        if not ids:
            return
        if ids[-1] - ids[0] + 1 != len(ids) or ids != array("q", range(ids[0], ids[-1] + 1)):
            self._others.extend(ids)
        else:
            self._take_run(ids[0], len(ids))

    def take(self, other: IdColumn) -> None:
        """Take the ids of another column, which has none afterwards."""
        for first, count in zip(other._firsts, other._counts, strict=True):
            self._take_run(first, count)
        self._others.extend(other._others)
        other._firsts, other._counts, other._others = array("q"), array("q"), array("q")

    def _take_run(self, first: int, count: int) -> None:
        if self._firsts and self._firsts[-1] + self._counts[-1] == first:
            self._counts[-1] += count
        else:
            self._firsts.append(first)
            self._counts.append(count)

    def repeated(self) -> int | None:
        """The least id that comes twice, or None. Afterwards the ids are sorted, and those of runs told once."""
        found = [twice for twice in (self._repeated_by_runs(), self._repeated_by_others()) if twice is not None]
        return min(found, default=None)

    def _repeated_by_runs(self) -> int | None:
        """The least id that two runs have; sorts the runs, and joins those that have one in common."""
        runs = sorted(zip(self._firsts, self._counts, strict=True))
        self._firsts, self._counts = array("q"), array("q")
        found, end = None, 0
        for first, count in runs:
            if self._firsts and first < end:
                found = first if found is None else found
                self._counts[-1] = max(end, first + count) - self._firsts[-1]
            else:
                self._take_run(first, count)
            end = self._firsts[-1] + self._counts[-1]
        return found

    def _repeated_by_others(self) -> int | None:
        """The least id outside of runs that another one of them, or a run, is equal to; sorts them."""
        if not self._others:
            return None
        buckets = [array("q") for _ in range(_BUCKETS)]
        low, high = min(self._others), max(self._others)
        step = (high - low) // _BUCKETS + 1
        for value in self._others:
            buckets[(value - low) // step].append(value)
        self._others = array("q")
        found = None
        for bucket in buckets:
            ordered = sorted(bucket)
            if found is None:
                found = next((a for a, b in pairwise(ordered) if a == b), None)
                in_run = next((value for value in ordered if self._is_in_run(value)), None) if self._firsts else None
                found = min((value for value in (found, in_run) if value is not None), default=None)
            self._others.extend(ordered)
        return found

    def _is_in_run(self, value: int) -> bool:
        at = bisect_right(self._firsts, value) - 1
        return at >= 0 and value < self._firsts[at] + self._counts[at]

    def __contains__(self, value: int) -> bool:
        """Whether the id is there; asked after :meth:`repeated`."""
        at = bisect_left(self._others, value)
        return self._is_in_run(value) or (at < len(self._others) and self._others[at] == value)
