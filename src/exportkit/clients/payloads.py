"""The payload of a row, wherever it lies, as the bytes that came (wire contract, section 7)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from exportkit.clients.client_errors import ClientError
from exportkit.clients.counted_rows import Row
from exportkit.clients.objects import ObjectFetcher, ObjectGone
from exportkit.clients.url_lifetime import is_worn
from exportkit.clients.wire_row import WireRow
from exportkit.errors import RecordFault
from exportkit.normalize.item import file_digest
from exportkit.wire import is_wrapper, unwrap
from exportkit.wire.wrapper import INLINE_KEYS

__all__ = ["PayloadFetcher", "Reissue"]

#: Gives the row once more, with a fresh URL, or None where that cannot be asked for.
Reissue = Callable[[Row], Row | None]

_REISSUES: Final = 3
T = TypeVar("T")


class PayloadFetcher:
    """Takes payloads out of their wrappers; what only looks like one comes back untouched. Any thread may use it.

    A URL that is dead, or about to be, is never tried again: a new one is asked for with `reissue`, three times at
    most. A failure is a RecordFault ``E_WRAPPER`` and costs one item; no URL stands in its message. Only a backend that
    gives nobody a new URL, away as it is or closed to this caller, ends the run by its ClientError.
    """

    def __init__(
        self, fetcher: ObjectFetcher, reissue: Reissue = lambda _row: None, *, now: Callable[[], float] = time.time
    ) -> None:
        """`now` is the wall clock, by which signed URLs end."""
        self._fetcher = fetcher
        self._reissue = reissue
        self._now = now

    def raw(self, row: WireRow, *, received: float | None = None) -> bytes | None:
        """The payload of a row, byte for byte; None where the row has no ``data``.

        `received` is when the row came, by the wall clock.
        """
        data = row.raw("data")
        if data is None or b'"mode"' not in data:
            return data
        return self._resolved(row["data"], row, received, self._fetcher.content, _bytes_of)

    def value(self, data: Any, row: Row, *, received: float | None = None) -> Any:
        """The payload that `data`, of this row, is or stands for, parsed."""
        return self._resolved(data, row, received, self._fetcher.json, _value_of)

    def _resolved(
        self,
        data: Any,
        row: Row,
        received: float | None,
        fetch: Callable[..., T],
        found: Callable[[Any, Row], T],
    ) -> T:
        """`fetch` gives what lies behind a URL, `found` what stands in a row itself."""
        issued = self._now() if received is None else received
        for reissues in range(_REISSUES + 1):
            if not is_wrapper(data) or (data["mode"] == "inline" and data.get("truncated") is not True):
                return found(data, row)
            url = _url_of(data)
            gone: ObjectGone | None = None
            is_last = reissues == _REISSUES
            # What seems worn is tried all the same where nothing newer can be had: clocks differ.
            if is_last or not is_worn(url, issued, self._now()):
                try:
                    return self._fetched(fetch, url, data)
                except ObjectGone as error:
                    gone = error
            fresh = None if is_last else self._reissued(row)
            if fresh is None or fresh.get("data") == data:
                return self._given_up(gone, fetch, url, data)
            row, data, issued = fresh, fresh.get("data"), self._now()
        raise AssertionError("unreachable")

    def _given_up(self, gone: ObjectGone | None, fetch: Callable[..., T], url: str, data: dict[str, Any]) -> T:
        """What the only URL there is gives, if it was not tried yet."""
        if gone is None:
            try:
                return self._fetched(fetch, url, data)
            except ObjectGone as error:
                gone = error
        raise RecordFault("E_WRAPPER", f"The payload cannot be fetched: {gone}", "$.data") from gone

    def _reissued(self, row: Row) -> Row | None:
        """The row with a new URL, or None. Raises ClientError where the backend as a whole is to blame."""
        try:
            return self._reissue(row)
        except Exception as error:
            if isinstance(error, ClientError) and error.is_about_the_backend:
                raise
            raise RecordFault("E_WRAPPER", f"No new URL for the payload could be had: {error}", "$.data") from error

    @staticmethod
    def _fetched(fetch: Callable[..., T], url: str, data: dict[str, Any]) -> T:
        size = data.get("size")
        try:
            return fetch(url, size=size if type(size) is int else None, sha256=file_digest(data.get("data_digest")))
        except ObjectGone:
            raise
        except (OSError, ValueError) as error:
            raise RecordFault("E_WRAPPER", f"The payload cannot be fetched: {error}", "$.data") from error


def _url_of(data: dict[str, Any]) -> str:
    url = data.get("presigned_url")
    if isinstance(url, str) and url:
        return url
    raise RecordFault("E_WRAPPER", unwrap(data)[1] or "The wrapper holds neither the payload nor its URL.", "$.data")


def _value_of(data: Any, _row: Row) -> Any:
    payload, reason = unwrap(data)
    if reason is not None:
        raise RecordFault("E_WRAPPER", reason, "$.data")
    return payload


def _bytes_of(data: Any, row: Row) -> bytes:
    """The same as it came: of an inline wrapper the member that holds the payload."""
    raw = row.raw("data") if isinstance(row, WireRow) else None
    if raw is None:
        return msgspec.json.encode(_value_of(data, row))
    if not is_wrapper(data):
        return raw
    _value_of(data, row)
    members = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    return next(bytes(members[key]) for key in INLINE_KEYS if key in members)
