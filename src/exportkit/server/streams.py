"""Whole targets as one stream of lines (wire contract, section 18): scanned by key, taken up again where it broke."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import msgspec
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from exportkit.clients.filter_keys import PAGING_KEYS
from exportkit.server.answers import enveloped
from exportkit.server.backend import Backend
from exportkit.server.callers import CallerOf, backend_of
from exportkit.server.description import list_parameters
from exportkit.server.filters import RowFilter
from exportkit.server.paging import MOST_IDS, origin_of
from exportkit.server.principals import Principal
from exportkit.server.refusals import Refusal
from exportkit.server.row_queries import RowQuery
from exportkit.server.rows import HEADS, RowWriter, document_of, head_line
from exportkit.server.shapes import Capabilities, Enveloped, documented, streamed
from exportkit.server.tables import LARGEST_KEY
from exportkit.server.targets import TARGETS, Target

__all__ = ["router"]

router: Final = APIRouter()
#: Rows that are read at a time: few at first, then as many as have this many bytes together, so that memory is bounded.
_FIRST_BATCH: Final = 50
_MOST_BATCH: Final = 500
_BATCH_BYTES: Final = 1 << 20


class _Lines(StreamingResponse):
    media_type = "application/x-ndjson"


@router.get("/v2/capabilities/", responses=documented(Enveloped[Capabilities]))
def get_capabilities(caller: CallerOf) -> Response:
    """Say what this server offers beyond the contract of the existing backend."""
    del caller
    return enveloped({"streams": ["ndjson"], "idempotency": True, "releases": True, "id_page_size": MOST_IDS})


def _add_stream(target: Target) -> None:
    def stream(request: Request, caller: CallerOf) -> StreamingResponse:
        pairs = request.query_params.multi_items()
        after = _after([value for name, value in pairs if name == "after"])
        found = RowFilter.of_query(target, [pair for pair in pairs if pair[0] not in {*PAGING_KEYS, "after"}])
        lines = _lines(backend_of(request), caller, found, origin_of(request), after)
        return _Lines(lines)

    path = f"/v2/{target.segment}/stream/"
    router.add_api_route(
        path,
        stream,
        name=f"stream_{target.name}",
        methods=["GET"],
        response_class=_Lines,
        responses=streamed(),
        openapi_extra=list_parameters(target, paged=["after"]),
    )


def _after(given: list[str]) -> int | None:
    if not given:
        return None
    text = given[-1].removeprefix("-")
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= LARGEST_KEY):
        raise Refusal(400, "after takes the key of the last row that came.", field="after")
    return int(given[-1])


async def _lines(
    backend: Backend, caller: Principal, found: RowFilter, origin: str, after: int | None
) -> AsyncIterator[bytes]:
    """Give batches of lines, a blank one when the database takes its time, and the line that says it was all."""
    query, target = RowQuery(caller.tenant_id, found), found.target
    position = HEADS[target.name].index(target.key)
    count, last, size = 0, after, _FIRST_BATCH
    while not backend.ending.is_set():
        writer = backend.stream_writer(caller, origin)
        reading = asyncio.ensure_future(run_in_threadpool(_batch, backend, query, writer, last, size))
        while not (await asyncio.wait({reading}, timeout=backend.settings.heartbeat_seconds))[0]:
            yield b"\n"
        text, rows = reading.result()
        if not rows:
            end = {"end": True, "count": count, "last": last, "applied_filter": found.applied}
            yield msgspec.json.encode(end) + b"\n"
            return
        count += len(rows)
        last = rows[-1][position]
        size = _next_size(size, len(text))
        yield text


def _next_size(rows: int, size: int) -> int:
    """Say how many rows to read after so many have made a text of `size` bytes."""
    return max(1, min(_MOST_BATCH, rows * _BATCH_BYTES // size))


def _batch(
    backend: Backend, query: RowQuery, writer: RowWriter, last: int | None, size: int
) -> tuple[bytes, Sequence[Any]]:
    target = query.target
    with backend.database.reading() as connection:
        rows = query.behind(connection, size, last, descending=False, form="full")
    lines = [writer.line(head_line(target, row), document_of(row)) for row in rows]
    return b"".join(lines), rows


for _target in TARGETS.values():
    _add_stream(_target)
