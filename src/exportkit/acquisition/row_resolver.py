"""Rows with everything that they only point to: payloads and originals, fetched side by side and given in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple

from exportkit.acquisition.original_files import OriginalFiles, Placed, is_fetchable
from exportkit.acquisition.run_state import FileFacts
from exportkit.acquisition.stored_line import file_entries, has_no_files, is_wrapped, may_be_wrapped, stored_line
from exportkit.clients import WireRow
from exportkit.clients.client_errors import ClientError
from exportkit.errors import RecordFault

__all__ = ["FetchPayload", "ResolvedRow", "RowResolver"]

#: Gives the payload of a row as bytes, wherever it lies. Raises RecordFault where it cannot be had.
FetchPayload = Callable[[WireRow], bytes | None]

#: Payloads that are fetched at once, and rows that may be ahead of their turn.
_WORKERS: Final = 8
_WINDOW: Final = 64


class ResolvedRow(NamedTuple):
    """A row with its canonical line, or with the reason why there is none."""

    row: WireRow
    line: bytes = b""
    fault: RecordFault | None = None
    #: Originals that were fetched for it.
    files: tuple[FileFacts, ...] = ()


@dataclass(slots=True)
class _Coming:
    row: WireRow
    payload: Future[bytes | None] | bytes | None
    files: dict[str, Future[Placed] | Placed] = field(default_factory=dict)
    #: Files that are no object: the row keeps them, for the tail to judge.
    as_it_came: bytes | None = None


class RowResolver:
    """Resolves rows in parallel, with a bounded number of them on their way."""

    def __init__(
        self,
        payload: FetchPayload,
        originals: OriginalFiles | None,
        reissue: Callable[[WireRow], Any] = lambda _row: None,
    ) -> None:
        """`originals` is None where nobody needs the files themselves; `reissue` gives a row with fresh URLs."""
        self._payload = payload
        self._reissue = reissue
        self._originals = originals
        self._pool: ThreadPoolExecutor | None = None

    def close(self) -> None:
        """Stop what is still being fetched."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def resolved(self, rows: Iterable[WireRow]) -> Iterator[ResolvedRow]:
        """Each row in its turn. Raises LocalIOError where this machine cannot keep a file."""
        waiting: deque[_Coming | ResolvedRow] = deque()
        for row in rows:
            begun = self._begin(row)
            if not waiting and isinstance(begun, ResolvedRow):
                yield begun
                continue
            waiting.append(begun)
            if len(waiting) > _WINDOW:
                yield self._end(waiting.popleft())
        for coming in waiting:
            yield self._end(coming)

    def _begin(self, row: WireRow) -> _Coming | ResolvedRow:
        """Have everything fetched that the row points to; one that points to nothing is resolved already."""
        data = row.raw("data")
        wrapped = may_be_wrapped(data) and is_wrapped(row)
        if not wrapped and has_no_files(row):
            return ResolvedRow(row, stored_line(row, data, {}))
        coming = _Coming(row, data)
        if wrapped:
            self._pool = self._pool or ThreadPoolExecutor(_WORKERS, "exportkit-payloads")
            coming.payload = self._pool.submit(self._payload, row)
        try:
            entries = file_entries(row)
        except RecordFault:
            coming.as_it_came = row.raw("files_manifest") or b"null"
            return coming
        identity = identity_of(row)
        for name, entry in entries.items():
            if self._originals is None:
                coming.files[name] = (_left_behind(entry), None)
            else:
                coming.files[name] = self._originals.place(identity, name, entry, partial(self._fresh_url, row, name))
        return coming

    def _fresh_url(self, row: WireRow, name: str) -> str | None:
        """The URL of one of the row's files, issued anew."""
        try:
            fresh = self._reissue(row)
            entry = file_entries(fresh).get(name) if fresh is not None else None
        except ClientError as error:
            if error.is_about_the_backend:
                raise
            return None
        except RecordFault:
            return None
        url = entry.get("url") if isinstance(entry, Mapping) else None
        return url if isinstance(url, str) else None

    def _end(self, coming: _Coming | ResolvedRow) -> ResolvedRow:
        if isinstance(coming, ResolvedRow):
            return coming
        try:
            data = coming.payload.result() if isinstance(coming.payload, Future) else coming.payload
        except RecordFault as fault:
            return ResolvedRow(coming.row, fault=fault)
        placed = {
            name: placing.result() if isinstance(placing, Future) else placing for name, placing in coming.files.items()
        }
        entries: Any = {name: entry for name, (entry, _) in placed.items()}
        line = stored_line(coming.row, data, entries if coming.as_it_came is None else coming.as_it_came)
        return ResolvedRow(coming.row, line, files=tuple(facts for _, facts in placed.values() if facts is not None))


def _left_behind(entry: Any) -> Any:
    """The entry of a file that stays where it is: behind its URL, and at no place of the acquired bundle."""
    if not isinstance(entry, Mapping) or not is_fetchable(entry.get("url")):
        return entry
    return {key: value for key, value in entry.items() if key != "bundle_path"}


def identity_of(row: WireRow) -> Any:
    """The id of the item: ``id`` where there is one, else ``pgh_id`` (wire contract, section 5)."""
    identity = row.get("id")
    return row.get("pgh_id") if identity is None else identity
