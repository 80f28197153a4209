"""How many progress streams an account may hold."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from starlette.types import Message

from exportkit.server.backend import Backend
from exportkit.server.principals import Principal
from exportkit.server.progress_stream import ProgressStream
from exportkit.server.settings import ServerSettings

_SCOPE: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}


async def statuses_of(backend: Backend, streams: list[ProgressStream]) -> list[int]:
    """What streams that were all asked for are answered, each of them open until every one was."""
    found: list[int] = []
    all_answered = asyncio.Event()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            found.append(message["status"])
        if len(found) == len(streams):
            backend.ending.set()
            all_answered.set()
        await all_answered.wait()

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    await asyncio.gather(*(stream(dict(_SCOPE), receive, send) for stream in streams))
    return found


def test_of_streams_that_come_together_none_is_let_in_beside_the_limit(tmp_path: Path) -> None:
    few = {"EXPORTKIT_SERVER_STREAMS_PER_ACCOUNT": "2"}
    url = f"sqlite:///{tmp_path / 'exportkit.db'}"
    settings = ServerSettings.from_environment(data=str(tmp_path), database=url, storage=None, environment=few)
    backend = Backend.open(settings)
    caller = Principal(1, "t", 4711)
    try:
        for _ in range(2):  # the second time tells that what was held is given back
            backend.ending.clear()
            streams = [ProgressStream(backend, caller, "j", None) for _ in range(3)]
            assert sorted(asyncio.run(statuses_of(backend, streams))) == [200, 200, 429]
    finally:
        backend.close()
