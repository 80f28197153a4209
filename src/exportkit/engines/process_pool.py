"""The engine that spreads jobs over local processes."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from exportkit.engines.pool_worker import Context, PoolWorker
from exportkit.errors import LocalIOError

__all__ = ["ProcessPoolEngine", "available_processors"]

Job = TypeVar("Job")
Result = TypeVar("Result")

#: Jobs that a worker has at a time: one in its hands, and one so that it need not wait for the next.
_AT_HAND: Final = 2


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

    def __enter__(self) -> Self:
        """Start the workers. Raises LocalIOError where the machine has no room for them."""
        context: Context = multiprocessing.get_context("fork") if _is_alone() else multiprocessing.get_context("spawn")
        try:
            for _ in range(self.workers):
                self._crew.append(PoolWorker(context, self._crew))
        except OSError as error:
            self._dismiss()
            raise LocalIOError(
                f"A worker process could not be started ({error.strerror}); run again with fewer --workers."
            ) from error
        except BaseException:
            self._dismiss()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._dismiss()

    def _dismiss(self) -> None:
        """Let every worker end after the job in its hands, which nobody waits for any more."""
        for worker in self._crew:
            worker.dismiss()
        for worker in self._crew:
            worker.join()
        self._crew.clear()

    def map_ordered(
        self, function: Callable[[Job], Result], jobs: Iterable[Job], window: int | None = None
    ) -> Iterator[Result]:
        """Yield ``function(job)`` for each job, in order, with at most ``window`` of them under way or in hand."""
        limit = window or 2 * self.workers + 2
        expected: deque[int] = deque()
        arrived: dict[int, tuple[bool, Any]] = {}
        source = iter(jobs)
        more = True
        while True:
            while more and len(expected) < limit and (worker := self._least_busy()) is not None:
                job = next(source, _END)
                if job is _END:
                    more = False
                    break
                number = next(self._numbers)
                worker.give(number, function, job)
                expected.append(number)
            if not expected:
                return
            while expected[0] not in arrived:
                self._take_answers(arrived, expected)
            is_done, value = arrived.pop(expected.popleft())
            if not is_done:
                raise value
            yield value

    def _least_busy(self) -> PoolWorker | None:
        worker = min(self._crew, key=lambda worker: len(worker.under_way))
        return worker if len(worker.under_way) < _AT_HAND else None

    def _take_answers(self, arrived: dict[int, tuple[bool, Any]], expected: deque[int]) -> None:
        """Wait for an answer and take what there is; what belongs to a round that was broken off is nobody's."""
        busy = {worker.answers: worker for worker in self._crew if worker.under_way}
        for ready in wait(list(busy)):
            number, answer = busy[ready].take()  # type: ignore[index]
            if number in expected:
                arrived[number] = answer


def _is_alone() -> bool:
    """Whether this process surely has no other thread, not even one that Python knows nothing of."""
    return sys.platform == "linux" and len([*Path("/proc/self/task").iterdir()]) == 1


#: Stands for the end of the jobs, any of which may be None.
_END: Any = object()
