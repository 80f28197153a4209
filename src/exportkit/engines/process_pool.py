"""The engine that spreads jobs over local processes."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from exportkit.engines.pool_worker import Answer, Context, PoolWorker, signals_held
from exportkit.errors import LocalIOError

__all__ = ["ProcessPoolEngine", "available_processors"]

Job = TypeVar("Job")
Result = TypeVar("Result")

#: Jobs that a worker has at a time: one in its hands, and one so that it need not wait for the next.
_AT_HAND: Final = 2
#: How long a worker may take for a job that nobody wants any more.
_PATIENCE_SECONDS: Final = 2.0


def available_processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


class ProcessPoolEngine:
    """Processes that do one job after the other, each at the end of a pipe of its own.

    They are forks of this process where it has a single thread, and have imported everything then. A fork of a process
    with threads may deadlock, so there they are fresh interpreters; both give the same bytes. This process reads and
    writes the pipes itself: it has no thread more than before.
    """

    in_process = False
    repeats = False

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._crew: list[PoolWorker] = []
        self._numbers = count()
        #: Numbers of the jobs that somebody waits for, and what came of them.
        self._wanted: set[int] = set()
        self._arrived: dict[int, Answer] = {}

    def __enter__(self) -> Self:
        """Start the workers. Raises LocalIOError where the machine has no room for them."""
        context: Context = multiprocessing.get_context("fork") if _is_alone() else multiprocessing.get_context("spawn")
        try:
            for _ in range(self.workers):
                # A signal in a fork that is not ready would have it do what its parent does then.
                with signals_held():
                    self._crew.append(PoolWorker(context, self._crew))
        except OSError as error:
            self._dismiss(in_haste=True)
            raise LocalIOError(
                f"A worker process could not be started ({error.strerror}); run again with fewer --workers."
            ) from error
        except BaseException:
            self._dismiss(in_haste=True)
            raise
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._dismiss(in_haste=kind is not None)

    def _dismiss(self, *, in_haste: bool) -> None:
        """Let every worker end after the job in its hands, which nobody waits for any more; in haste, not for long."""
        crew, self._crew = self._crew, []
        try:
            for worker in crew:
                worker.dismiss()
            until = time.monotonic() + _PATIENCE_SECONDS if in_haste else None
            for worker in crew:
                worker.join(until)
        finally:
            for worker in crew:
                worker.end()

    def map_ordered(
        self, function: Callable[[Job], Result], jobs: Iterable[Job], window: int | None = None
    ) -> Iterator[Result]:
        """Yield ``function(job)`` for each job, in order, with at most ``window`` of them under way or in hand."""
        if not self._crew:
            raise RuntimeError("The pool is not open.")
        limit = window or 2 * self.workers + 2
        expected: deque[int] = deque()
        source = iter(jobs)
        more = True
        try:
            while more or expected:
                while more and len(expected) < limit and (worker := self._least_busy()) is not None:
                    job = next(source, _END)
                    if job is _END:
                        more = False
                        break
                    number = next(self._numbers)
                    worker.give(number, function, job)
                    self._wanted.add(number)
                    expected.append(number)
                if expected and expected[0] in self._arrived:
                    yield self._value_of(expected.popleft())
                elif more or expected:
                    self._take_answers()
        finally:
            for number in expected:
                self._wanted.discard(number)
                self._arrived.pop(number, None)

    def _value_of(self, number: int) -> Any:
        self._wanted.discard(number)
        is_done, value = self._arrived.pop(number)
        if not is_done:
            raise value
        return value

    def _least_busy(self) -> PoolWorker | None:
        worker = min(self._crew, key=lambda worker: len(worker.under_way))
        return worker if len(worker.under_way) < _AT_HAND else None

    def _take_answers(self) -> None:
        """Wait for an answer and take what there is; what belongs to a round that was broken off is nobody's."""
        busy = {worker.answers: worker for worker in self._crew if worker.under_way}
        for ready in wait(list(busy)):
            number, answer = busy[ready].take()  # type: ignore[index]
            if number in self._wanted:
                self._arrived[number] = answer


def _is_alone() -> bool:
    """Whether this process surely has no other thread, not even one that Python knows nothing of."""
    try:
        return sys.platform == "linux" and len([*Path("/proc/self/task").iterdir()]) == 1
    except OSError:  # nobody has mounted /proc
        return False


#: Stands for the end of the jobs, any of which may be None.
_END: Any = object()
