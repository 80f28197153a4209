"""An engine whose jobs all go through a storage to another folder and back, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Self, TypeVar

from exportkit.engines.job_storage import JobStorage
from exportkit.engines.remote_job import machine_facts

Job = TypeVar("Job")
Result = TypeVar("Result")


class ThroughStorage:
    """One machine named ``m``, which does each job twice; the first or the second result counts."""

    in_process = False
    repeats = True
    workers = 1

    def __init__(self, objects: Path, root: Path, reads: Iterable[Path] = (), chosen: int = 0) -> None:
        self._place = JobStorage(str(objects), root)
        self._reads = tuple(map(str, reads))
        self._chosen = chosen
        self.jobs = 0

    def __enter__(self) -> Self:
        facts = machine_facts()
        assert self._place.answer("m", self._place.open(), self._reads, facts) is None
        assert self._place.refusal("m") is None
        return self

    def __exit__(self, *_: object) -> None:
        self._place.close()

    def map_ordered(
        self, function: Callable[[Job], Result], jobs: Iterable[Job], window: int | None = None
    ) -> Iterator[Result]:
        self._place.begin()
        facts = tuple(sorted(machine_facts().items()))
        for number, job in enumerate(jobs, self.jobs):
            words = self._place.store(number, function, job)
            assert not self._place.has_begun(number, ["m"])
            outcomes: list[Any] = [self._place.run("m", words, facts) for _ in range(2)]
            assert self._place.has_begun(number, ["other", "m"])
            self.jobs += 1
            yield self._place.result(outcomes[self._chosen])
            self._place.forget(number)
