"""A TCP relay before a server: it sees each request pass, and may do harm to it."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, Literal

__all__ = ["Harm", "Relay", "relaying"]

#: ``cut``: the request does not arrive. ``swallow``: it does, and its answer is lost. ``half``: half of the answer is.
Harm = Literal["pass", "cut", "swallow", "half"]

_REQUEST: Final = re.compile(rb"(?:GET|HEAD|POST|PATCH|PUT|DELETE) \S+(?= HTTP/1\.1\r\n)")
_BLOCK: Final = 1 << 16


def _passes(_number: int, _request: str) -> Harm:
    return "pass"


@dataclass
class Relay:
    """Forwards to a port of this machine. `judge` gets the number of a request, from 1, and its method and path."""

    upstream: int
    judge: Callable[[int, str], Harm] = _passes
    requests: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _open: set[socket.socket] = field(default_factory=set)
    _listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @contextmanager
    def judged(self, judge: Callable[[int, str], Harm]) -> Iterator[None]:
        """Judge the requests of a block, counted anew; those behind it pass."""
        self.requests.clear()
        self.judge = judge
        try:
            yield
        finally:
            self.judge = _passes

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def listen(self) -> None:
        """Accept connections until closed."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for one in self._open:
                _end(one)

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self.upstream))
        except OSError:
            client.close()
            return
        both = (client, server)
        with self._lock:
            self._open.update(both)
        harm: list[Harm] = ["pass"]
        back = threading.Thread(target=self._answers, args=(server, client, harm), daemon=True)
        back.start()
        with suppress(OSError):
            while data := client.recv(_BLOCK):
                for found in _REQUEST.findall(data):
                    harm[0] = self._judged(found.decode())
                if harm[0] == "cut":
                    break
                server.sendall(data)
        for one in both:
            _end(one)
        back.join()
        with self._lock:
            self._open.difference_update(both)
        for one in both:
            one.close()

    def _judged(self, request: str) -> Harm:
        with self._lock:
            self.requests.append(request)
            number = len(self.requests)
        return self.judge(number, request)

    @staticmethod
    def _answers(server: socket.socket, client: socket.socket, harm: list[Harm]) -> None:
        with suppress(OSError):
            while data := server.recv(_BLOCK):
                if harm[0] == "pass":
                    client.sendall(data)
                    continue
                if harm[0] == "half":
                    client.sendall(data[: len(data) // 2])
                break
        for one in (client, server):
            _end(one)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


@contextmanager
def relaying(upstream: int) -> Iterator[Relay]:
    """A relay for the time of the block."""
    relay = Relay(upstream)
    threading.Thread(target=relay.listen, daemon=True).start()
    try:
        yield relay
    finally:
        relay.close()
