"""The engine that spreads jobs over the machines of a Ray cluster (extra ``ray``)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any, Self, TypeVar

from exportkit.engines.job_place import JobPlace
from exportkit.engines.ray_cluster import Task
from exportkit.engines.ray_driver import RayDriver
from exportkit.engines.remote_job import machine_facts
from exportkit.errors import UsageError

__all__ = ["RayEngine"]

Job = TypeVar("Job")
Result = TypeVar("Result")


class RayEngine:
    """Tasks over jobs: a task is told a place and a number, and tells the name under which its result lies there.

    Ray runs a task again when its machine is lost, so a job must bear being done twice (:attr:`repeats`); the result
    that counts is the one whose name came back. Jobs and results lie in ``place``, so that nothing is lost with a
    machine, and this process holds one result at a time. ``reads`` is what the machines have to see.
    """

    in_process = False
    repeats = True

    def __init__(self, workers: int, address: str | None, place: JobPlace, reads: Sequence[Path] = ()) -> None:
        self._cluster = RayDriver(address, workers)
        self._asked = workers
        self._place = place
        self._reads = tuple(str(path.absolute()) for path in reads)
        self._facts = machine_facts()
        self._numbers = count()
        self._opened = ExitStack()
        self.workers = workers

    def __enter__(self) -> Self:
        """Start or join the cluster, and judge its machines. Raises UsageError, LocalIOError, RemoteIOError."""
        try:
            self._opened.callback(self._place.close)
            words = self._place.open()
            self._cluster.open()
            self._opened.callback(self._cluster.close)
            self._judge_machines(words)
            self.workers = self._asked or self._cluster.processors()
        except BaseException:
            self._opened.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def _judge_machines(self, words: tuple[str, ...]) -> None:
        """Refuse a cluster before it has worked for an hour: other versions, or no sight of place and bundle."""
        self._cluster.lost()
        for machine, wrong in self._cluster.ask_all(self._place.answer, words, self._reads, self._facts):
            if wrong is not None:
                raise UsageError(f"The machine {machine.address} of the Ray cluster {wrong}.")
            refusal = self._place.refusal(machine.name)
            if refusal is not None:
                raise UsageError(f"What the machine {machine.address} of the Ray cluster writes {refusal}.")

    def map_ordered(
        self, function: Callable[[Job], Result], jobs: Iterable[Job], window: int | None = None
    ) -> Iterator[Result]:
        """Yield ``function(job)`` for each job, in order, with at most ``window`` jobs under way."""
        self._place.begin()
        limit = window or 2 * self.workers + 2
        # Ray runs as many tasks as there are processors; fewer workers than that are kept by handing out fewer.
        at_once = limit if self._asked in {0, self._cluster.processors()} else self._asked
        waiting: deque[_Handed] = deque()
        source = iter(jobs)
        try:
            while True:
                while len(waiting) < limit and sum(handed.done is None for handed in waiting) < at_once:
                    job = next(source, _END)
                    if job is _END:
                        break
                    waiting.append(self._handed_out(function, job))
                if not waiting:
                    return
                done = waiting[0].done
                if done is None:
                    self._look_after(waiting)
                else:
                    yield self._taken(waiting.popleft(), done)
        finally:
            for handed in waiting:
                self._cluster.cancel(handed.tasks)

    def _handed_out(self, function: Callable[[Any], Any], job: Any) -> _Handed:
        number = next(self._numbers)
        words = self._place.store(number, function, job)
        return _Handed(number, words, [self._started(words)])

    def _started(self, words: tuple[str, ...]) -> Task:
        return self._cluster.start(self._place.run, words, tuple(sorted(self._facts.items())))

    def _look_after(self, waiting: Iterable[_Handed]) -> None:
        """Wait until something is done, or for some seconds; then do again what was begun on a machine that is lost.

        Ray does so, too, but where a connection does not break it waits for many minutes before.
        """
        of_task = {task: handed for handed in waiting if handed.done is None for task in handed.tasks}
        finished = self._cluster.finished(of_task)
        for task in finished:
            of_task[task].done = task
        if finished:
            return
        lost = self._cluster.lost()
        for handed in set(of_task.values()):
            if self._place.has_begun(handed.number, lost - handed.given_up):
                handed.given_up |= lost
                handed.tasks.append(self._started(handed.words))

    def _taken(self, handed: _Handed, done: Task) -> Any:
        outcome = self._cluster.result(done)
        self._cluster.cancel(task for task in handed.tasks if task != done)
        result = self._place.result(outcome)
        self._place.forget(handed.number)
        return result


class _Handed:
    """A job that was handed out: its attempts, the one that is done, and the machines that nobody waits for."""

    def __init__(self, number: int, words: tuple[str, ...], tasks: list[Task]) -> None:
        self.number = number
        self.words = words
        self.tasks = tasks
        self.done: Task | None = None
        self.given_up: set[str] = set()


#: Stands for the end of the jobs, any of which may be None.
_END: Any = object()
