"""The engine that works in the calling process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Self, TypeVar

__all__ = ["InProcessEngine"]

Job = TypeVar("Job")
Result = TypeVar("Result")


class InProcessEngine:
    """One job after the other, here."""

    in_process = True
    repeats = False
    workers = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def map_ordered(
        self,
        function: Callable[[Job], Result],
        jobs: Iterable[Job],
        window: int | None = None,
    ) -> Iterator[Result]:
        """Yield ``function(job)`` for each job, in order."""
        for job in jobs:
            yield function(job)
