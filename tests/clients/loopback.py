"""A backend on this machine that answers each path as a test tells it, over real sockets."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import pytest
import uvicorn


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
        self.answers[path] = [
            (lambda _asked, given=answer: given) if isinstance(answer, Answer) else answer for answer in answers
        ]

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


@pytest.fixture
def backend() -> Iterator[Loopback]:
    """The backend, listening on a free port until the test is over."""
    made = Loopback()
    with served(made) as url:
        made.url = url
        yield made


class served:  # noqa: N801 - reads as a verb
    """An ASGI application behind uvicorn on a free port of this machine."""

    def __init__(self, app: Any) -> None:
        config = uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()
