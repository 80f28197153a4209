"""The engine that spreads jobs over local processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Self, TypeVar

from exportkit.errors import LocalIOError

__all__ = ["ProcessPoolEngine", "available_processors"]

Job = TypeVar("Job")
Result = TypeVar("Result")


def available_processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def _serve_one_parent() -> None:
    # Ctrl-C reaches the whole process group; only the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A parent that is killed cannot say so, and its next run works in the same folder.
    threading.Thread(target=_end_with_parent, name="exportkit-parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class ProcessPoolEngine:
    """A pool of fresh interpreters.

    Fresh (``spawn``) rather than forked: a fork of a process with threads (a progress display has one) may
    deadlock, and both give the same bytes.
    """

    in_process = False
    repeats = False

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._pool = ProcessPoolExecutor(
            workers, mp_context=multiprocessing.get_context("spawn"), initializer=_serve_one_parent
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def map_ordered(
        self, function: Callable[[Job], Result], jobs: Iterable[Job], window: int | None = None
    ) -> Iterator[Result]:
        """Yield ``function(job)`` for each job, in order, with at most ``window`` results in hand."""
        limit = window or 2 * self.workers + 2
        pending: deque[Future[Result]] = deque()
        source = iter(jobs)
        try:
            for job in source:
                pending.append(self._pool.submit(function, job))
                if len(pending) >= limit:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        except BrokenProcessPool as error:
            raise LocalIOError(
                "A worker process died (often: the machine ran out of memory); nothing was published. "
                "Run again with fewer --workers."
            ) from error
        finally:
            for future in pending:
                future.cancel()
