"""One list of a backend, walked from page to page and taken up where it broke off (wire contract, sections 3 and 4)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from exportkit.clients.api_session import ApiSession
from exportkit.clients.applied_filter import RowsAsked, compare_applied_filter
from exportkit.clients.client_errors import ClientError
from exportkit.clients.credentials import Family
from exportkit.clients.pages import CursorGuard, Page, walk, walked_behind
from exportkit.clients.retries import page_policy

__all__ = ["RowList"]

#: Answers to a cursor that has ended.
_ENDED: Final = frozenset({400, 410})


class RowList(ABC):
    """The rows of a target under a filter. Every page is judged: its echo of the filter, its ids, its order."""

    family: ClassVar[Family]

    def __init__(self, session: ApiSession, path: str, key: str, asked: Mapping[str, Any], *, falls: bool) -> None:
        """`key` is the unique key that orders the list, `falls` whether it is asked for in falling order.

        Raises FilterRefused for ids that cannot be understood.
        """
        self._session = session
        self._path = path
        self._key = key
        self._asked = asked
        self._falls = falls
        self._policy = page_policy(asked)
        self._rows_asked = RowsAsked(asked)
        #: What the pages of now were asked with; the cursors of the server carry it along.
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
            if error.status_code not in _ENDED or not self._falls or guard.last is None:
                raise
            return self._behind(guard.last)

    def _behind(self, last: int) -> Page:
        """The page behind a key, by walking the list anew up to where it was: nothing is lost."""
        return walked_behind(last, self._first(self._asked), self._following, self._key)

    def _first(self, params: Mapping[str, Any]) -> Page:
        self._sent = params
        return self._called(self._path, params)

    @abstractmethod
    def _following(self, cursor: str) -> Page:
        """The page that a cursor of the server stands for."""

    def _called(self, target: str, params: Mapping[str, Any] | None = None) -> Page:
        page = self._session.call("GET", target, params, family=self.family, read=self._read, policy=self._policy)
        return self._judged(page)

    @staticmethod
    @abstractmethod
    def _read(content: bytes) -> Page:
        """A page as this interface writes it."""

    def _judged(self, page: Page) -> Page:
        compare_applied_filter(self._sent, page.applied_filter)
        self._rows_asked.require(page.rows)
        return page
