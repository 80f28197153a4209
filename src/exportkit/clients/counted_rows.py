"""One answer of a list call for both idioms that plugins use: a pair, and something with a length."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

__all__ = ["CountedRows", "Row"]

#: One row as the backend shaped it.
Row = Mapping[str, Any]


class CountedRows(tuple[Iterable[Row], int]):
    """The pair ``(rows, total)`` whose ``len()`` is the total (SDK behaviour, section 11).

    ``rows, total = answer``, indexing and iteration see the pair; ``return answer, len(answer)`` states the total.
    """

    __slots__ = ()

    def __new__(cls, rows: Iterable[Row], total: int) -> Self:
        """``rows`` may be lazy; ``total`` is what the source counted, not what it will give."""
        return super().__new__(cls, (rows, total))

    @property
    def rows(self) -> Iterable[Row]:
        """The rows, each once, in the order of the source."""
        return self[0]

    @property
    def total(self) -> int:
        """How many rows the source counted."""
        return self[1]

    def __len__(self) -> int:
        return max(0, self[1])
