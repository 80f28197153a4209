"""Where listed rows come from: three styles behind one interface, each in chunks that are committed as a whole."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice, takewhile
from typing import Any, Final, Protocol

from exportkit.clients import WireRow
from exportkit.clients.backend import BackendClient
from exportkit.clients.bulk_fetch import BulkAnswer
from exportkit.clients.record_resource import RecordResource

__all__ = ["CHUNK_ROWS", "BulkRows", "Chunk", "ItemSource", "Missed", "PagedRows", "StreamedRows", "key_of"]

#: Ids of one bulk call, and rows of one chunk (wire contract, section 6).
CHUNK_ROWS: Final = 200


@dataclass(frozen=True, slots=True)
class Missed:
    """A listed row that did not come: ``gone`` where the server has it no more, else ``failed``."""

    key: int
    item_id: int | str
    status: str
    reason: str


@dataclass(slots=True)
class Chunk:
    """Rows in the order of the list, and what was listed beside them."""

    rows: list[WireRow]
    #: Key of the last listed row: what a later run goes on behind.
    position: int
    missed: list[Missed] = field(default_factory=list)


class ItemSource(Protocol):
    """One way to acquire the rows of a target under a filter."""

    #: Word for the style in the state of a run, which is never continued in another one.
    style: str
    #: Member of a row that orders the list.
    key: str

    def chunks(self, after: int | None) -> Iterator[Chunk]:
        """Rows behind the position `after`, or all. Raises ClientError where the backend fails for good."""
        ...


class PagedRows:
    """Whole rows, page by page, in falling order of their key: what every backend offers."""

    style = "pages"

    def __init__(self, client: BackendClient, target: str, params: Mapping[str, Any]) -> None:
        """`params` hold the filter and the paging, as the target's handler wants it."""
        self._client = client
        self._target = target
        self._params = dict(params)
        self.key = "pgh_id" if target == "ground_truth" else "id"

    def chunks(self, after: int | None) -> Iterator[Chunk]:
        for page in self._client.pages(self._target, self._params, behind=after):
            rows = iter(page.rows)
            while chunk := list(islice(rows, CHUNK_ROWS)):
                yield Chunk(chunk, key_of(chunk[-1], self.key))


def key_of(row: WireRow, key: str) -> int:
    """The key of a row. A row without one is refused where lists are read."""
    value: int = row[key]
    return value


class BulkRows:
    """Slim pages of ids in falling order, then whole rows by two hundred, several calls on their way at once."""

    style = "bulk"

    def __init__(self, records: RecordResource, filters: Mapping[str, Any], *, calls: int = 3) -> None:
        self._records = records
        self._filters = dict(filters)
        self._calls = calls
        self.key = records.kind.key

    def chunks(self, after: int | None) -> Iterator[Chunk]:
        with ThreadPoolExecutor(self._calls, "exportkit-bulk") as pool:
            coming: deque[tuple[list[int], Future[BulkAnswer]]] = deque()
            try:
                for ids in self._listed(after):
                    coming.append((ids, pool.submit(self._records.bulk, ids, response_mode="presigned")))
                    if len(coming) >= self._calls:
                        yield self._chunk(*coming.popleft())
                while coming:
                    yield self._chunk(*coming.popleft())
            finally:
                for _, future in coming:
                    future.cancel()

    def _listed(self, after: int | None) -> Iterator[list[int]]:
        for page in self._records.pages(self._filters, behind=after):
            keys = iter([key_of(row, self.key) for row in page.rows])
            while ids := list(islice(keys, CHUNK_ROWS)):
                yield ids

    def _chunk(self, ids: list[int], answer: Future[BulkAnswer]) -> Chunk:
        found = answer.result()
        missed = [Missed(key, key, "gone", "The record was deleted during the export.") for key in found.gone]
        missed += [Missed(key, key, "failed", f"E_WRAPPER: {reason}") for key, reason in found.failed.items()]
        return Chunk(list(found.rows.values()), ids[-1], missed)


class StreamedRows:
    """Whole rows over one connection in rising order, up to the newest row that there was when the run began."""

    style = "stream"

    def __init__(self, records: RecordResource, filters: Mapping[str, Any], newest: int | None) -> None:
        """`newest` is the key of that row, None where there was no row at all."""
        self._records = records
        self._filters = dict(filters)
        self._newest = newest
        self.key = records.kind.key

    def chunks(self, after: int | None) -> Iterator[Chunk]:
        if self._newest is None or (after is not None and after >= self._newest):
            return
        rows = takewhile(self._was_there, self._records.stream(self._filters, after=after))
        while chunk := list(islice(rows, CHUNK_ROWS)):
            yield Chunk(chunk, key_of(chunk[-1], self.key))

    def _was_there(self, row: WireRow) -> bool:
        return self._newest is not None and key_of(row, self.key) <= self._newest
