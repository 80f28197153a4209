"""One list of the first interface (wire contract, section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from exportkit.clients.api_session import ApiSession
from exportkit.clients.credentials import Family
from exportkit.clients.pages import Page, read_v1_page
from exportkit.clients.query import checked_filters, sent_filter
from exportkit.clients.row_list import RowList

__all__ = ["V1List"]


class V1List(RowList):
    """Whole rows of a target, or a count of them."""

    PATHS: ClassVar[Mapping[str, str]] = {
        "task": "/sdk/tasks/",
        "assignment": "/sdk/assignments/",
        "ground_truth": "/sdk/ground_truth_events/",
    }
    #: The unique key that orders each list.
    KEYS: ClassVar[Mapping[str, str]] = {"task": "id", "assignment": "id", "ground_truth": "pgh_id"}
    family = Family.V1
    _read = staticmethod(read_v1_page)

    def __init__(self, session: ApiSession, target: str, params: Mapping[str, Any] | None) -> None:
        """Raises FilterRefused before anything is asked for."""
        asked = checked_filters(target, params)
        key = self.KEYS[target]
        falls = asked.get("pagination") == "cursor" and asked.get("ordering", f"-{key}") == f"-{key}"
        super().__init__(session, self.PATHS[target], key, asked, falls=falls)

    def count(self) -> int | None:
        """How many rows there are, by one short page; None where the server does not say."""
        return self._first({**sent_filter(self._asked), "page_size": 1}).count

    def _behind(self, last: int) -> Page:
        """By a bound, which is a list of its own. Events have no filter on their own key."""
        if self._key != "id":
            return super()._behind(last)
        return self._first({**self._asked, "id__lt": min(last, int(self._asked.get("id__lt", last)))})

    def _following(self, cursor: str) -> Page:
        return self._called(self._session.url_of(cursor))
