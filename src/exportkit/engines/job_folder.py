"""Jobs and results as files of a folder that all machines share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from exportkit.engines.remote_job import (
    answer,
    call_out,
    forget_job,
    has_begun,
    read_result,
    run_job,
    store_job,
)

__all__ = ["JobFolder"]


class JobFolder:
    """What machines write stands in its place at once, and nothing is lost with a machine (see :class:`JobPlace`)."""

    answer = staticmethod(answer)
    run = staticmethod(run_job)

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._jobs = folder / "jobs"

    def open(self) -> tuple[str, ...]:
        self._jobs.mkdir(0o700, exist_ok=True)
        return str(self._folder), call_out(self._folder)

    def refusal(self, machine: str) -> str | None:
        if (self._folder / machine).exists():
            return None
        return "does not arrive in the output's folder; choose an output on storage that all machines share"

    def begin(self) -> None:
        """Nothing: machines see the folders."""

    def store(self, number: int, function: Callable[[Any], Any], job: Any) -> tuple[str, ...]:
        store_job(self._jobs, number, function, job)
        return str(self._jobs), str(number)

    def has_begun(self, number: int, machines: Iterable[str]) -> bool:
        return any(has_begun(self._jobs, number, machine) for machine in machines)

    def result(self, outcome: Any) -> Any:
        return read_result(self._jobs, outcome)

    def forget(self, number: int) -> None:
        forget_job(self._jobs, number)

    def close(self) -> None:
        """Nothing: all of it is removed with the folder of the run."""
