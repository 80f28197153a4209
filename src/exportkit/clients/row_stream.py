"""All rows of a target over one connection, as lines (wire contract, section 18)."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, cast

import httpx2
import msgspec

from exportkit.clients.api_session import ApiSession
from exportkit.clients.applied_filter import RowsAsked, compare_applied_filter
from exportkit.clients.client_errors import (
    AnswerTooLarge,
    ClientError,
    ClientResponseIncompleteError,
    HostilePaging,
)
from exportkit.clients.credentials import Family
from exportkit.clients.plain_row import PlainRow, keys_of_plain, plain_rows
from exportkit.clients.query import checked_filters
from exportkit.clients.retries import page_policy, wait_or_raise
from exportkit.clients.wire_row import WireRow, keys_of
from exportkit.errors import IncompleteExport

__all__ = ["RowBatch", "RowStream"]

#: Bytes of one line (reliability, section 10).
MOST_LINE: Final = 64 << 20
#: Seconds between the empty lines that a silent server sends; three of them may fail to come.
_HEARTBEAT: Final = 15.0
_rows: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_read_row = _rows.decode
_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeError, RecursionError)


class RowBatch(NamedTuple):
    """Rows of one type that came together, with their keys, which rise."""

    rows: list[WireRow] | list[PlainRow]
    keys: list[int]


class _End(msgspec.Struct):
    end: bool
    count: int
    last: int | None = None
    applied_filter: Any = None


_read_end = msgspec.json.Decoder(_End).decode


class RowStream:
    """Iterates over the rows in rising order of their key, each once, whatever happens to the connection.

    A body without its end marker is incomplete: it is taken up behind the last row, as often in a row without
    progress as the policy of pages allows. Iteration ends only after a marker whose numbers agree with what came.
    Raises ClientError, HostilePaging for rows out of order, IncompleteExport for a wrong end.
    """

    def __init__(
        self,
        session: ApiSession,
        path: str,
        target: str,
        key: str,
        filters: Mapping[str, Any] | None = None,
        *,
        after: int | None = None,
    ) -> None:
        """`key` orders the stream; `after` is the last row that is at hand already."""
        self._session = session
        self._path = path
        self._key = key
        self._filters = checked_filters(target, filters)
        self._policy = page_policy(self._filters)
        self._rows_asked = RowsAsked(self._filters)
        self._plain = False
        #: Key of the last row that came.
        self.last = after
        #: Rows so far.
        self.count = 0

    def __iter__(self) -> Iterator[WireRow]:
        for batch in self.batches():
            yield from cast("list[WireRow]", batch.rows)

    def batches(self, *, plain: bool = False) -> Iterator[RowBatch]:
        """The same rows, as many at once as came at once; `plain` ones where nobody has to look into any of them."""
        self._plain = plain and not self._rows_asked
        failures = 0
        while True:
            before = self.count
            try:
                yield from self._connection()
            except ClientError as error:
                failures = 0 if self.count > before else failures
                wait_or_raise(error, failures, self._policy, self._session.budget, sleep=self._session.sleep)
                failures += 1
            else:
                return

    def _connection(self) -> Iterator[RowBatch]:
        """Rows of one connection up to its end marker."""
        self._session.budget.note_request()
        params = dict(self._filters)
        if self.last is not None:
            params["after"] = self.last
        came = 0
        with self._session.opened(
            "GET",
            self._path,
            params,
            family=Family.V2,
            headers={"Accept": "application/x-ndjson"},
            read_timeout=3 * _HEARTBEAT,
        ) as response:
            for text in _pieces(response, self._path):
                for found in self._read(text):
                    if isinstance(found, _End):
                        self._finish(found, came)
                        return
                    came += len(found.rows)
                    yield found
        raise ClientResponseIncompleteError(f"GET {self._path} broke off before its end marker.")

    def _read(self, text: bytes) -> Iterator[RowBatch | _End]:
        """All rows at once; one by one where anything else is among them, so that all before it counts."""
        batch = self._batch(text)
        if batch is not None:
            yield self._taken(batch)
            return
        for line in text.split(b"\n"):
            if line.strip():
                found = self._row(line)
                yield found if isinstance(found, _End) else self._taken(found)

    def _batch(self, text: bytes) -> RowBatch | None:
        """Rows in rising order, and nothing else."""
        plain = plain_rows(text) if self._plain else None
        if plain:
            return self._rising(plain, keys_of_plain(plain, self._key))
        try:
            rows = [WireRow(members) for members in _rows.decode_lines(text)]
        except _UNREADABLE:
            return None
        return self._rising(rows, keys_of(rows, self._key))

    def _rising(self, rows: list[WireRow] | list[PlainRow], keys: list[int] | None) -> RowBatch | None:
        if not keys:
            return None
        known = keys if self.last is None else [self.last, *keys]
        return RowBatch(rows, keys) if all(map(operator.lt, known, known[1:])) else None

    def _row(self, line: bytes) -> RowBatch | _End:
        try:
            members = _read_row(line)
            if "end" in members and "data" not in members:
                return _read_end(line)
        except RecursionError:
            raise AnswerTooLarge(f"A line of GET {self._path} nests deeper than is read.") from None
        except (msgspec.MsgspecError, UnicodeError):
            raise ClientResponseIncompleteError(f"A line of GET {self._path} is no JSON object.") from None
        row = WireRow(members)
        value = row.get(self._key, row.get("id"))
        if type(value) is not int:
            raise HostilePaging(f"A row of GET {self._path} has no whole number as {self._key}.")
        if self.last is not None and value <= self.last:
            raise HostilePaging(f"GET {self._path} is not in rising order: {value} came after {self.last}.")
        return RowBatch([row], [value])

    def _taken(self, batch: RowBatch) -> RowBatch:
        if self._rows_asked:
            self._rows_asked.require(cast("list[WireRow]", batch.rows))
        self.last = batch.keys[-1]
        self.count += len(batch.rows)
        return batch

    def _finish(self, end: _End, came: int) -> None:
        compare_applied_filter(self._filters, end.applied_filter if isinstance(end.applied_filter, dict) else None)
        if not end.end or end.count not in {came, self.count} or end.last not in {None, self.last}:
            raise IncompleteExport(
                f"The backend's stream ends with {end.count} rows up to {end.last}, and {came} rows up to "
                f"{self.last} came; nothing is exported.",
                expected=end.count,
                received=came,
            )


def _pieces(response: httpx2.Response, path: str) -> Iterator[bytes]:
    """Whole lines, bounded, as they come; what stands behind the last line break is no line."""
    begun: list[bytes] = []
    size = 0
    for piece in response.iter_bytes():
        end = piece.rfind(b"\n") + 1
        if size + (piece.find(b"\n") if end else len(piece)) > MOST_LINE:
            raise AnswerTooLarge(f"A line of GET {path} has more than {MOST_LINE} bytes.")
        if not end:
            begun.append(piece)
            size += len(piece)
            continue
        yield b"".join((*begun, piece[:end]))
        begun, size = [piece[end:]], len(piece) - end
