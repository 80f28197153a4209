"""Ranges of ids into which a large export is cut, so that the server works on several at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

__all__ = ["BOUNDARY_PARAMS", "IdRange", "ranges_of"]

#: How the ids of a list are asked for: nothing but them, by cursor.
BOUNDARY_PARAMS: Final[dict[str, Any]] = {
    "fields": "id",
    "page_size": 1000,
    "pagination": "cursor",
    "ordering": "-id",
}


class IdRange(NamedTuple):
    """A half-open range of record ids, in the words of the filter (wire contract, sections 8 and 16)."""

    id_gte: int
    id_lt: int

    def keys(self) -> dict[str, int]:
        """The filter keys of the range."""
        return {"_id_gte": self.id_gte, "_id_lt": self.id_lt}

    def __contains__(self, identity: object) -> bool:
        return isinstance(identity, int) and self.id_gte <= identity < self.id_lt


def ranges_of(ids: Iterable[int], size: int) -> list[IdRange]:
    """Ranges with at most `size` of the ids each, disjoint, without gaps, in rising order.

    `ids` fall. Holds the boundaries alone.
    """
    ranges: list[IdRange] = []
    upper: int | None = None
    lowest = 0
    for number, identity in enumerate(ids, 1):
        if upper is None:
            upper = identity + 1
        lowest = identity
        if number % size == 0:
            ranges.append(IdRange(identity, upper))
            upper = identity
    if upper is not None and (not ranges or ranges[-1].id_gte > lowest):
        ranges.append(IdRange(lowest, upper))
    return ranges[::-1]
