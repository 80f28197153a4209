"""A backend on this machine that answers each path as a test tells it, over real sockets."""

from __future__ import annotations

import asyncio
import atexit
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import pytest
import uvicorn
from pydantic import SecretStr

from exportkit.clients import ConnectedBackend, Connection


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes

    def value(self, key: str) -> str | None:
        return dict(self.query).get(key)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """A whole answer; `chunks` are sent one by one in place of the body, a number among them is a pause in seconds."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    chunks: tuple[bytes | float, ...] | None = None
    #: Close the connection before the body has the length that was announced.
    is_cut: bool = False


Handler = Callable[[Asked], Answer]


def _always(answer: Answer) -> Handler:
    return lambda _asked: answer


def as_json(value: Any, status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(json.dumps(value).encode(), status, {"Content-Type": "application/json", **named})


@dataclass
class Loopback:
    """Answers by path, in turn; the last one stays. Everything that was asked is noted."""

    url: str = ""
    answers: dict[str, list[Handler]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def on(self, path: str, *answers: Answer | Handler) -> None:
        self.answers[path] = [_always(answer) if isinstance(answer, Answer) else answer for answer in answers]

    def to(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == path]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        asked = await _received(scope, receive)
        self.asked.append(asked)
        waiting = self.answers.get(asked.path)
        if not waiting:
            await _send(send, as_json({"detail": "Not found."}, 404))
            return
        handler = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        await _send(send, handler(asked))


async def _received(scope: Any, receive: Any) -> Asked:
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
    query = parse_qsl(scope["query_string"].decode(), keep_blank_values=True)
    return Asked(scope["method"], scope["path"], query, headers, body)


async def _send(send: Any, answer: Answer) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    if answer.chunks is None:
        length = len(answer.body) + (10 if answer.is_cut else 0)
        headers.append((b"content-length", str(length).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    async for chunk in _chunks(answer):
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    if answer.is_cut:
        raise ConnectionError("cut on purpose")
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _chunks(answer: Answer) -> AsyncIterator[bytes]:
    for chunk in (answer.body,) if answer.chunks is None else answer.chunks:
        if isinstance(chunk, bytes):
            yield chunk
        else:
            await asyncio.sleep(chunk)


class _OneServer:
    """One server for all tests of a process, since starting and stopping one takes longer than most tests."""

    def __init__(self) -> None:
        self.current = Loopback()
        self._server: served | None = None
        self.url = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.current(scope, receive, send)

    def begin(self) -> Loopback:
        if self._server is None:
            self._server = served(self)
            self.url = self._server.__enter__()
            atexit.register(self._server.__exit__)
        self.current = Loopback(self.url)
        return self.current


_SERVER = _OneServer()


@pytest.fixture
def backend() -> Loopback:
    """A backend that knows nothing yet, listening on a free port."""
    return _SERVER.begin()


@pytest.fixture
def waits() -> list[float]:
    """Seconds that the clients waited, without waiting."""
    return []


@pytest.fixture
def clients(backend: Loopback, waits: list[float]) -> Iterator[ConnectedBackend]:
    """Clients of the backend that note their waits."""
    with ConnectedBackend(connection_to(backend.url), sleep=waits.append) as made:
        yield made


def connection_to(url: str, **more: Any) -> Connection:
    """A connection with every credential there is."""
    return Connection(
        url,
        access_token=SecretStr("syn_canary-access"),
        user_token=SecretStr("canary-user"),
        agent_token=SecretStr("canary-agent"),
        tenant="acme",
        **more,
    )


def v2_page(rows: list[Any], following: str | None = None, **meta: Any) -> Answer:
    """An enveloped page of the second interface."""
    paging = {"next_cursor": following, "previous_cursor": None, "per_page": 3}
    return as_json({"data": rows, "meta": {"request_id": "r", "pagination": paging, **meta}})


def events(*sent: tuple[str, Any] | bytes) -> Answer:
    """A stream of server-sent events; bytes are sent as they are."""
    chunks = tuple(
        one if isinstance(one, bytes) else f"event: {one[0]}\ndata: {json.dumps(one[1])}\n\n".encode() for one in sent
    )
    return Answer(headers={"Content-Type": "text/event-stream"}, chunks=chunks)


class served:  # noqa: N801 - reads as a verb
    """An ASGI application behind uvicorn on a free port of this machine."""

    def __init__(self, app: Any) -> None:
        config = uvicorn.Config(
            app, log_level="critical", lifespan="off", date_header=False, timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        # Named as TCP, since asyncio switches off the delay of small packets for sockets that are known to be.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        # From now on connections wait, however long the server takes to start.
        self._socket.listen(100)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()
