"""By which of its lists a backend is asked for rows, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from exportkit.acquisition.run_state import RunState
from exportkit.acquisition.sources import BulkRows, ItemSource, Pace, PagedRows, StreamedRows
from exportkit.clients.backend import BackendClient, ListedRows
from exportkit.clients.backend_v2 import BackendClientV2
from exportkit.clients.filter_keys import PAGING_KEYS, SLIM_LIST_KEYS
from exportkit.clients.query import sent_filter
from exportkit.errors import UsageError

__all__ = ["Style", "chosen_source", "decide_style"]

#: Words of the knob ``export_acquisition``.
STYLES: Final = ("auto", "bulk", "stream")
#: Slim rows are small, so that a page holds as many as servers give.
_SLIM_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Style:
    """``pages`` (whole rows of the first interface), ``bulk`` or ``stream``, and the reason."""

    word: str
    reason: str


def decide_style(
    asked: str, *, target: str, filters: Mapping[str, Any], v2: bool, forced_v1: bool, streams: bool, echoes: bool
) -> Style:
    """Decide from facts alone. `echoes` says that the server tells which filter it applied.

    Raises UsageError for a word that is none, or for a style that this server does not have.
    """
    if asked not in STYLES:
        raise UsageError(f"export_acquisition is {asked!r}; it has to be one of {', '.join(STYLES)}.")
    if forced_v1:
        return Style("pages", "SYNAPSE_FORCE_V1_EXPORT is set")
    if not v2:
        return Style("pages", "there is no client of the second interface")
    if asked == "stream" and not streams:
        raise UsageError("export_acquisition is 'stream', which this backend does not offer; use 'auto' or 'bulk'.")
    if streams and asked != "bulk":
        return Style("stream", "the backend offers it")
    unknown = sorted(sent_filter(filters).keys() - SLIM_LIST_KEYS[target])
    if unknown and not echoes:
        return Style("pages", f"the second interface may not apply {', '.join(unknown)}")
    return Style("bulk", "the filter is applied by the second interface")


def chosen_source(
    client: BackendClient,
    v2: BackendClientV2 | None,
    rows: ListedRows,
    state: RunState,
    *,
    style: str,
    forced_v1: bool,
    pace: Pace,
) -> ItemSource:
    """The source of an in-process head; a run that goes on keeps the style in which it began.

    Raises UsageError and ClientError.
    """
    target, params = rows.target, {**rows.params, **pace.params}
    filters = {key: value for key, value in params.items() if key not in PAGING_KEYS}
    usable = v2 is not None and not forced_v1
    decided = decide_style(
        style,
        target=target,
        filters=filters,
        v2=v2 is not None,
        forced_v1=forced_v1,
        streams=usable and v2 is not None and v2.streams_rows,
        echoes=usable and v2 is not None and bool(v2.capabilities()),
    )
    word = state.decide("style", decided.word)
    if word == "pages" or v2 is None:
        return PagedRows(client, target, params, pause=pace.pause)
    records = v2.records(target)
    if word == "bulk":
        size = params.get("page_size")
        return BulkRows(records, {**filters, "per_page": max(_SLIM_PAGE, int(size or 0))}, pause=pace.pause)
    if state.watermark is None:
        first = next(records.pages({**filters, "per_page": 1}))
        newest = next((row[records.kind.key] for row in first.rows), None)
        state.watermark = {"max_id": newest}
    return StreamedRows(records, filters, (state.watermark or {}).get("max_id"))
