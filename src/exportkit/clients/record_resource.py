"""Records of one kind in the second interface: slim lists, whole rows by id, streams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from exportkit.clients.api_session import ApiSession
from exportkit.clients.bulk_fetch import BulkAnswer, fetch_in_halves, keyed_by
from exportkit.clients.counted_rows import CountedRows, Row
from exportkit.clients.credentials import Family
from exportkit.clients.pages import Page, read_v2_page
from exportkit.clients.retries import EXPORT_READS, RetryPolicy
from exportkit.clients.row_stream import RowStream
from exportkit.clients.v2_list import V2List
from exportkit.clients.wire_row import WireRow

__all__ = ["GroundTruths", "RecordResource", "ResponseMode"]

ResponseMode = Literal["inline", "presigned"]


@dataclass(frozen=True)
class RecordKind:
    """Where records of a target are listed and fetched, and by which key."""

    target: str
    path: str
    key: str
    bulk_path: str
    bulk_key: str


KINDS: Mapping[str, RecordKind] = {
    "task": RecordKind("task", "/v2/tasks/", "id", "/v2/tasks/bulk-fetch/", "ids"),
    "assignment": RecordKind("assignment", "/v2/assignments/", "id", "/v2/assignments/bulk-fetch/", "ids"),
    "ground_truth": RecordKind(
        "ground_truth", "/v2/ground-truth-events/", "pgh_id", "/v2/ground-truth-events/bulk-data/", "pgh_ids"
    ),
}


class RecordResource:
    """Tasks, assignments or ground-truth events. Any thread may use it; calls raise ClientError and FilterRefused."""

    def __init__(self, session: ApiSession, kind: RecordKind) -> None:
        self._session = session
        self.kind = kind

    def pages(
        self, filters: Mapping[str, Any] | None = None, *, cursor: str | None = None, behind: int | None = None
    ) -> Iterator[Page]:
        """Slim pages, lazily, in falling order of the key, from the start, from a cursor, or behind a key."""
        return self._list(filters).pages(cursor=cursor, behind=behind)

    def list(self, params: Mapping[str, Any] | None = None, *, list_all: bool = False, **more: Any) -> Any:
        """One page ``{results, next, previous}``, or all slim rows with a total that nobody counted."""
        asked = {**(params or {}), **more}
        if list_all:
            rows = (row.plain() for page in self.pages(asked) for row in page.rows)
            return CountedRows(rows, -1)
        page = self._list(asked).page()
        return {"results": [row.plain() for row in page.rows], "next": page.next, "previous": page.previous}

    def bulk(
        self,
        ids: Sequence[int],
        *,
        response_mode: ResponseMode = "presigned",
        policy: RetryPolicy = EXPORT_READS,
    ) -> BulkAnswer:
        """Whole rows for up to 200 keys, and what became of those without a row. Raises ValueError for more."""

        def ask(chunk: Sequence[int]) -> Sequence[WireRow]:
            return self._session.call(
                "POST",
                self.kind.bulk_path,
                {"response_mode": response_mode},
                family=Family.V2,
                read=_read_rows,
                body={self.kind.bulk_key: list(chunk)},
                policy=policy,
            )

        return fetch_in_halves(ids, ask, keyed_by(self.kind.key, "id"))

    def bulk_fetch(self, ids: Sequence[int], *, response_mode: ResponseMode = "inline") -> Sequence[Row]:
        """The rows of :meth:`bulk` alone, as ordinary objects."""
        return [row.plain() for row in self.bulk(ids, response_mode=response_mode).rows.values()]

    bulk_data = bulk_fetch

    def again(self, row: Mapping[str, Any]) -> WireRow | None:
        """The row as the server has it now, with a new URL for its payload, or None where it is gone."""
        key = row.get(self.kind.key, row.get("id"))
        return self.bulk([key]).rows.get(key) if type(key) is int else None

    def stream(self, filters: Mapping[str, Any] | None = None, *, after: int | None = None) -> RowStream:
        """All whole rows in rising order of the key, where :meth:`BackendClientV2.capabilities` offers it."""
        return RowStream(
            self._session, f"{self.kind.path}stream/", self.kind.target, self.kind.key, filters, after=after
        )

    def _list(self, filters: Mapping[str, Any] | None) -> V2List:
        return V2List(self._session, self.kind.path, self.kind.target, self.kind.key, filters)


class GroundTruths:
    """Ground-truth records, fetched by id."""

    def __init__(self, session: ApiSession) -> None:
        self._session = session

    def bulk(self, ids: Sequence[int], filters: Mapping[str, Any] | None = None) -> BulkAnswer:
        """Whole records for up to 200 ids. Raises ValueError for more, and ClientError."""

        def ask(chunk: Sequence[int]) -> Sequence[WireRow]:
            return self._session.call(
                "POST",
                "/v2/ground-truths/bulk-data/",
                filters,
                family=Family.V2,
                read=_read_rows,
                body={"ids": list(chunk)},
                policy=EXPORT_READS,
            )

        return fetch_in_halves(ids, ask, keyed_by("id"))

    def bulk_data(self, ids: Sequence[int], **filters: Any) -> Sequence[Row]:
        """The records of :meth:`bulk` alone, as ordinary objects."""
        return [row.plain() for row in self.bulk(ids, filters).rows.values()]


_bare_rows = msgspec.json.Decoder(list[dict[str, msgspec.Raw]]).decode


def _read_rows(content: bytes) -> list[WireRow]:
    """Rows of a bulk answer: enveloped, as a bare page, or as a bare list."""
    if content.lstrip()[:1] == b"[":
        return [WireRow(row) for row in _bare_rows(content)]
    return read_v2_page(content).rows
