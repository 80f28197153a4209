"""The payload of a row for the items of an export (wire contract, section 7)."""

from __future__ import annotations

from typing import Any

from exportkit.clients import Row
from exportkit.clients.objects import ObjectFetcher
from exportkit.clients.payloads import PayloadFetcher, Reissue
from exportkit.wire import is_wrapper

__all__ = ["PayloadResolver", "Reissue"]


class PayloadResolver:
    """Takes payloads out of their wrappers; a payload that only looks like one comes back untouched."""

    def __init__(self, fetcher: ObjectFetcher, reissue: Reissue = lambda _row: None) -> None:
        self._payloads = PayloadFetcher(fetcher, reissue)

    def __call__(self, data: Any, row: Row) -> Any:
        """Raises RecordFault ``E_WRAPPER`` where the payload cannot be had; no URL stands in its message."""
        return self._payloads.value(data, row) if is_wrapper(data) else data
