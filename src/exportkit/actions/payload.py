"""The payload of a row, wherever it lies (wire contract, section 7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from exportkit.clients import Row
from exportkit.clients.objects import ObjectFetcher, ObjectGone
from exportkit.errors import RecordFault
from exportkit.normalize.item import file_digest
from exportkit.wire import is_wrapper, unwrap

__all__ = ["PayloadResolver", "Reissue"]

#: Gives the row once more, with a fresh URL, or None where that cannot be asked for.
Reissue = Callable[[Row], Row | None]

_REISSUES = 3


class PayloadResolver:
    """Takes payloads out of their wrappers; a payload that only looks like one comes back untouched."""

    def __init__(self, fetcher: ObjectFetcher, reissue: Reissue = lambda _row: None) -> None:
        self._fetcher = fetcher
        self._reissue = reissue

    def __call__(self, data: Any, row: Row) -> Any:
        """Raises RecordFault ``E_WRAPPER`` where the payload cannot be had; no URL stands in its message."""
        if not is_wrapper(data):
            return data
        if data["mode"] == "inline" and data.get("truncated") is not True:
            return self._unwrapped(data)
        found = self._followed(row, data)
        return msgspec.json.decode(found) if isinstance(found, bytes) else found

    def text(self, row: Row, wrapper: dict[str, Any]) -> bytes:
        """The payload behind a wrapper as JSON, byte for byte as it came; raises as a call does."""
        if wrapper["mode"] == "inline" and wrapper.get("truncated") is not True:
            return _encoded(self._unwrapped(wrapper))
        found = self._followed(row, wrapper)
        return found if isinstance(found, bytes) else _encoded(found)

    def _followed(self, row: Row, data: dict[str, Any]) -> Any:
        """The payload as bytes; or as a value, where a fresh row brought it without a wrapper."""
        for _ in range(_REISSUES + 1):
            try:
                return self._fetched(data)
            except ObjectGone as error:
                fresh = self._reissue(row)
                found = fresh.get("data") if fresh is not None else None
                if found is None or found == data:
                    raise RecordFault("E_WRAPPER", f"The payload cannot be fetched: {error}", "$.data") from error
                if not is_wrapper(found):
                    raw = getattr(fresh, "raw", None)
                    return raw("data") if raw is not None else found
                data = found
        raise RecordFault("E_WRAPPER", "Every URL that was issued for the payload had expired.", "$.data")

    def _unwrapped(self, data: dict[str, Any]) -> Any:
        payload, reason = unwrap(data)
        if reason is not None:
            raise RecordFault("E_WRAPPER", reason, "$.data")
        return payload

    def _fetched(self, data: dict[str, Any]) -> bytes:
        url = data.get("presigned_url")
        if not isinstance(url, str) or not url:
            reason = unwrap(data)[1] or "The wrapper holds neither the payload nor its URL."
            raise RecordFault("E_WRAPPER", reason, "$.data")
        size = data.get("size")
        try:
            return self._fetcher.payload(
                url,
                size=size if type(size) is int else None,
                sha256=file_digest(data.get("data_digest")),
            )
        except ObjectGone:
            raise
        except (OSError, ValueError) as error:
            raise RecordFault("E_WRAPPER", f"The payload cannot be fetched: {error}", "$.data") from error


def _encoded(value: Any) -> bytes:
    """A payload that stands inside of a wrapper, as JSON."""
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise RecordFault("E_WRAPPER", f"The payload in the wrapper cannot be kept: {error}.", "$.data") from error
