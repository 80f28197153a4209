"""What stands before every route: the names a server answers to, where a request came from, how large it is."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exportkit.server.refusals import Refusal, refusal_response

__all__ = ["Guards"]

_SAFETY: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)


class Guards:
    """Refuses foreign hosts (400), requests from pages of other origins (403), and bodies over a limit (413).

    A page in a browser can reach a server on its own machine; it can neither choose the Host nor hide its Origin.
    """

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...], most_bytes: int) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            self._judge(headers)
            await self._app(scope, self._bounded(receive), _with_safety(send))
        except Refusal as refusal:
            await refusal_response(Request(scope), refusal)(scope, receive, send)

    def _judge(self, headers: Headers) -> None:
        host = headers.get("host", "")
        if "*" not in self._hosts and _name_of(f"//{host}") not in self._hosts:
            raise Refusal(400, "The server is not called by this Host; name it with --allow-host.")
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            raise Refusal(403, "Requests from pages of other origins are not served.")
        length = headers.get("content-length", "0")
        if length.isascii() and length.isdigit() and int(length[:19]) > self._most_bytes:
            raise self._too_large()

    def _too_large(self) -> Refusal:
        return Refusal(413, f"The body is larger than {self._most_bytes} bytes; send less at once.")

    def _bounded(self, receive: Receive) -> Receive:
        received = 0

        async def bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._most_bytes:
                raise self._too_large()
            return message

        return bounded


def _with_safety(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            names = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *((name, value) for name, value in _SAFETY if name not in names)]
        await send(message)

    return sent


def _name_of(netloc: str) -> str:
    try:
        return (urlsplit(netloc).hostname or "").lower()
    except ValueError:
        return ""
