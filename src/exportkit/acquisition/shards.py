"""Ranges of ids into which a large export is cut, so that the server works on several at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

__all__ = ["BOUNDARY_PARAMS", "IdRange", "ranges_of"]

#: How the ids of a list are asked for: nothing but them, by cursor, as many as a page takes.
BOUNDARY_PARAMS: Final[dict[str, Any]] = {
    "fields": "id",
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


def ranges_of(ids: Iterable[int], size: int, below: int | None = None) -> Iterator[IdRange]:
    """Ranges with at most `size` of the ids each, disjoint, without gaps, from the highest to the lowest.

    `ids` fall; they are read no further than is needed to tell that there is one behind a range. `below` is where the
    former ranges end. Where one range would hold everything there is none.
    """
    upper, lowest, held = below, 0, 0
    is_split = below is not None
    for identity in ids:
        if upper is None:
            upper = identity + 1
        if held == size:
            yield IdRange(lowest, upper)
            upper, held, is_split = lowest, 0, True
        lowest = identity
        held += 1
    if held and upper is not None and is_split:
        yield IdRange(lowest, upper)
