"""Answers that threads are reading, kept so that whoever closes a client need not wait for a silent server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock

import httpx2

__all__ = ["OpenAnswers"]


class OpenAnswers:
    """Whoever reads or pauses here is woken when it is closed, from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._closed = Event()
        self._open: dict[int, httpx2.Response] = {}

    @contextmanager
    def reading(self, response: httpx2.Response) -> Iterator[None]:
        """Hold an answer while it is read. Reading ends as if the server had gone, when this is closed meanwhile."""
        with self._lock:
            self._open[id(response)] = response
            is_late = self._closed.is_set()
        if is_late:
            _shut(response)
        try:
            yield
        finally:
            with self._lock:
                self._open.pop(id(response), None)

    def pause(self, seconds: float) -> None:
        """Wait, but no longer than until this is closed."""
        self._closed.wait(seconds)

    def close(self) -> None:
        """Wake everybody; a second call does nothing."""
        self._closed.set()
        with self._lock:
            found = list(self._open.values())
        for response in found:
            _shut(response)


def _shut(response: httpx2.Response) -> None:
    """End the connection below an answer, which wakes the thread that waits for its bytes; closing it would not."""
    stream = response.extensions.get("network_stream")
    connection = stream.get_extra_info("socket") if stream is not None else None
    if isinstance(connection, socket.socket):
        with suppress(OSError):
            # That of TLS would take its layer away from under the reader, who would take what is queued for an answer.
            socket.socket.shutdown(connection, socket.SHUT_RDWR)
