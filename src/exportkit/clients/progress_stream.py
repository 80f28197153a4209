"""The progress of a job as server-sent events (wire contract, section 11)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx2
import msgspec

from exportkit.clients.api_session import ApiSession
from exportkit.clients.client_errors import (
    ClientError,
    HostileAnswer,
    HTTPError,
    StreamError,
    StreamLimitExceededError,
)
from exportkit.clients.credentials import Family

__all__ = ["ProgressStream"]

#: Bytes of one event.
MOST_EVENT: Final = 1 << 20
#: Seconds between two heartbeats of the server.
HEARTBEAT: Final = 15.0
_RECONNECTS: Final = 5
#: Seconds before the first of them, unless the server says otherwise, and before any.
_FIRST_WAIT: Final = 5.0
_LONGEST_WAIT: Final = 60.0
_SHORTEST_WAIT: Final = 1.0
#: Statuses of a server that may have events later; after every other one the stream is given up.
_BUSY: Final = frozenset({429, 503})
_TERMINAL: Final = frozenset({"async_job.completed", "error"})
#: Events that show a server at work.
_ALIVE: Final = frozenset({"async_job.progress", "heartbeat"})


class ProgressStream:
    """Iterates over events ``{"event": name, …}`` up to a terminal one, over as many connections as that takes.

    An end without a terminal event is a disconnection: the stream is asked for again behind the last event, five
    times in a row without progress or heartbeat. It never proves anything about the job. Raises StreamError when it
    is given up, StreamLimitExceededError for an event above 1 MiB.
    """

    def __init__(
        self,
        session: ApiSession,
        path: str,
        *,
        heartbeat: float = HEARTBEAT,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """A connection is given up when no event comes for three `heartbeat` intervals (seconds)."""
        self._session = session
        self._path = path
        self._silence = 3 * heartbeat
        self._draw = draw
        #: Id of the last event, from which the server goes on.
        self.last_event_id = ""
        self._alone = 0
        self._first_wait = _FIRST_WAIT

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self._alone = 0
        while True:
            asked: float | None = None
            try:
                for event in self._connection():
                    if event["event"] in _ALIVE:
                        self._alone = 0
                    yield event
                    if event["event"] in _TERMINAL:
                        return
                reason = "it ended without a last event"
            except StreamError:
                raise
            except ClientError as error:
                if isinstance(error, HostileAnswer) or (
                    isinstance(error, HTTPError) and error.status_code not in _BUSY
                ):
                    raise StreamError(error.status_code, f"GET {self._path} gives no events: {error}") from error
                asked, reason = error.retry_after, str(error)
            self._alone += 1
            if self._alone > _RECONNECTS:
                raise StreamError(None, f"GET {self._path} was given up after {_RECONNECTS} reconnections: {reason}")
            self._session.sleep(self._wait(asked))

    def _wait(self, asked: float | None) -> float:
        if asked is not None:
            return min(_LONGEST_WAIT, asked)
        return min(_LONGEST_WAIT, self._first_wait * 2.0 ** (self._alone - 1)) * (0.5 + self._draw() / 2)

    def _connection(self) -> Iterator[dict[str, Any]]:
        headers = {"Accept": "*/*", "Cache-Control": "no-cache"}
        if self.last_event_id:
            headers["Last-Event-ID"] = self.last_event_id
        with self._session.opened(
            "GET", self._path, family=Family.V2, headers=headers, read_timeout=self._silence
        ) as response:
            if response.status_code == 204:
                raise StreamError(204, f"GET {self._path} has no events to give.")
            watched = _Watched(response, self._session.clock, self._silence)
            source = httpx2.EventSource(watched.response, max_event_size=MOST_EVENT)
            try:
                for sent in source:
                    watched.spoke()
                    if sent.retry is not None:
                        self._first_wait = max(_SHORTEST_WAIT, min(sent.retry, 60_000) / 1000)
                    if sent.id and len(sent.id) <= 200 and sent.id.isascii() and sent.id.isprintable():
                        self.last_event_id = sent.id
                    yield _event(sent)
            except httpx2.SSEError as error:
                raise StreamLimitExceededError(None, f"GET {self._path} gives no events that can be read.") from error


class _Watched:
    """An answer that is silent when it sends bytes without an event in them for too long."""

    def __init__(self, response: httpx2.Response, clock: Callable[[], float], silence: float) -> None:
        self._clock = clock
        self._silence = silence
        self._spoke = clock()
        self.response = httpx2.Response(
            response.status_code,
            headers={"Content-Type": response.headers.get("Content-Type", "")},
            stream=_Pieces(response, self._judge),
            request=response.request,
        )

    def spoke(self) -> None:
        self._spoke = self._clock()

    def _judge(self) -> None:
        if self._clock() - self._spoke > self._silence:
            raise httpx2.ReadTimeout("no event for three heartbeats")


class _Pieces(httpx2.SyncByteStream):
    def __init__(self, response: httpx2.Response, judge: Callable[[], None]) -> None:
        self._response = response
        self._judge = judge

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._response.iter_bytes():
            self._judge()
            yield piece


def _event(sent: httpx2.ServerSentEvent) -> dict[str, Any]:
    """Name and body of an event; a body that cannot be read is an empty one."""
    try:
        body = msgspec.json.decode(sent.data.strip() or "{}")
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        body = {}
    if not isinstance(body, dict):
        body = {"data": body}
    return {**body, "event": sent.event.strip() or "message"}
