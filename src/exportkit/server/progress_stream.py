"""The progress of a job as server-sent events (wire contract, section 11)."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec
from sqlalchemy import Row, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from exportkit.server.backend import Backend
from exportkit.server.job_queue import ENDED
from exportkit.server.principals import Principal
from exportkit.server.refusals import Refusal, refusal_response
from exportkit.server.tables import LARGEST_KEY, job, job_event

__all__ = ["ProgressStream"]

#: Between two looks at the events of a job of which no word comes: it may be in the hands of another server's worker.
_LOOK_SECONDS: Final = 0.5
_RETRY_MILLISECONDS: Final = 3000


#: Streams that each account of this process holds open; only the loop that answers counts them.
_HELD: Final[Counter[int]] = Counter()


class ProgressStream(StreamingResponse):
    """The events behind `last_event_id`, until the job has ended; 429 where the account holds too many streams."""

    media_type = "text/event-stream"

    def __init__(self, backend: Backend, caller: Principal, job_id: str, last_event_id: str | None) -> None:
        self._account = caller.account_id
        self._most = backend.settings.streams_per_account
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        super().__init__(_events(backend, job_id, _number(last_event_id or "")), 200, headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Counted where it is sent, so that of streams that come together none is let in beside the limit.
        if _HELD[self._account] >= self._most:
            refusal = Refusal(429, "Too many streams are open for this account; close some.")
            await refusal_response(Request(scope), refusal)(scope, receive, send)
            return
        _HELD[self._account] += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            _HELD[self._account] -= 1


def _number(text: str) -> int:
    """Give the id of an event, 0 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST_KEY else 0


async def _events(backend: Backend, job_id: str, last: int) -> AsyncIterator[bytes]:
    settings = backend.settings
    started = spoken = time.monotonic()
    yield b"retry: %d\n" % _RETRY_MILLISECONDS + _event("connected", {"job_id": job_id}, last)
    with backend.news.listening(job_id) as heard:
        while not backend.ending.is_set() and time.monotonic() - started < settings.stream_lifetime_seconds:
            heard.clear()
            # The state is read first: events of an ended job are then all there.
            status, found = await run_in_threadpool(_news, backend, job_id, last)
            for row in found:
                last = row.id
                spoken = time.monotonic()
                yield _event(row.name, msgspec.json.decode(row.body), row.id)
            if status in ENDED:
                return
            if time.monotonic() - spoken >= settings.heartbeat_seconds:
                spoken = time.monotonic()
                yield _event("heartbeat", {"status": status.lower()}, last)
            with suppress(TimeoutError):
                await asyncio.wait_for(heard.wait(), _LOOK_SECONDS)


def _news(backend: Backend, job_id: str, last: int) -> tuple[str, Sequence[Row[Any]]]:
    news = select(job_event).where(job_event.c.job_id == job_id, job_event.c.id > last).order_by(job_event.c.id)
    with backend.database.reading() as connection:
        status = connection.execute(select(job.c.status).where(job.c.id == job_id)).scalar_one()
        found = connection.execute(news).all()
        if status in ENDED and not found:
            ending = select(job_event).where(job_event.c.job_id == job_id).order_by(job_event.c.id.desc()).limit(1)
            found = connection.execute(ending).all()
        return status, found


def _event(name: str, body: Mapping[str, Any], identity: int) -> bytes:
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (identity, name.encode(), msgspec.json.encode(body))
