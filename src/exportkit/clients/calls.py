"""The calls of the protocol, spelt out once over a few questions that each client answers for itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from exportkit.clients.counted_rows import CountedRows, Row
from exportkit.clients.filter_keys import unsupported_keys
from exportkit.errors import FilterRefused

__all__ = ["LocalCalls", "ProtocolCalls"]

_PAGE_SIZE = 100


class ProtocolCalls(ABC):
    """The list, count and stream calls that plugins know."""

    @abstractmethod
    def _answer(self, target: str, filters: Mapping[str, Any] | None) -> CountedRows:
        """All rows of a target for an export, lazily, and how many there are."""

    @abstractmethod
    def _streamed(self, target: str, filters: Mapping[str, Any] | None) -> Iterable[Row]:
        """The same rows, uncounted."""

    @abstractmethod
    def _counted(self, target: str, filters: Mapping[str, Any] | None) -> int:
        """How many rows there are."""

    @abstractmethod
    def _listed(self, target: str, params: Mapping[str, Any] | None, *, list_all: bool) -> Any:
        """One page as the backend writes it, or all rows and how many there are."""

    def get_assignments(self, filters: Mapping[str, Any] | None = None) -> CountedRows:
        return self._answer("assignment", filters)

    def get_tasks(self, filters: Mapping[str, Any] | None = None) -> CountedRows:
        return self._answer("task", filters)

    def get_assignments_stream(self, filters: Mapping[str, Any] | None = None) -> Iterable[Row]:
        return self._streamed("assignment", filters)

    def get_tasks_stream(self, filters: Mapping[str, Any] | None = None) -> Iterable[Row]:
        return self._streamed("task", filters)

    def count_assignments(self, filters: Mapping[str, Any] | None = None) -> int:
        return self._counted("assignment", filters)

    def count_tasks(self, filters: Mapping[str, Any] | None = None) -> int:
        return self._counted("task", filters)

    def list_tasks(self, params: Mapping[str, Any] | None = None, *, list_all: bool = False, **_: Any) -> Any:
        return self._listed("task", params, list_all=list_all)

    def list_assignments(self, params: Mapping[str, Any] | None = None, *, list_all: bool = False, **_: Any) -> Any:
        return self._listed("assignment", params, list_all=list_all)

    def list_ground_truth_events(
        self, params: Mapping[str, Any] | None = None, *, list_all: bool = False, **_: Any
    ) -> Any:
        return self._listed("ground_truth", params, list_all=list_all)


class LocalCalls(ProtocolCalls):
    """A client whose rows are at hand: every call over :meth:`_rows` and :meth:`_count`."""

    @abstractmethod
    def _rows(self, target: str, filters: Mapping[str, Any]) -> Iterable[Row]:
        """Rows of a target that a filter selects, lazily, as often as they are asked for."""

    @abstractmethod
    def _count(self, target: str, filters: Mapping[str, Any]) -> int:
        """How many rows :meth:`_rows` stands for."""

    def _answer(self, target: str, filters: Mapping[str, Any] | None) -> CountedRows:
        asked = _known(target, filters)
        return CountedRows(self._rows(target, asked), self._count(target, asked))

    def _streamed(self, target: str, filters: Mapping[str, Any] | None) -> Iterable[Row]:
        return self._rows(target, _known(target, filters))

    def _counted(self, target: str, filters: Mapping[str, Any] | None) -> int:
        return self._count(target, _known(target, filters))

    def _listed(self, target: str, params: Mapping[str, Any] | None, *, list_all: bool) -> Any:
        if list_all:
            return self._answer(target, params)
        asked = _known(target, params)
        size = _positive(asked, "page_size", _PAGE_SIZE)
        page = _positive(asked, "page", 1)
        total = self._count(target, asked)
        rows = self._rows(target, asked)
        results = list(islice(iter(rows), (page - 1) * size, page * size))
        return {
            "count": total,
            "next": f"?page={page + 1}&page_size={size}" if page * size < total else None,
            "previous": f"?page={page - 1}&page_size={size}" if page > 1 else None,
            "results": results,
        }


def _known(target: str, filters: Mapping[str, Any] | None) -> dict[str, Any]:
    asked = dict(filters or {})
    unknown = unsupported_keys(target, asked)
    if unknown:
        raise FilterRefused(f"The filter key {', '.join(map(repr, unknown))} is not known for {target}; remove it.")
    return asked


def _positive(asked: Mapping[str, Any], key: str, usual: int) -> int:
    value = asked.get(key)
    if value is None:
        return usual
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise FilterRefused(f"{key} must be a whole number from 1, not {value!r}.")
    return value
