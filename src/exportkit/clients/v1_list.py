"""One list of the first interface, walked from page to page (wire contract, section 3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from exportkit.clients.api_session import ApiSession
from exportkit.clients.applied_filter import RowsAsked, compare_applied_filter
from exportkit.clients.client_errors import ClientError
from exportkit.clients.credentials import Family
from exportkit.clients.pages import CursorGuard, Page, read_v1_page, walk
from exportkit.clients.query import checked_filters
from exportkit.clients.retries import EXPORT_READS, RetryPolicy

__all__ = ["V1List"]

#: Paging that says nothing about how many rows there are.
_NOT_COUNTED = ("expand", "fields", "pagination", "cursor", "page", "response_mode", "ordering")
#: Answers to a cursor that has ended.
_ENDED = frozenset({400, 410})


class V1List:
    """The rows of a target under a filter. Every page is judged: its echo of the filter, its ids, its order."""

    PATHS: ClassVar[Mapping[str, str]] = {
        "task": "/sdk/tasks/",
        "assignment": "/sdk/assignments/",
        "ground_truth": "/sdk/ground_truth_events/",
    }
    #: The unique key that orders each list.
    KEYS: ClassVar[Mapping[str, str]] = {"task": "id", "assignment": "id", "ground_truth": "pgh_id"}

    def __init__(self, session: ApiSession, target: str, params: Mapping[str, Any] | None) -> None:
        """Raises FilterRefused before anything is asked for."""
        self._session = session
        self._target = target
        self._asked = checked_filters(target, params)
        self._policy = page_policy(self._asked)
        self._rows_asked = RowsAsked(self._asked)
        key = self.KEYS[target]
        paged = self._asked.get("pagination") == "cursor" and self._asked.get("ordering", f"-{key}") == f"-{key}"
        self._key = key if paged else None
        #: What the pages of now were asked with; the URLs of the server carry it along.
        self._sent = self._asked

    def page(self) -> Page:
        """The first page."""
        return self._first(self._asked)

    def count(self) -> int | None:
        """How many rows there are, by one short page; None where the server does not say."""
        asked = {key: value for key, value in self._asked.items() if key not in _NOT_COUNTED}
        return self._first({**asked, "page_size": 1}).count

    def pages(self, *, cursor: str | None = None, behind: int | None = None) -> Iterator[Page]:
        """All pages, lazily, from the start, from a cursor, or behind a key."""
        guard = CursorGuard(self._key)
        guard.last = behind
        if behind is not None:
            first = self._behind(behind)
        elif cursor is not None:
            first = self._following(cursor)
        else:
            first = self._first(self._asked)
        yield from walk(first, lambda where: self._next(where, guard), guard)

    def _next(self, cursor: str, guard: CursorGuard) -> Page:
        try:
            return self._following(cursor)
        except ClientError as error:
            # A cursor may have ended (a restart, a lifetime); the place in the list has not.
            if error.status_code not in _ENDED or self._key is None or guard.last is None:
                raise
            return self._behind(guard.last)

    def _behind(self, last: int) -> Page:
        """The page behind a key, by a list of its own."""
        if self._target != "ground_truth":
            bound = min(last, int(self._asked.get("id__lt", last)))
            return self._first({**self._asked, "id__lt": bound})
        # Events have no filter on their own key: the list is walked anew up to where it was.
        again = CursorGuard("pgh_id")
        for page in walk(self._first(self._asked), self._following, again):
            rows = [row for row in page.rows if row["pgh_id"] < last]
            if rows or page.next is None:
                return Page(rows, page.next, page.previous, page.count, page.applied_filter)
        raise AssertionError("unreachable")

    def _first(self, params: Mapping[str, Any]) -> Page:
        self._sent = dict(params)
        return self._judged(
            self._session.call(
                "GET", self.PATHS[self._target], params, family=Family.V1, read=read_v1_page, policy=self._policy
            )
        )

    def _following(self, cursor: str) -> Page:
        url = self._session.url_of(cursor)
        return self._judged(self._session.call("GET", url, family=Family.V1, read=read_v1_page, policy=self._policy))

    def _judged(self, page: Page) -> Page:
        compare_applied_filter(self._sent, page.applied_filter)
        self._rows_asked.require(page.rows)
        return page


def page_policy(params: Mapping[str, Any]) -> RetryPolicy:
    """How pages are repeated: the policy of exports, changed by what stands among the params."""
    statuses = params.get("retry_on_status")
    return RetryPolicy(
        retries=int(params.get("page_retries", EXPORT_READS.retries)),
        statuses=EXPORT_READS.statuses if statuses is None else frozenset(map(int, statuses)) | {408, 429},
        backoff=float(params.get("page_retry_backoff", EXPORT_READS.backoff)),
    )
