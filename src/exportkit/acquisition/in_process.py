"""The head that fetches by itself: list, payloads, originals, into the spool, chunk by chunk."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from exportkit.acquisition.original_files import OriginalFiles, Placed
from exportkit.acquisition.run_state import RunState
from exportkit.acquisition.sources import Chunk, ItemSource, key_of
from exportkit.acquisition.spool import Spool
from exportkit.acquisition.stored_line import file_entries, stored_line, wrapper_of
from exportkit.clients import WireRow
from exportkit.errors import RecordFault

__all__ = ["InProcessHead"]

#: Gives the payload behind a wrapper as bytes. Raises RecordFault where it cannot be had.
FetchPayload = Callable[[WireRow, dict[str, Any]], bytes]

#: Payloads that are fetched at once, and rows that may be ahead of their turn.
_WORKERS: Final = 8
_WINDOW: Final = 64
#: Chunks that may be listed ahead of those being stored.
_AHEAD: Final = 2


@dataclass(slots=True)
class _Coming:
    """A row on its way into the spool; what is being fetched for it are futures."""

    row: WireRow
    key: int
    payload: Future[bytes] | bytes | RecordFault
    files: dict[str, Future[Placed] | Placed]


class InProcessHead:
    """Fills a spool from a source. What was committed before is not fetched again.

    Payloads and originals are fetched in parallel, with a bounded number of rows on their way, and stored in the order
    of the list. Nothing is slowed down but by what the spool and the backend can take.
    """

    def __init__(
        self,
        source: ItemSource,
        spool: Spool,
        state: RunState,
        payload: FetchPayload,
        originals: OriginalFiles | None,
        progress: Callable[[int], object] = lambda _count: None,
    ) -> None:
        """`originals` is None where nobody needs the files themselves."""
        self._source = source
        self._spool = spool
        self._state = state
        self._payload = payload
        self._originals = originals
        self._progress = progress
        self._pool: ThreadPoolExecutor | None = None

    def acquire(self) -> None:
        """List everything that is not committed yet, store it, and commit. Raises ClientError and LocalIOError."""
        after, _ = self._state.position
        counts = self._state.counts()
        seen = sum(counts.values())
        with closing(_ahead(self._source.chunks(after), _AHEAD)) as chunks:
            try:
                for chunk in chunks:
                    seen += self._take(chunk)
                    self._progress(seen)
            finally:
                if self._pool is not None:
                    self._pool.shutdown(wait=True, cancel_futures=True)
        self._spool.commit()

    def _take(self, chunk: Chunk) -> int:
        known = self._state.known_keys([key_of(row, self._source.key) for row in chunk.rows])
        for coming in self._in_order(row for row in chunk.rows if key_of(row, self._source.key) not in known):
            self._store(coming)
        for missed in chunk.missed:
            self._spool.miss(missed.key, missed.item_id, missed.status, missed.reason)
        if self._spool.end_chunk(chunk.position) and self._originals is not None:
            self._originals.forget_committed()
        return len(chunk.rows) - len(known) + len(chunk.missed)

    def _in_order(self, rows: Iterable[WireRow]) -> Iterator[_Coming]:
        waiting: deque[_Coming] = deque()
        for row in rows:
            waiting.append(self._begin(row))
            if len(waiting) > _WINDOW:
                yield waiting.popleft()
        yield from waiting

    def _begin(self, row: WireRow) -> _Coming:
        key, identity = key_of(row, self._source.key), _identity(row)
        payload: Future[bytes] | bytes | RecordFault
        files: dict[str, Future[Placed] | Placed] = {}
        try:
            wrapper = wrapper_of(row)
            if wrapper is None:
                payload = row.raw("data") or b"null"
            else:
                self._pool = self._pool or ThreadPoolExecutor(_WORKERS, "exportkit-payloads")
                payload = self._pool.submit(self._payload, row, wrapper)
            for name, entry in file_entries(row).items():
                files[name] = (
                    self._originals.place(identity, name, entry) if self._originals is not None else (entry, None)
                )
        except RecordFault as fault:
            payload = fault
        return _Coming(row, key, payload, files)

    def _store(self, coming: _Coming) -> None:
        identity = _identity(coming.row)
        try:
            data = coming.payload.result() if isinstance(coming.payload, Future) else coming.payload
            if isinstance(data, RecordFault):
                raise data
        except RecordFault as fault:
            self._spool.miss(coming.key, identity, "failed", f"{fault.code}: {fault.message}")
            return
        entries = {}
        for name, placing in coming.files.items():
            entries[name], facts = placing.result() if isinstance(placing, Future) else placing
            if facts is not None:
                self._spool.keep_file(facts)
        self._spool.store(coming.key, identity, stored_line(coming.row, data, entries))


def _identity(row: WireRow) -> Any:
    """The id of the item: ``id`` where there is one, else ``pgh_id`` (wire contract, section 5)."""
    identity = row.get("id")
    return row.get("pgh_id") if identity is None else identity


def _ahead(chunks: Iterator[Chunk], count: int) -> Generator[Chunk, None, None]:
    """The chunks, with so many of them fetched in a thread before they are asked for."""
    with ThreadPoolExecutor(1, "exportkit-list") as lister:
        waiting = deque(lister.submit(next, chunks, None) for _ in range(count))
        try:
            while (chunk := waiting.popleft().result()) is not None:
                waiting.append(lister.submit(next, chunks, None))
                yield chunk
        finally:
            for future in waiting:
                future.cancel()
