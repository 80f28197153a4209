"""What an engine expects of the place through which jobs and results go between machines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

__all__ = ["Answer", "Facts", "JobPlace", "Run"]

#: Versions that have to be the same on all machines, see :func:`~exportkit.engines.remote_job.machine_facts`.
Facts = dict[str, str]
#: ``answer(machine, words, reads, facts)``: what is wrong with the machine, as the end of a sentence; None: nothing.
Answer = Callable[[str, tuple[str, ...], tuple[str, ...], Facts], str | None]
#: ``run(machine, words, facts)``: what :meth:`JobPlace.result` makes the result of.
Run = Callable[[str, tuple[str, ...], tuple[tuple[str, str], ...]], Any]


class JobPlace(Protocol):
    """A folder that all machines share, or a storage of objects that all of them reach.

    What :attr:`answer` and :attr:`run` are called with, and what they give, is all that crosses the network.
    """

    @property
    def answer(self) -> Answer:
        """What tells, on a machine, whether it is fit for the run; it leaves a sign for :meth:`refusal`."""
        ...

    @property
    def run(self) -> Run:
        """What does a job on a machine."""
        ...

    def open(self) -> tuple[str, ...]:
        """Prepare the place, and give the words for ``answer``. Raises UsageError, LocalIOError, RemoteIOError."""
        ...

    def refusal(self, machine: str) -> str | None:
        """Why what a machine wrote at its answer does not arrive here, as the end of a sentence; None: it does."""
        ...

    def begin(self) -> None:
        """Say that jobs follow which find the folders of the run as they are now."""
        ...

    def store(self, number: int, function: Callable[[Any], Any], job: Any) -> tuple[str, ...]:
        """Put a job where the machines find it; the words for ``run``.

        Raises UsageError for a function that they cannot import.
        """
        ...

    def has_begun(self, number: int, machines: Iterable[str]) -> bool:
        """Whether one of these machines has begun a job."""
        ...

    def result(self, outcome: Any) -> Any:
        """The result of a job, by what ``run`` gave; what the job raised is raised here."""
        ...

    def forget(self, number: int) -> None:
        """Remove what lies here of a job, also of other attempts at it."""
        ...

    def close(self) -> None:
        """Remove what would stay here, once no machine works any more."""
        ...
