"""A backend that does not do what it is asked: it leaves a key out of every filter, and says so nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tests.clients.loopback import served as listening
from tests.parity.backends import Served

from exportkit.server.app import create_app

__all__ = ["ignoring"]


class _Ignoring:
    """Takes a key out of queries and of the filters in bodies."""

    def __init__(self, app: Any, key: str) -> None:
        self._app = app
        self._key = key

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        pairs = parse_qsl(scope["query_string"].decode(), keep_blank_values=True)
        kept = urlencode([pair for pair in pairs if pair[0] != self._key]).encode()

        async def received() -> Any:
            message = await receive()
            if message["type"] == "http.request" and self._key.encode() in message["body"]:
                body = json.loads(message["body"])
                body.get("filter", {}).pop(self._key, None)
                # Blanks keep the announced length.
                message["body"] = json.dumps(body).encode().ljust(len(message["body"]))
            return message

        held: list[Any] = []

        async def sent(message: Any) -> None:
            # The whole body at once, so that it can be changed.
            held.append(message)
            if message["type"] != "http.response.body" or message.get("more_body"):
                return
            whole = b"".join(part.get("body", b"") for part in held[1:])
            start = held[0]
            if dict(start["headers"]).get(b"content-type", b"").startswith(b"application/json") and whole:
                told = _without(json.loads(whole))
                whole = json.dumps(told).encode()
                headers = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
                start["headers"] = [*headers, (b"content-length", str(len(whole)).encode())]
            await send(start)
            await send({"type": "http.response.body", "body": whole})

        await self._app({**scope, "query_string": kept}, received, sent)


def _without(value: Any) -> Any:
    """Without any word about filters and counts."""
    if isinstance(value, dict):
        told = {"applied_filter", "applied_count", "count"}
        return {key: _without(part) for key, part in value.items() if key not in told}
    return [_without(part) for part in value] if isinstance(value, list) else value


@contextmanager
def ignoring(served: Served, key: str) -> Iterator[str]:
    """The URL of a second server over the same data; the first one's workers write its bundles."""
    with served.opened() as backend, listening(_Ignoring(create_app(backend, ("*",)), key)) as url:
        try:
            yield url
        finally:
            # Streams end, and with them their connections.
            backend.ending.set()
