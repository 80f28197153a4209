"""Where listed rows come from: three styles behind one interface, each in chunks that are committed as a whole."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from exportkit.clients import WireRow
from exportkit.clients.backend import BackendClient
from exportkit.clients.bulk_fetch import BulkAnswer
from exportkit.clients.plain_row import PlainRow, are_plain
from exportkit.clients.record_resource import RecordResource
from exportkit.clients.retries import page_policy

__all__ = ["CHUNK_ROWS", "BulkRows", "Chunk", "ItemSource", "Missed", "Pace", "PagedRows", "StreamedRows", "key_of"]

T = TypeVar("T")
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
    """Rows in the order of the list with their keys, and what was listed beside them."""

    #: All of one type.
    rows: list[WireRow] | list[PlainRow]
    keys: list[int]
    #: Key of the last listed row: what a later run goes on behind.
    position: int
    missed: list[Missed] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Pace:
    """How a backend is asked, where somebody wants it otherwise than usual. Times are seconds."""

    #: Of a page: how often it is asked for again, and how long is waited first.
    retries: int | None = None
    backoff: float | None = None
    #: Between two calls. Without it nothing slows a run but what the spool and the backend can take.
    pause: float = 0.0

    @property
    def params(self) -> dict[str, Any]:
        """As lists take them."""
        asked = {"page_retries": self.retries, "page_retry_backoff": self.backoff}
        return {key: value for key, value in asked.items() if value is not None}


class ItemSource(Protocol):
    """One way to acquire the rows of a target under a filter."""

    #: Whether keys fall from row to row, or rise.
    falls: bool

    def chunks(self, after: int | None) -> Iterator[Chunk]:
        """Rows behind the position `after`, or all. Raises ClientError where the backend fails for good."""
        ...


class PagedRows:
    """Whole rows, page by page, in falling order of their key: what every backend offers."""

    falls = True

    def __init__(self, client: BackendClient, target: str, params: Mapping[str, Any], *, pause: float = 0.0) -> None:
        """`params` hold the filter and the paging, as the target's handler wants it."""
        self._client = client
        self._pause = pause
        self._target = target
        self._key = "pgh_id" if target == "ground_truth" else "id"
        # In any other order a row may come twice, or never, while others are added and deleted.
        self._params = {**params, "pagination": "cursor", "ordering": f"-{self._key}"}

    def chunks(self, after: int | None) -> Iterator[Chunk]:
        for page in _paced(self._client.pages(self._target, self._params, behind=after), self._pause):
            for start in range(0, len(page.rows), CHUNK_ROWS):
                rows = page.rows[start : start + CHUNK_ROWS]
                keys = [key_of(row, self._key) for row in rows]
                yield Chunk(rows, keys, keys[-1])


def _paced(pieces: Iterable[T], pause: float) -> Iterator[T]:
    """The pieces with a pause between each and the next."""
    for number, piece in enumerate(pieces):
        if number and pause:
            time.sleep(pause)
        yield piece


def key_of(row: WireRow, key: str) -> int:
    """The key of a row. A row without one is refused where lists are read."""
    value: int = row[key]
    return value


class BulkRows:
    """Slim pages of ids in falling order, then whole rows by two hundred, several calls on their way at once."""

    falls = True

    def __init__(
        self, records: RecordResource, filters: Mapping[str, Any], *, calls: int = 3, pause: float = 0.0
    ) -> None:
        self._records = records
        self._pause = pause
        self._bulk = partial(records.bulk, response_mode="presigned", policy=page_policy(filters))
        self._filters = dict(filters)
        self._calls = calls
        self._key = records.kind.key

    def chunks(self, after: int | None) -> Iterator[Chunk]:
        with ThreadPoolExecutor(self._calls, "exportkit-bulk") as pool:
            coming: deque[tuple[list[int], Future[BulkAnswer]]] = deque()
            try:
                for ids in _paced(self._listed(after), self._pause):
                    coming.append((ids, pool.submit(self._bulk, ids)))
                    if len(coming) >= self._calls:
                        yield self._chunk(*coming.popleft())
                while coming:
                    yield self._chunk(*coming.popleft())
            finally:
                for _, future in coming:
                    future.cancel()

    def _listed(self, after: int | None) -> Iterator[list[int]]:
        for page in self._records.pages(self._filters, behind=after):
            keys = [key_of(row, self._key) for row in page.rows]
            for start in range(0, len(keys), CHUNK_ROWS):
                yield keys[start : start + CHUNK_ROWS]

    def _chunk(self, ids: list[int], answer: Future[BulkAnswer]) -> Chunk:
        found = answer.result()
        missed = [Missed(key, key, "gone", "The record was deleted during the export.") for key in found.gone]
        missed += [Missed(key, key, "failed", f"E_WRAPPER: {reason}") for key, reason in found.failed.items()]
        return Chunk(list(found.rows.values()), list(found.rows), ids[-1], missed)


class StreamedRows:
    """Whole rows over one connection in rising order, up to the newest row that there was when the run began."""

    falls = False

    def __init__(self, records: RecordResource, filters: Mapping[str, Any], newest: int | None) -> None:
        """`newest` is the key of that row, None where there was no row at all."""
        self._records = records
        self._filters = dict(filters)
        self._newest = newest

    def chunks(self, after: int | None) -> Iterator[Chunk]:
        if self._newest is None or (after is not None and after >= self._newest):
            return
        rows: list[Any] = []
        keys: list[int] = []
        for batch in self._records.stream(self._filters, after=after).batches(plain=True):
            if rows and are_plain(rows) != are_plain(batch.rows):
                yield Chunk(rows, keys, keys[-1])
                rows, keys = [], []
            known = bisect_right(batch.keys, self._newest)
            rows += batch.rows[:known]
            keys += batch.keys[:known]
            while len(keys) >= CHUNK_ROWS:
                yield Chunk(rows[:CHUNK_ROWS], keys[:CHUNK_ROWS], keys[CHUNK_ROWS - 1])
                del rows[:CHUNK_ROWS], keys[:CHUNK_ROWS]
            if known < len(batch.keys):
                break
        if keys:
            yield Chunk(rows, keys, keys[-1])
