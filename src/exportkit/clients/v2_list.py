"""One slim list of the second interface, walked by any of the three forms of its cursor (wire contract, section 4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from exportkit.clients.api_session import ApiSession
from exportkit.clients.applied_filter import RowsAsked, compare_applied_filter
from exportkit.clients.client_errors import ClientError
from exportkit.clients.credentials import Family
from exportkit.clients.filter_keys import PAGING_KEYS, SLIM_LIST_KEYS
from exportkit.clients.pages import CursorGuard, Page, read_v2_page, walk
from exportkit.clients.query import checked_filters, sent_filter
from exportkit.clients.v1_list import page_policy
from exportkit.errors import IncompleteExport

__all__ = ["V2List"]

_ENDED: Final = frozenset({400, 410})


class V2List:
    """Ids of a target and what little stands beside them, newest first.

    A filter key that the second interface may pass over without a word is sent only to a server that echoes what it
    applied: without the echo the first page ends the run (wire contract, section 8, rule 2).
    """

    def __init__(self, session: ApiSession, path: str, target: str, key: str, params: Mapping[str, Any] | None) -> None:
        """`key` is the unique key that orders the list. Raises FilterRefused before anything is asked for."""
        self._session = session
        self._path = path
        self._target = target
        self._key = key
        asked = _with_single_version(checked_filters(target, params))
        asked.setdefault("sort", asked.pop("ordering", f"-{key}"))
        if "page_size" in asked:
            asked.setdefault("per_page", asked.pop("page_size"))
        self._policy = page_policy(asked)
        self._asked = asked
        self._rows_asked = RowsAsked(asked)
        self._falls = asked["sort"] == f"-{key}"
        self._needs_echo = sorted(sent_filter(asked).keys() - SLIM_LIST_KEYS[target])
        self._sent = asked

    def page(self) -> Page:
        """The first page."""
        return self._first(self._asked)

    def pages(self, *, cursor: str | None = None, behind: int | None = None) -> Iterator[Page]:
        """All pages, lazily, from the start, from the cursor of a page, or behind a key."""
        guard = CursorGuard(self._key if self._falls else None)
        guard.last = behind
        if behind is not None:
            first = self._behind(behind)
        else:
            first = self._first(self._asked) if cursor is None else self._following(cursor)
        yield from walk(first, lambda where: self._next(where, guard), guard)

    def _next(self, cursor: str, guard: CursorGuard) -> Page:
        try:
            return self._following(cursor)
        except ClientError as error:
            if error.status_code not in _ENDED or not self._falls or guard.last is None:
                raise
            return self._behind(guard.last)

    def _behind(self, last: int) -> Page:
        """The page behind a key. A list without bounds is walked anew: slim pages are cheap, and nothing is lost."""
        again = CursorGuard(self._key)
        for page in walk(self._first(self._asked), self._following, again):
            rows = [row for row in page.rows if row.get(self._key, row.get("id")) < last]
            if rows or page.next is None:
                return Page(rows, page.next, page.previous, page.count, page.applied_filter)
        raise AssertionError("unreachable")

    def _first(self, params: Mapping[str, Any]) -> Page:
        return self._judged(
            self._session.call(
                "GET", self._path, _for_v2(params), family=Family.V2, read=read_v2_page, policy=self._policy
            )
        )

    def _following(self, cursor: str) -> Page:
        if "/" not in cursor and "?" not in cursor:
            return self._first({**self._asked, "cursor": cursor})
        # A path that is a query alone belongs to this list.
        url = self._session.url_of(f"{self._path}{cursor}" if cursor.startswith("?") else cursor)
        return self._judged(self._session.call("GET", url, family=Family.V2, read=read_v2_page, policy=self._policy))

    def _judged(self, page: Page) -> Page:
        if self._needs_echo and page.applied_filter is None:
            raise IncompleteExport(
                f"The backend does not say whether its list applies {', '.join(self._needs_echo)}; "
                "export by its first interface (SYNAPSE_FORCE_V1_EXPORT=1). Nothing is exported."
            )
        compare_applied_filter(self._asked, page.applied_filter)
        self._rows_asked.require(page.rows)
        return page


def _with_single_version(filters: dict[str, Any]) -> dict[str, Any]:
    """One dataset version under the singular key, which is the one that these lists know."""
    versions = filters.get("ground_truth_dataset_versions")
    if not isinstance(versions, list) or len(versions) != 1:
        return filters
    rest = {key: value for key, value in filters.items() if key != "ground_truth_dataset_versions"}
    return {**rest, "ground_truth_dataset_version": versions[0]}


def _for_v2(params: Mapping[str, Any]) -> dict[str, Any]:
    """Without what only the first interface reads."""
    left_out = PAGING_KEYS - {"cursor", "per_page", "sort", "fields"}
    return {key: value for key, value in params.items() if key not in left_out}
