"""The middleware that injects the faults of a plan, the same ones in every run."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Mapping
from threading import Lock
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exportkit.server.chaos_pages import changed_page
from exportkit.server.chaos_rules import ChaosPlan, ChaosRule
from exportkit.server.refusals import Refusal, refusal_response

__all__ = ["Chaos"]

_NUMBERS: Final = re.compile(rb"\d+")


class Chaos:
    """Wraps an application. What meets a request depends on the plan and on the requests before it alone."""

    def __init__(self, app: ASGIApp, plan: ChaosPlan) -> None:
        self._app = app
        self._plan = plan
        self._lock = Lock()
        self._random = random.Random(plan.seed)  # noqa: S311 - faults are to be repeatable
        self._seen: Counter[int] = Counter()
        self._met: Counter[int] = Counter()
        self._pages: Counter[int] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        rules = [
            (number, rule) for number, rule in enumerate(self._plan.rules) if rule.meets(scope["method"], scope["path"])
        ]
        if any(rule.ids for _, rule in rules):
            body, receive = await _read_ahead(receive)
            named = {int(text[:20]) for text in _NUMBERS.findall(b"/".join((*_place(scope), body)))}
            rules = [(number, rule) for number, rule in rules if not rule.ids or not named.isdisjoint(rule.ids)]
        faults = [
            (number, rule, meeting) for number, rule in rules if (meeting := self._meeting(number, rule)) is not None
        ]
        for number, rule, meeting in faults:
            await asyncio.sleep(rule.delay)
            refusal = self._refusal(number, rule, meeting, scope)
            if refusal is not None:
                await refusal_response(Request(scope), refusal, rule.headers)(scope, receive, send)
                return
        for _, rule, _ in reversed(faults):
            send = _Sender(rule, send).send
        await self._app(scope, receive, send)

    def _meeting(self, number: int, rule: ChaosRule) -> int | None:
        """Say the how-manieth request it is, from 0, that a rule meets; None for one that it lets through."""
        with self._lock:
            self._seen[number] += 1
            used_up = rule.times is not None and self._met[number] >= rule.times
            if self._seen[number] <= rule.after or used_up:
                return None
            if rule.probability < 1 and self._random.random() >= rule.probability:
                return None
            self._met[number] += 1
            return self._met[number] - 1

    def _refusal(self, number: int, rule: ChaosRule, meeting: int, scope: Scope) -> Refusal | None:
        status = rule.status[meeting] if meeting < len(rule.status) else 200
        if status != 200:
            return Refusal(status, "This fault is injected.")
        if rule.cursor_pages is not None and b"cursor=" in scope["query_string"].replace(b"pagination=cursor", b""):
            with self._lock:
                self._pages[number] += 1
                if self._pages[number] > rule.cursor_pages:
                    self._pages[number] = 0
                    return Refusal(rule.cursor_status, "The cursor has expired; begin again.", field="cursor")
        return None


class _Sender:
    """Passes one answer on, changed as one rule says."""

    def __init__(self, rule: ChaosRule, send: Send) -> None:
        self._rule = rule
        self._send = send
        self._start: Message | None = None
        self._body = b""
        self._sent = 0
        self._is_cut = False

    async def send(self, message: Message) -> None:
        if self._is_cut:
            return
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif message["type"] != "http.response.body":
            await self._send(message)
        elif self._start is None:
            await self._pass(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._end_page()

    async def _begin(self, message: Message) -> None:
        headers = MutableHeaders(raw=list(message["headers"]))
        headers.update(self._rule.headers)
        message = {**message, "headers": headers.raw}
        kind = headers.get("content-type", "")
        if self._rule.changes_rows and kind.startswith("application/json") and message["status"] == 200:
            self._start = message  # held back, since the length is not known yet
            return
        await self._send(message)
        if self._rule.event_bytes and kind.startswith("text/event-stream"):
            filler = b"x" * self._rule.event_bytes
            await self._send(_body(b'event: heartbeat\ndata: {"filler":"%b"}\n\n' % filler, more=True))

    async def _end_page(self) -> None:
        start, body = self._start, changed_page(self._body, self._rule)
        if start is None:
            return
        headers = MutableHeaders(raw=list(start["headers"]))
        headers["content-length"] = str(len(body))
        await self._send({**start, "headers": headers.raw})
        self._start = None
        await self._pass(_body(body, more=False))

    async def _pass(self, message: Mapping[str, object]) -> None:
        """Send a body in pieces, as far as it is sent at all; the connection is then closed under the client."""
        body, more, rule = message.get("body", b""), bool(message.get("more_body", False)), self._rule
        assert isinstance(body, bytes)  # noqa: S101 - what the protocol says
        if rule.cut is not None and self._sent + len(body) >= rule.cut:
            body, more, self._is_cut = body[: rule.cut - self._sent], True, True
        self._sent += len(body)
        step = rule.piece if rule.pause else max(1, len(body))
        for begin in range(0, len(body), step):
            await self._send(_body(body[begin : begin + step], more=True))
            await asyncio.sleep(rule.pause)
        if not more:
            await self._send(_body(b"", more=False))


def _body(content: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": content, "more_body": more}


def _place(scope: Scope) -> tuple[bytes, bytes]:
    return scope["path"].encode(), scope["query_string"]


async def _read_ahead(receive: Receive) -> tuple[bytes, Receive]:
    """Give the whole body of a request, and what gives it to the application once more."""
    messages: list[Message] = []
    while True:
        messages.append(await receive())
        if messages[-1]["type"] != "http.request" or not messages[-1].get("more_body", False):
            break
    body = b"".join(message.get("body", b"") for message in messages)
    waiting = iter(messages)

    async def again() -> Message:
        return next(waiting, None) or await receive()

    return body, again
