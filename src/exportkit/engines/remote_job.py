"""What a machine of a cluster does for a run: one job, from a file in the shared folder to a file beside it.

Only the folder, the number of the job and two short texts cross the network; everything else lies in the folder.
"""

from __future__ import annotations

import os
import pickle
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Any, Final

from exportkit.engines.portable_error import portable
from exportkit.errors import LocalIOError, UsageError

__all__ = [
    "CALL",
    "answer",
    "call_out",
    "difference",
    "forget_job",
    "given",
    "has_begun",
    "job_name",
    "jobs_that_can_be_sent",
    "machine_facts",
    "outcome_of",
    "read_result",
    "run_job",
    "store_job",
    "unreadable",
]

#: Where the word stands that every machine has to find.
CALL: Final = "call"


def machine_facts() -> dict[str, str]:
    """What has to be the same on all machines of a run: Python, exportkit, and every plugin, with their versions."""
    plugins = {
        point.dist.name: point.dist.version for point in entry_points(group="exportkit") if point.dist is not None
    }
    return {**plugins, "Python": "{}.{}".format(*sys.version_info[:2]), "exportkit": version("exportkit")}


# -- at the start of a run -----------------------------------------------------------------------------


def call_out(folder: Path) -> str:
    """Leave a word in the folder that every machine has to read there, and give it."""
    word = secrets.token_hex(16)
    (folder / CALL).write_text(word, encoding="ascii")
    return word


def answer(machine: str, words: tuple[str, ...], reads: Iterable[str], facts: dict[str, str]) -> str | None:
    """What is wrong with this machine, as the end of a sentence; None, and a file of its name there, if nothing is.

    ``words`` are the folder, and the word that was left in it.
    """
    folder, word = words
    wrong = difference(facts) or _blindness(folder, word) or unreadable(reads)
    if wrong is None:
        try:
            Path(folder, machine).write_text(word, encoding="ascii")
        except OSError as error:
            return f"cannot write to {folder!r} ({error.strerror}); run it as the same user everywhere"
    return wrong


def _blindness(folder: str, word: str) -> str | None:
    try:
        seen = Path(folder, CALL).read_text(encoding="ascii")
    except OSError:
        seen = None
    if seen != word:
        return f"does not see {folder!r}; choose an output on storage that all machines have at the same place"
    return None


def unreadable(reads: Iterable[str]) -> str | None:
    """What of the input this machine cannot read, as the end of a sentence; None if it can."""
    for path in reads:
        if not os.access(path, os.R_OK):
            return f"cannot read {path!r}; put the bundle on storage that all machines have at the same place"
    return None


def difference(facts: dict[str, str]) -> str | None:
    """In what this machine differs from one with these facts, as the end of a sentence; None if in nothing."""
    own = machine_facts()
    for name in sorted(facts.keys() | own.keys()):
        if facts.get(name) != own.get(name):
            here, there = (f"{name} {value}" if value else f"no {name}" for value in (own.get(name), facts.get(name)))
            return f"has {here} where this machine has {there}; install the same versions everywhere"
    return None


@lru_cache(maxsize=4)
def _refuse_others(facts: tuple[tuple[str, str], ...]) -> None:
    """Raise UsageError on a machine that joined after the start and is not like the others."""
    wrong = difference(dict(facts))
    if wrong is not None:
        raise UsageError(f"A machine of the Ray cluster ({os.uname().nodename}) {wrong}.")


# -- jobs ----------------------------------------------------------------------------------------------


def job_name(number: int) -> str:
    """What a job is called, as a file or as an object."""
    return f"job-{number:06d}"


@contextmanager
def jobs_that_can_be_sent() -> Iterator[None]:
    """Turn what pickle raises for a job into a UsageError."""
    try:
        yield
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UsageError(f"A job cannot be handed to other machines ({error}); define it in a module.") from None


def store_job(folder: Path, number: int, function: Callable[[Any], Any], job: Any) -> None:
    """Put a job where the machines find it. Raises UsageError for a function that they cannot import."""
    with jobs_that_can_be_sent():
        stored = pickle.dumps((function, job))
    (folder / job_name(number)).write_bytes(stored)


def run_job(machine: str, words: tuple[str, ...], facts: tuple[tuple[str, str], ...]) -> str:
    """Do a job and give the name of the file with its result, which no other attempt at it has.

    ``words`` are the folder and the number. Another file says meanwhile that this ``machine`` has begun the job.
    """
    folder, number = words
    place = Path(folder, job_name(int(number)))
    place.with_name(f"{place.name}-on-{machine}").touch()
    # Our own file, in a folder of mode 0700 that this very run has made.
    outcome = outcome_of(lambda: pickle.loads(place.read_bytes()), facts)  # noqa: S301
    result = place.with_name(f"{place.name}-{secrets.token_hex(8)}")
    result.write_bytes(pickle.dumps(outcome, 5))
    return result.name


def outcome_of(load: Callable[[], Any], facts: tuple[tuple[str, str], ...]) -> tuple[bool, Any]:
    """Do the job that ``load`` gives, a function and its argument: True and its result, or False and what it raised."""
    try:
        _refuse_others(facts)
        function, job = load()
        return True, function(job)
    except Exception as error:  # noqa: BLE001 - the border of a machine: whatever it is, it is raised again over there
        return False, portable(error, "On another machine")


def read_result(folder: Path, name: str) -> Any:
    """The result of a job; what the job raised is raised here."""
    path = folder / name
    try:
        is_done, value = pickle.loads(path.read_bytes())  # noqa: S301 - our own file, as above
    except OSError as error:
        raise LocalIOError(
            f"A result of another machine cannot be read from {str(path)!r} ({error.strerror}); "
            "choose an output on storage that all machines share."
        ) from error
    return given(is_done, value)


def given(is_done: bool, value: Any) -> Any:
    """The result of an outcome; what the job raised is raised here."""
    if not is_done:
        raise value
    return value


def has_begun(folder: Path, number: int, machine: str) -> bool:
    """Whether a machine has begun a job."""
    return (folder / f"{job_name(number)}-on-{machine}").exists()


def forget_job(folder: Path, number: int) -> None:
    """Remove what lies there of a job, also of other attempts at it."""
    for path in folder.glob(f"{job_name(number)}*"):
        path.unlink(missing_ok=True)
