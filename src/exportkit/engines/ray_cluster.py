"""The one file that knows Ray: a cluster of this run alone, or one that runs already."""

from __future__ import annotations

import logging
import os
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import count
from typing import Any, Final, NamedTuple, NewType

from exportkit.engines.process_pool import available_processors
from exportkit.engines.ray_address import LOCAL
from exportkit.errors import LocalIOError, RemoteIOError, UsageError

__all__ = ["ANSWER_SECONDS", "Machine", "Place", "RayCluster", "Task"]

#: The number of a task that was handed out.
Task = NewType("Task", int)

#: How long machines may take to answer a question, all together.
ANSWER_SECONDS: Final = 120.0
#: Releases from here on have tokens (CVE-2023-48022 is a cluster that takes code from anybody).
_OLDEST: Final = (2, 52)
#: Attempts at a task beside the first one, where machines or processes are lost.
_RETRIES: Final = 3
_OBJECT_BYTES: Final = 80 << 20
_LOOK_SECONDS: Final = 2.0
#: How long a cluster may have no processor at all before the run is given up.
_PATIENCE_SECONDS: Final = 60.0

_QUIET: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
}
#: Each attempt to join a cluster that is gone takes Ray 40 seconds.
_JOIN_ATTEMPTS: Final = "2"


class Machine(NamedTuple):
    """One machine of the cluster: the name that Ray gave it, and its address."""

    name: str
    address: str


class Place(NamedTuple):
    """Which cluster is meant."""

    address: str | None
    workers: int
    #: For sockets and logs of a cluster of this run.
    folder: str = ""
    #: True where the environment has led somebody to this cluster already, so that nothing of it is changed.
    as_is: bool = False


class RayCluster:
    """Tasks on a cluster. No machine is given an environment to install, a function or data: tasks name them.

    A cluster of this run listens on the loopback interface alone, takes a token, sends no statistics, and ends with
    this process however that ends. The process is one that does nothing else (ray_driver.py): its environment is
    changed, and Ray may end it.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._remote: Any = None
        self._numbers = count(1)
        self._tasks: dict[Task, Any] = {}
        #: Names of machines that were there at some time.
        self._met: set[str] = set()
        self._alone_since: float | None = None

    def open(self, said: Callable[[], str]) -> None:
        """Start or join. Raises UsageError, RemoteIOError, LocalIOError; ``said`` gives what stands on stderr."""
        os.environ.update(self._settings())
        self._ray = _ray()
        options: dict[str, Any] = {"address": self._place.address or "local"}
        if self._place.address in LOCAL:
            options |= {
                "num_cpus": self._place.workers or available_processors(),
                "object_store_memory": _OBJECT_BYTES,
                "include_dashboard": False,
                "_temp_dir": self._place.folder,
            }
        try:
            self._ray.init(**options, log_to_driver=False, configure_logging=False, logging_level=logging.CRITICAL)
        except Exception as error:
            raise self._refusal(error, said()) from error

    def _settings(self) -> dict[str, str]:
        """What Ray reads from the environment: for a cluster of others their token mode, if they did not say no."""
        if self._place.as_is:
            return _QUIET
        if self._place.address not in LOCAL:
            mode = os.environ.get("RAY_AUTH_MODE", "token")
            return {"RAY_AUTH_MODE": mode, "RAY_NUM_REDIS_GET_RETRIES": _JOIN_ATTEMPTS, **_QUIET}
        token = os.environ.get("RAY_AUTH_TOKEN") or secrets.token_hex(32)
        # Off the systems that it was named for, too, the last one is what keeps every port on the loopback interface.
        private = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token, "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
        return {**private, **_QUIET}

    def _refusal(self, error: Exception, said: str) -> Exception:
        address = self._place.address
        if address in LOCAL:
            return LocalIOError(f"Ray could not be started on this machine ({_first_line(error)}); run it again.")
        if isinstance(error, self._ray.exceptions.AuthenticationError) or "Unauthenticated" in said:
            return UsageError(
                f"The Ray cluster at {address} wants another token; set RAY_AUTH_TOKEN_PATH to the file with it, "
                "or RAY_AUTH_MODE=disabled for a cluster without tokens."
            )
        if isinstance(error, ConnectionError):
            return RemoteIOError(
                f"No Ray cluster was found at --ray-address {address} ({_first_line(error)}); "
                "run this on a machine of the cluster."
            )
        return UsageError(f"The Ray cluster at {address} cannot be used: {_first_line(error)}.")

    def close(self) -> None:
        """Disconnect, and end a cluster of this run."""
        self._ray.shutdown()

    # -- machines --------------------------------------------------------------------------------------

    def processors(self) -> int:
        """Processors of the cluster at this moment, at least 1."""
        return max(1, self._present_processors())

    def _present_processors(self) -> int:
        return int(self._ray.cluster_resources().get("CPU", 0))

    def _machines(self) -> list[Machine]:
        return [Machine(node["NodeID"], node["NodeManagerAddress"]) for node in self._ray.nodes() if node.get("Alive")]

    def lost(self) -> set[str]:
        """Names of machines that were there and are not any more."""
        present = {machine.name for machine in self._machines()}
        self._met |= present
        return self._met - present

    def ask_all(self, ask: Callable[..., Any], *words: Any) -> list[tuple[Machine, Any]]:
        """What ``ask(name of the machine, …)`` gives on each machine; one that is lost meanwhile is left out."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        asked = []
        for machine in self._machines():
            on_it = NodeAffinitySchedulingStrategy(machine.name, soft=False)
            # No processor is asked for: other people's tasks do not hold up the answer.
            task = self._placed().options(num_cpus=0, max_retries=0, scheduling_strategy=on_it)
            asked.append((machine, task.remote(ask, words)))
        until = time.monotonic() + ANSWER_SECONDS
        answers = []
        for machine, answer in asked:
            with suppress(*self._losses()):
                answers.append((machine, self._got(answer, max(0.0, until - time.monotonic()))))
        return answers

    # -- tasks -----------------------------------------------------------------------------------------

    def start(self, function: Callable[..., Any], *words: Any) -> Task:
        """Hand out a task, ``function(name of the machine, …)``."""
        number = Task(next(self._numbers))
        self._tasks[number] = self._placed().remote(function, words)
        return number

    def finished(self, tasks: Sequence[Task]) -> list[Task]:
        """Wait for at least one task, but only for some seconds; those that are done.

        Raises RemoteIOError where nobody is left to do them.
        """
        numbers = {self._tasks[number]: number for number in tasks}
        done, rest = self._ray.wait([*numbers], num_returns=1, timeout=_LOOK_SECONDS, fetch_local=False)
        if done:
            self._alone_since = None
            more = self._ray.wait(rest, num_returns=len(rest), timeout=0, fetch_local=False)[0] if rest else []
            return [numbers[task] for task in (*done, *more)]
        now = time.monotonic()
        self._alone_since = None if self._present_processors() else self._alone_since or now
        if self._alone_since is not None and now - self._alone_since > _PATIENCE_SECONDS:
            raise RemoteIOError("The Ray cluster has no machine left that works; start one, and run it again.")
        return []

    def result(self, task: Task) -> Any:
        """What a task gave. Raises LocalIOError where it took its process with it at every attempt."""
        try:
            return self._got(self._tasks.pop(task))
        except self._losses() as error:
            raise LocalIOError(
                f"A part of the run was lost {_RETRIES + 1} times with its machine or process (often: out of memory); "
                "nothing was published. Run it again with fewer --workers, or on larger machines."
            ) from error

    def cancel(self, tasks: Iterable[Task]) -> None:
        """Stop tasks that nobody waits for any more."""
        for task in tasks:
            with suppress(Exception):  # whatever became of it, it is not needed
                self._ray.cancel(self._tasks.pop(task), force=True)

    def _placed(self) -> Any:
        if self._remote is None:
            self._remote = self._ray.remote(num_cpus=1, max_retries=_RETRIES)(_on_this_machine)
        return self._remote

    def _got(self, task: Any, seconds: float | None = None) -> Any:
        """The value of a task; what it raised is raised here."""
        try:
            return self._ray.get(task, timeout=seconds)
        except self._ray.exceptions.RayTaskError as error:
            cause = error.cause
            if isinstance(cause, OSError):
                raise LocalIOError(f"A machine of the Ray cluster cannot write its results: {cause}.") from error
            if isinstance(cause, ImportError):
                raise UsageError(
                    f"A machine of the Ray cluster cannot import exportkit ({cause}); install it on all of them."
                ) from error
            raise

    def _losses(self) -> tuple[type[Exception], ...]:
        known = self._ray.exceptions
        names = ("WorkerCrashedError", "NodeDiedError", "OutOfMemoryError", "ObjectLostError", "TaskUnschedulableError")
        return tuple(getattr(known, name) for name in (*names, "GetTimeoutError"))


def _on_this_machine(function: Callable[..., Any], words: Sequence[Any]) -> Any:
    """Call a function with the name of the machine before its words; what a task is."""
    return function(_ray().get_runtime_context().get_node_id(), *words)


def _ray() -> Any:
    """The package. Raises UsageError where it is not installed, or too old."""
    try:
        import ray
    except ImportError:
        raise UsageError("The engine 'ray' needs an extra; install it with: pip install 'exportkit[ray]'") from None
    release = tuple(int(part) for part in ray.__version__.split(".")[:2])
    if release < _OLDEST:
        wanted = ".".join(map(str, _OLDEST))
        raise UsageError(f"Ray {ray.__version__} is too old; install one that has tokens: pip install 'ray>={wanted}'")
    return ray


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
