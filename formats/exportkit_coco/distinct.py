"""Proof that no id comes twice, at eight bytes an id."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from hashlib import blake2b
from itertools import pairwise

__all__ = ["IdColumn", "name_key"]

_BUCKETS = 256


def name_key(name: str) -> int:
    """64 bits that stand for a name."""
    return int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)


class IdColumn:
    """Ids of one list, gathered piece by piece; picklable."""

    def __init__(self) -> None:
        self.values = array("q")
        self._ascending = True

    def extend(self, values: array[int]) -> None:
        """Take more ids, in the order of the list."""
        last = self.values[-1] if self.values else None
        if self._ascending:
            for value in values:
                if last is not None and value <= last:
                    self._ascending = False
                    break
                last = value
        self.values.extend(values)

    def repeated(self) -> int | None:
        """An id that comes twice, or None. Afterwards the ids are sorted."""
        if self._ascending:
            return None
        buckets = [array("q") for _ in range(_BUCKETS)]
        low, high = min(self.values), max(self.values)
        step = (high - low) // _BUCKETS + 1
        for value in self.values:
            buckets[(value - low) // step].append(value)
        self.values = array("q")
        found = None
        for bucket in buckets:
            ordered = sorted(bucket)
            if found is None:
                found = next((a for a, b in pairwise(ordered) if a == b), None)
            self.values.extend(ordered)
        self._ascending = found is None
        return found

    def __contains__(self, value: int) -> bool:
        """Whether the id is there; asked after :meth:`repeated`."""
        at = bisect_left(self.values, value)
        return at < len(self.values) and self.values[at] == value
