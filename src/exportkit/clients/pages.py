"""Pages of a list: one answer read tolerantly, and the way from one to the next (wire contract, sections 3 and 4)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from exportkit.clients.client_errors import HostilePaging
from exportkit.clients.wire_row import WireRow, keys_of

__all__ = ["CursorGuard", "Page", "read_v1_page", "read_v2_page", "walk", "walked_behind"]

#: Empty pages in a row, after which a list is taken for one that never ends.
_MOST_EMPTY: Final = 1000
_Members = dict[str, msgspec.Raw]


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page, and where the next one is: ``next`` is what the server said, None at the end.

    ``count`` is None where the server did not state a whole number. ``applied_filter`` is the server's echo.
    """

    rows: list[WireRow]
    next: str | None
    previous: str | None = None
    count: int | None = None
    applied_filter: dict[str, Any] | None = None

    @property
    def ids(self) -> list[int]:
        """The ids of a list in which every row has a whole number as its id."""
        ids = keys_of(self.rows, "id")
        return [row["id"] for row in self.rows] if ids is None else ids


class _V1Body(msgspec.Struct):
    results: list[_Members]
    next: str | None = None
    previous: str | None = None
    count: Any = None
    applied_filter: Any = None
    applied_count: Any = None


class _Pagination(msgspec.Struct):
    next_cursor: str | None = None
    previous_cursor: str | None = None


class _Meta(msgspec.Struct):
    pagination: _Pagination | None = None
    applied_filter: Any = None
    applied_count: Any = None
    count: Any = None


class _V2Body(msgspec.Struct):
    """Enveloped (both ``data`` and ``meta``) or bare (``results``)."""

    data: list[_Members] | msgspec.UnsetType = msgspec.UNSET
    meta: _Meta | msgspec.UnsetType = msgspec.UNSET
    results: list[_Members] | msgspec.UnsetType = msgspec.UNSET
    next: str | None = None
    previous: str | None = None
    count: Any = None
    applied_filter: Any = None


_read_v1 = msgspec.json.Decoder(_V1Body).decode
_read_v2 = msgspec.json.Decoder(_V2Body).decode


def read_v1_page(content: bytes) -> Page:
    """A page of the first interface. Raises msgspec.DecodeError for anything else."""
    body = _read_v1(content)
    count = _whole(body.count)
    return Page(
        [WireRow(row) for row in body.results],
        body.next or None,
        body.previous or None,
        _whole(body.applied_count) if count is None else count,
        _filter(body.applied_filter),
    )


def read_v2_page(content: bytes) -> Page:
    """A page of the second interface, enveloped or not. Raises msgspec.DecodeError for anything else."""
    body = _read_v2(content)
    if body.data is not msgspec.UNSET and body.meta is not msgspec.UNSET:
        meta = body.meta
        paging = meta.pagination or _Pagination()
        rows, following, previous = body.data, paging.next_cursor, paging.previous_cursor
        count, applied = _whole(meta.applied_count), _filter(meta.applied_filter)
    elif body.results is not msgspec.UNSET:
        rows, following, previous = body.results, body.next, body.previous
        count, applied = _whole(body.count), _filter(body.applied_filter)
    else:
        raise msgspec.DecodeError("neither an envelope nor a bare page")
    return Page([WireRow(row) for row in rows], following or None, previous or None, count, applied)


class CursorGuard:
    """Watches a list for what would make it endless or lose rows: cursors that come again, ids that do not fall.

    Costs some bytes a page. `key` names the member that must fall strictly, or is None where the order is free.
    """

    def __init__(self, key: str | None) -> None:
        self._key = key
        self._seen: set[int] = set()
        self._empty = 0
        #: The last value of the key, where the list can be taken up again.
        self.last: int | None = None

    def admit(self, page: Page) -> None:
        """Raises HostilePaging."""
        if self._key is not None:
            self._follow(page.rows, self._key)
        self._empty = 0 if page.rows else self._empty + 1
        if self._empty > _MOST_EMPTY:
            raise HostilePaging(f"The backend sent {_MOST_EMPTY} pages without a row; the list never ends.")
        if page.next is not None:
            mark = hash(page.next)
            if mark in self._seen:
                raise HostilePaging("The backend's list leads in a circle: a cursor came twice.")
            self._seen.add(mark)

    def _follow(self, rows: Sequence[WireRow], key: str) -> None:
        """All keys at once; one by one where something is wrong with them, so that it is told."""
        keys = keys_of(rows, key) or []
        known = keys if self.last is None else [self.last, *keys]
        if keys and keys[-1] >= 0 and all(map(operator.gt, known, known[1:])):
            self.last = keys[-1]
            return
        for row in rows:
            self._fall(_key_of(row, key))

    def _fall(self, value: int | None) -> None:
        if value is None:
            raise HostilePaging(f"A row of the backend's list has no whole number as {self._key}.")
        if self.last is not None and value >= self.last:
            raise HostilePaging(
                f"The backend's list is not in falling order of {self._key}: {value} came after {self.last}."
            )
        self.last = value


def walk(first: Page, following: Callable[[str], Page], guard: CursorGuard) -> Iterator[Page]:
    """The first page and all behind it; only an absent cursor is the end, never a short or empty page."""
    page = first
    while True:
        guard.admit(page)
        yield page
        if page.next is None:
            return
        page = following(page.next)


def walked_behind(last: int, first: Page, following: Callable[[str], Page], key: str) -> Page:
    """The first page with rows behind `last` in falling order of a key, or the final page; earlier rows are left out.

    Raises HostilePaging.
    """
    page = first
    for page in walk(first, following, CursorGuard(key)):
        rows = [row for row in page.rows if (_key_of(row, key) or 0) < last]
        if rows or page.next is None:
            break
    return replace(page, rows=rows)


def _key_of(row: WireRow, key: str) -> int | None:
    """The key of a row; a list that names it otherwise has it as the id."""
    return _whole(row.get(key, row.get("id")))


def _whole(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _filter(value: Any) -> dict[str, Any] | None:
    return dict(value) if isinstance(value, Mapping) else None
