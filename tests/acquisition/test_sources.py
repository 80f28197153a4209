"""Whatever a filter says about paging, rows are listed in the one order in which none can be missed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from exportkit.acquisition.sources import PagedRows
from exportkit.clients.backend import BackendClient
from exportkit.clients.pages import Page


class Backend(BackendClient):
    """Notes how it is asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def pages(
        self,
        target: str,
        params: Mapping[str, Any] | None = None,
        *,
        cursor: str | None = None,
        behind: int | None = None,
    ) -> Iterator[Page]:
        self.asked.append(dict(params or {}))
        yield Page([], None)


@pytest.mark.parametrize(("target", "key"), [("task", "id"), ("assignment", "id"), ("ground_truth", "pgh_id")])
def test_pages_come_by_cursor_in_falling_order_of_the_key(target: str, key: str) -> None:
    backend = Backend()
    asked = {"project": 1, "ordering": "created", "pagination": "page"}
    assert list(PagedRows(backend, target, asked).chunks(None)) == []
    assert backend.asked == [{"project": 1, "ordering": f"-{key}", "pagination": "cursor"}]
