"""The protocol of an engine, and the choice of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

__all__ = ["POOL_THRESHOLD", "Engine", "open_engine"]

Job = TypeVar("Job")
Result = TypeVar("Result")

#: Below this many bytes of input a pool costs more than it brings.
POOL_THRESHOLD = 32 << 20


class Engine(Protocol):
    """Runs a pure function over jobs. Results come in the order of the jobs, whoever finishes first."""

    #: True where results need not cross a process border, so that bytes may be handed over as they are.
    in_process: bool
    #: How many jobs run at once.
    workers: int

    def map_ordered(
        self, function: Callable[[Job], Result], jobs: Iterable[Job], window: int | None = None
    ) -> Iterator[Result]:
        """Yield ``function(job)`` for each job, in order.

        At most ``window`` jobs are under way or waiting to be taken, which bounds the memory for results.
        The first exception of a job ends the iteration and reaches the caller unchanged.
        """
        ...


def open_engine(workers: int, input_bytes: int) -> AbstractContextManager[Engine]:
    """The engine for this much input: a pool where several workers are asked for and worth it.

    ``workers`` 0 chooses: one process below :data:`POOL_THRESHOLD`, else one per available processor.
    """
    from exportkit.engines.in_process import InProcessEngine
    from exportkit.engines.process_pool import ProcessPoolEngine, available_processors

    count = workers or (available_processors() if input_bytes >= POOL_THRESHOLD else 1)
    return InProcessEngine() if count == 1 else ProcessPoolEngine(count)
