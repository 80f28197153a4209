"""The head that fetches by itself: list, payloads, originals, into the spool, chunk by chunk."""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, Final, cast

from exportkit.acquisition.row_resolver import ResolvedRow, RowResolver, identity_of
from exportkit.acquisition.run_state import RunState
from exportkit.acquisition.sources import Chunk, ItemSource
from exportkit.acquisition.spool import Spool
from exportkit.acquisition.stored_line import plain_lines
from exportkit.clients import WireRow
from exportkit.clients.plain_row import PlainRow

__all__ = ["InProcessHead"]

#: Chunks that may be listed ahead of those being stored.
_AHEAD: Final = 2


class InProcessHead:
    """Fills a spool from a source. What was committed before is not fetched again.

    Rows are stored in the order of the list. Nothing is slowed down but by what the spool and the backend can take.
    """

    def __init__(
        self,
        source: ItemSource,
        spool: Spool,
        state: RunState,
        resolver: RowResolver,
        progress: Callable[[int], object] = lambda _count: None,
    ) -> None:
        """`progress` is told how many items were listed so far."""
        self._source = source
        self._spool = spool
        self._state = state
        self._resolver = resolver
        self._progress = progress

    def acquire(self) -> None:
        """List everything that is not committed yet, store it, and commit. Raises ClientError and LocalIOError."""
        after, _ = self._state.position
        seen = sum(self._state.counts().values())
        with closing(_ahead(self._source.chunks(after), _AHEAD)) as chunks:
            for chunk in chunks:
                seen += self._take(chunk)
                self._progress(seen)
        self._spool.commit()

    def _take(self, chunk: Chunk) -> int:
        rows, keys = self._new(chunk)
        lines = plain_lines(rows)
        if lines is not None:
            self._spool.store(keys, lines)
        else:
            for key, resolved in zip(keys, self._resolver.resolved(cast("list[WireRow]", rows)), strict=True):
                self._store(key, resolved)
        for missed in chunk.missed:
            self._spool.miss(missed.key, missed.item_id, missed.status, missed.reason)
        self._spool.end_chunk(chunk.position)
        return len(rows) + len(chunk.missed)

    def _new(self, chunk: Chunk) -> tuple[list[WireRow] | list[PlainRow], list[int]]:
        """Rows that were not taken before, by their keys: all, where the list goes on as it has to."""
        last = self._spool.position
        keys = chunk.keys if last is None else [last, *chunk.keys]
        if all(map(operator.gt if self._source.falls else operator.lt, keys, keys[1:])):
            return chunk.rows, chunk.keys
        self._spool.commit()
        known = self._state.known_keys(chunk.keys)
        rows: dict[int, Any] = {key: row for key, row in zip(chunk.keys, chunk.rows, strict=True) if key not in known}
        return list(rows.values()), list(rows)

    def _store(self, key: int, resolved: ResolvedRow) -> None:
        fault = resolved.fault
        if fault is not None:
            self._spool.miss(key, identity_of(resolved.row), "failed", f"{fault.code}: {fault.message}")
            return
        for facts in resolved.files:
            self._spool.keep_file(facts)
        self._spool.store((key,), resolved.line)


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
