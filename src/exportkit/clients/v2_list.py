"""One slim list of the second interface, walked by any of the three forms of its cursor (wire contract, section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exportkit.clients.api_session import ApiSession
from exportkit.clients.credentials import Family
from exportkit.clients.filter_keys import PAGING_KEYS, SLIM_LIST_KEYS
from exportkit.clients.pages import Page, read_v2_page
from exportkit.clients.query import checked_filters, sent_filter
from exportkit.clients.row_list import RowList
from exportkit.errors import IncompleteExport

__all__ = ["V2List"]


class V2List(RowList):
    """Ids of a target and what little stands beside them, newest first.

    A filter key that the second interface may pass over without a word is sent only to a server that echoes what it
    applied: without the echo the first page ends the run (wire contract, section 8, rule 2).
    """

    family = Family.V2
    _read = staticmethod(read_v2_page)

    def __init__(self, session: ApiSession, path: str, target: str, key: str, params: Mapping[str, Any] | None) -> None:
        """`key` is the unique key that orders the list. Raises FilterRefused before anything is asked for."""
        asked = _with_single_version(checked_filters(target, params))
        asked.setdefault("sort", asked.pop("ordering", f"-{key}"))
        if "page_size" in asked:
            asked.setdefault("per_page", asked.pop("page_size"))
        super().__init__(session, path, key, asked, falls=asked["sort"] == f"-{key}")
        self._needs_echo = sorted(sent_filter(asked).keys() - SLIM_LIST_KEYS[target])

    def _first(self, params: Mapping[str, Any]) -> Page:
        return super()._first(_for_v2(params))

    def _following(self, cursor: str) -> Page:
        if "/" not in cursor and "?" not in cursor:
            return self._first({**self._asked, "cursor": cursor})
        # A path that is a query alone belongs to this list.
        return self._called(f"{self._path}{cursor}" if cursor.startswith("?") else self._session.url_of(cursor))

    def _judged(self, page: Page) -> Page:
        if self._needs_echo and page.applied_filter is None:
            raise IncompleteExport(
                f"The backend does not say whether its list applies {', '.join(self._needs_echo)}; "
                "export by its first interface (SYNAPSE_FORCE_V1_EXPORT=1). Nothing is exported."
            )
        return super()._judged(page)


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
