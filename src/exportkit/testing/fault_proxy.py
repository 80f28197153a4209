"""A proxy between a client and a server that breaks connections as a test plans it."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urlsplit

__all__ = ["Connection", "Fault", "FaultProxy"]

_PIECE: Final = 1 << 16
#: SO_LINGER switched on with no time to linger: closing sends a reset.
_ABRUPT: Final = struct.pack("ii", 1, 0)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens to one connection; without arguments nothing does.

    Byte counts are those of the raw stream, headers included, from 0. Times are in seconds.
    """

    #: Before the first byte of the answer.
    latency: float = 0.0
    #: Bytes a second of the answer.
    bandwidth: int | None = None
    cut_request_after: int | None = None
    cut_answer_after: int | None = None
    #: A cut is a reset instead of a clean end.
    is_reset: bool = False
    #: A cut ends the answer alone, and the connection stays open to the server.
    is_half_close: bool = False
    #: From there on the answer stands still, the connection stays open.
    freeze_answer_after: int | None = None
    #: The lowest bit of this byte of the answer is turned.
    flip_answer_bit_at: int | None = None
    #: The request reaches the server, nothing of the answer reaches the client, and then the connection ends.
    swallows_answer: bool = False
    #: The connection is reset before a byte passes.
    refuses: bool = False


@dataclass
class Connection:
    """What passed on one connection, as each side sent it."""

    fault: Fault
    request: bytearray = field(default_factory=bytearray)
    answer: bytearray = field(default_factory=bytearray)


class FaultProxy:
    """Forwards to one server over real sockets; use it as a context manager.

    Faults planned with :meth:`plan` are used up by the next connections, one each; what comes after goes through
    untouched, or as :attr:`always` says.
    """

    def __init__(self, target: str) -> None:
        """`target` is the URL of the server behind."""
        parts = urlsplit(target)
        self._scheme = parts.scheme
        self._target = (parts.hostname or "127.0.0.1", parts.port or (443 if parts.scheme == "https" else 80))
        self._planned: deque[Fault] = deque()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.always = Fault()
        #: Every connection so far, in order.
        self.connections: list[Connection] = []

    @property
    def url(self) -> str:
        """Where clients find the proxy."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def plan(self, *faults: Fault) -> None:
        """Use these for the next connections."""
        self._planned.extend(faults)

    def __enter__(self) -> Self:
        self._thread.start()
        self._await(self._listen)
        return self

    def __exit__(self, *_: object) -> None:
        self.down()
        self._await(self._drop)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def down(self) -> None:
        """Refuse every new connection, as a server that is not running."""
        self._await(self._stop_listening)

    def up(self) -> None:
        """Listen again, on the same port."""
        self._await(self._listen)

    def drop(self) -> None:
        """Break every connection that is open now."""
        self._await(self._drop)

    def _await(self, what: Callable[[], object]) -> None:
        async def called() -> None:
            result = what()
            if asyncio.iscoroutine(result):
                await result

        asyncio.run_coroutine_threadsafe(called(), self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _drop(self) -> None:
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio calls this in a task
        self._tasks.add(task)
        passed = Connection(self._planned.popleft() if self._planned else self.always)
        self.connections.append(passed)
        try:
            if passed.fault.refuses:
                _reset(client_out)
            else:
                await self._forward(passed, client_in, client_out)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            client_out.close()

    async def _forward(
        self, passed: Connection, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter
    ) -> None:
        try:
            server_in, server_out = await asyncio.open_connection(*self._target)
        except OSError:
            _reset(client_out)
            return
        request = asyncio.ensure_future(_requests(passed, client_in, client_out, server_out))
        answer = asyncio.ensure_future(_answers(passed, server_in, client_out))
        try:
            await asyncio.wait({request, answer}, return_when=asyncio.FIRST_COMPLETED)
            if answer.done() and passed.fault.is_half_close:
                await request
            elif request.done() and not answer.done() and passed.fault.cut_request_after is None:
                # A client that has said all may still be reading.
                await answer
        finally:
            for half in (request, answer):
                half.cancel()
            # Before the wait, which a drop of all connections may cut short.
            server_out.close()
            await asyncio.gather(request, answer, return_exceptions=True)


async def _requests(
    passed: Connection, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter, server: asyncio.StreamWriter
) -> None:
    fault = passed.fault
    while piece := await client_in.read(_PIECE):
        left = None if fault.cut_request_after is None else fault.cut_request_after - len(passed.request)
        sent = piece if left is None else piece[:left]
        passed.request += sent
        server.write(sent)
        await server.drain()
        if left is not None and len(piece) >= left:
            if fault.is_reset:
                _reset(client_out)
            return
    with suppress(OSError):
        server.write_eof()


async def _answers(passed: Connection, server: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
    fault = passed.fault
    while piece := await server.read(_PIECE):
        at = len(passed.answer)
        passed.answer += piece
        if fault.swallows_answer:
            return
        if at == 0 and fault.latency:
            await asyncio.sleep(fault.latency)
        piece = _flipped(piece, at, fault.flip_answer_bit_at)
        await _paced(client, _until(piece, at, fault.freeze_answer_after, fault.cut_answer_after), fault.bandwidth)
        if _is_past(at, piece, fault.freeze_answer_after):
            await asyncio.Event().wait()
        if _is_past(at, piece, fault.cut_answer_after):
            if fault.is_reset:
                _reset(client)
            elif fault.is_half_close:
                client.write_eof()
            return


async def _paced(client: asyncio.StreamWriter, piece: bytes, bandwidth: int | None) -> None:
    if bandwidth is None:
        client.write(piece)
        await client.drain()
        return
    step = max(1, bandwidth // 20)
    for start in range(0, len(piece), step):
        client.write(piece[start : start + step])
        await client.drain()
        await asyncio.sleep(step / bandwidth)


def _until(piece: bytes, at: int, *limits: int | None) -> bytes:
    """What of a piece that begins at byte `at` lies before every limit."""
    for limit in limits:
        if limit is not None:
            piece = piece[: max(0, limit - at)]
    return piece


def _is_past(at: int, piece: bytes, limit: int | None) -> bool:
    return limit is not None and at + len(piece) >= limit


def _flipped(piece: bytes, at: int, place: int | None) -> bytes:
    if place is None or not at <= place < at + len(piece):
        return piece
    turned = bytearray(piece)
    turned[place - at] ^= 1
    return bytes(turned)


def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABRUPT)
    writer.transport.abort()
