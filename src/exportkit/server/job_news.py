"""Word of what was stored for a job, so that whoever follows it looks at once and seldom in vain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Lock

__all__ = ["JobNews"]


class JobNews:
    """Any thread may tell; those who listen run in a loop. Word may fail to come: it says when to look, not what is."""

    def __init__(self) -> None:
        self._changing = Lock()
        self._listeners: dict[str, list[Callable[[], object]]] = {}

    @contextmanager
    def listening(self, job_id: str) -> Iterator[asyncio.Event]:
        """Give an event that is set at every word of a job, as long as the block lasts."""
        heard = asyncio.Event()
        wake = partial(asyncio.get_running_loop().call_soon_threadsafe, heard.set)
        with self._changing:
            self._listeners.setdefault(job_id, []).append(wake)
        try:
            yield heard
        finally:
            with self._changing:
                self._listeners[job_id].remove(wake)
                if not self._listeners[job_id]:
                    del self._listeners[job_id]

    def tell(self, job_id: str) -> None:
        """Have those look who listen for a job."""
        with self._changing:
            for wake in self._listeners.get(job_id, ()):
                wake()
