"""Keeps workers alive: each in a process of its own, started again when it dies, replaced when it stalls.

A worker tells the jobs for which it has stored something, one id a line.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import BinaryIO, Final

import msgspec
from sqlalchemy import and_, select
from sqlalchemy.exc import SQLAlchemyError

from exportkit.server.backend import Backend
from exportkit.server.tables import job
from exportkit.server.worker_name import process_on_this_host
from exportkit.storage.refusals import refusals_of

__all__ = ["Supervisor"]

_LOG: Final = logging.getLogger(__name__)
_LOOK_SECONDS: Final = 0.5
#: A worker that dies at once is not started again and again without a pause.
_LONGEST_PAUSE: Final = 30.0
_END_SECONDS: Final = 10.0


class Supervisor:
    """Starts the workers of one server and watches them in a thread, until it is closed."""

    def __init__(self, backend: Backend, workers: int) -> None:
        self._backend = backend
        settings = msgspec.json.encode(backend.settings) + b"\n"
        self._ending = Event()
        self._workers = [_WorkerProcess(settings, backend.news.tell) for _ in range(workers)]
        #: Held by whoever starts, wakes or ends processes: each of them sees either the old process or the new one.
        self._changing = Lock()
        self._thread = Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self) -> None:
        """Start every worker. Raises LocalIOError; what runs by then ends with :meth:`close`."""
        for worker in self._workers:
            with refusals_of("start a worker by", sys.executable):
                worker.start()
        self._thread.start()

    def wake(self) -> None:
        """Tell every worker that there may be something to do."""
        with self._changing:
            for worker in self._workers:
                worker.wake()

    def close(self) -> None:
        """Let every worker hand its job back and end; one that does not is killed."""
        self._ending.set()
        with self._changing:
            for worker in self._workers:
                worker.tell_end()
        until = time.monotonic() + _END_SECONDS
        for worker in self._workers:
            worker.end(max(0.1, until - time.monotonic()))
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._ending.wait(_LOOK_SECONDS):
            stalled = self._stalled()
            with self._changing:
                if self._ending.is_set():
                    return
                for worker in self._workers:
                    if worker.pid in stalled:
                        _LOG.warning("The worker %d gives no sign of life and is replaced", worker.pid)
                        worker.kill()
                    worker.start_if_dead()

    def _stalled(self) -> set[int | None]:
        """Give the processes of this machine that let the lease of a job run out."""
        overdue = and_(job.c.status == "PROCESSING", job.c.lease_until < self._backend.database.now)
        try:
            with self._backend.database.reading() as connection:
                names = connection.execute(select(job.c.worker).where(overdue)).scalars().all()
        except SQLAlchemyError:
            return set()
        return {process_on_this_host(name) for name in names}


class _WorkerProcess:
    """One worker, whatever process it is at the moment."""

    def __init__(self, settings: bytes, told: Callable[[str], None]) -> None:
        """`told` is called with the id of each job that the worker tells of, from a thread."""
        self._settings = settings
        self._told = told
        self._process: subprocess.Popen[bytes] | None = None
        self._pause = _LOOK_SECONDS
        self._next_start = 0.0

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else -1

    def start(self) -> None:
        # Safe path: what lies in the current folder is not imported in place of a library.
        command = [sys.executable, "-P", "-m", "exportkit.server.worker_process"]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        Thread(target=self._listen, args=(self._process.stdout,), name="news", daemon=True).start()
        self._tell(self._settings)
        if self._process.stdin is not None:
            # A worker that reads no more must not hold up whoever wakes it.
            os.set_blocking(self._process.stdin.fileno(), False)

    def start_if_dead(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._pause = _LOOK_SECONDS
            return
        now = time.monotonic()
        if now < self._next_start:
            return
        self._next_start = now + self._pause
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        self.tell_end()
        try:
            self.start()
        except OSError as error:
            _LOG.warning("A worker cannot be started: %s", error.strerror)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def wake(self) -> None:
        self._tell(b"\n")

    def tell_end(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def end(self, patience: float) -> None:
        if self._process is None:
            return
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()

    def _listen(self, pipe: BinaryIO) -> None:
        """Hand on what one process tells, until it ends."""
        with pipe:
            for line in pipe:
                self._told(line.decode(errors="replace").rstrip("\n"))

    def _tell(self, content: bytes) -> None:
        pipe = self._process.stdin if self._process is not None else None
        if pipe is None or pipe.closed:
            return
        try:
            pipe.write(content)
        except BrokenPipeError:
            _LOG.debug("A worker that is dead was told nothing")
