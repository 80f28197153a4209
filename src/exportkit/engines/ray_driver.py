"""The process that is connected to Ray for a run, which may hang or be ended by Ray without harm to this one."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any, Final

from exportkit.engines.ray_address import LOCAL, ensure_reachable
from exportkit.engines.ray_cluster import ANSWER_SECONDS, Machine, Place, RayCluster, Task
from exportkit.engines.ray_folder import private_folder
from exportkit.errors import ExportkitError, LocalIOError, RemoteIOError

__all__ = ["RayDriver"]

#: How long one call may take. Ray itself waits for minutes, for ever, or ends its process.
_JOIN_SECONDS: Final = 60.0
_START_SECONDS: Final = 120.0
_CALL_SECONDS: Final = 90.0
_CLOSE_SECONDS: Final = 20.0


class RayDriver:
    """A :class:`RayCluster` in a process of its own, with a time for every call.

    Where Ray does not answer in time, or ends the process (as it does a minute after the head of a cluster is gone),
    the call is a RemoteIOError. What Ray makes of signals, environment and terminal stays in that process, and it ends
    with this one however that ends; so does a cluster that was started for the run.
    """

    def __init__(self, address: str | None, workers: int) -> None:
        self._address = address
        self._workers = workers
        self._opened = ExitStack()
        self._calls = 0

    def open(self) -> None:
        """Start or join a cluster. Raises UsageError, RemoteIOError, LocalIOError."""
        place = Place(self._address, self._workers)
        if self._address is None and (gcs := _joined_already()) is not None:
            place = place._replace(address=gcs, as_is=True)
        elif self._address not in LOCAL:
            ensure_reachable(str(self._address))
        if place.address not in LOCAL:
            self._join(place, _JOIN_SECONDS)
            return
        try:
            self._start_cluster(place)
        except LocalIOError:
            # Ray gives a node 30 seconds to come up, whoever asks, and on a busy machine that is not always enough.
            self._start_cluster(place)

    def _start_cluster(self, place: Place) -> None:
        folder = self._opened.enter_context(private_folder())
        self._join(place._replace(folder=str(folder)), _START_SECONDS)

    def _join(self, place: Place, seconds: float) -> None:
        try:
            self._start(place)
            self._answer(0, seconds)
        except BaseException:
            self._opened.close()
            raise

    def _start(self, place: Place) -> None:
        # Fresh, since neither this process nor Ray bears a fork; daemonic, so that no exit waits for it.
        spawn = multiprocessing.get_context("spawn")
        self._connection, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(theirs, place), name="exportkit-ray", daemon=True)
        self._process.start()
        theirs.close()
        self._opened.callback(self._end)

    def _end(self) -> None:
        """Let the process take leave of Ray, but not for long."""
        self._connection.close()
        self._process.join(_CLOSE_SECONDS)
        self._process.kill()
        self._process.join()

    def close(self) -> None:
        """Disconnect, and end a cluster of this run."""
        self._opened.close()

    # -- calls -----------------------------------------------------------------------------------------

    def processors(self) -> int:
        """Processors of the cluster at this moment, at least 1."""
        return int(self._call("processors"))

    def lost(self) -> set[str]:
        """Names of machines that were there and are not any more."""
        return set(self._call("lost"))

    def ask_all(self, ask: Callable[..., Any], *words: Any) -> list[tuple[Machine, Any]]:
        """What ``ask(name of the machine, …)`` gives on each machine; one that is lost meanwhile is left out."""
        return list(self._call("ask_all", ask, *words, seconds=ANSWER_SECONDS + _CALL_SECONDS))

    def start(self, function: Callable[..., Any], *words: Any) -> Task:
        """Hand out a task, ``function(name of the machine, …)``."""
        return Task(self._call("start", function, *words))

    def finished(self, tasks: Iterable[Task]) -> list[Task]:
        """Wait for at least one task, but only for some seconds; those that are done.

        Raises RemoteIOError where nobody is left to do them.
        """
        return list(self._call("finished", list(tasks)))

    def result(self, task: Task) -> Any:
        """What a task gave. Raises LocalIOError where it took its process with it at every attempt."""
        return self._call("result", task)

    def cancel(self, tasks: Iterable[Task]) -> None:
        """Stop tasks that nobody waits for any more."""
        unwanted = list(tasks)
        if unwanted:
            # Whoever stops tasks has a reason of his own, which a lost cluster must not hide.
            with suppress(RemoteIOError):
                self._call("cancel", unwanted)

    def _call(self, name: str, *words: Any, seconds: float = _CALL_SECONDS) -> Any:
        self._calls += 1
        try:
            self._connection.send((self._calls, name, words))
        except OSError:
            raise self._silence("ended") from None
        return self._answer(self._calls, seconds)

    def _answer(self, number: int, seconds: float) -> Any:
        """The answer to a call; what it raised is raised here. What an interrupted call left unread is passed over."""
        while True:
            try:
                if not self._connection.poll(seconds):
                    raise self._silence(f"gave no answer for {seconds:.0f} seconds")
                answered, is_done, value = self._connection.recv()
            except (EOFError, OSError):
                raise self._silence("ended") from None
            if answered == number:
                break
        if not is_done:
            raise value
        return value

    def _silence(self, what: str) -> RemoteIOError:
        # Nothing that it could say later would be the answer to a question.
        self._process.kill()
        where = "of this run" if self._address in LOCAL else f"at --ray-address {self._address}"
        return RemoteIOError(
            f"The connection to the Ray cluster {where} {what}, so nothing was published; "
            "see that its head node runs, and run it again."
        )


def _joined_already() -> str | None:
    """The cluster that this very process is connected to."""
    ray = sys.modules.get("ray")
    return str(ray.get_runtime_context().gcs_address) if ray is not None and ray.is_initialized() else None


# -- in the other process ------------------------------------------------------------------------------


def _serve(connection: Connection, place: Place) -> None:
    """Answer calls until nobody is left to ask."""
    said = _silent()
    threading.Thread(target=_end_with_parent, name="exportkit-parent", daemon=True).start()
    cluster = RayCluster(place)
    is_open = _replied(connection, 0, partial(cluster.open, said))
    # Ray has taken SIGTERM for itself; only the parent decides what a signal to the whole group means.
    # A function, since programs that are started inherit a signal that is ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    with suppress(EOFError, OSError):
        while is_open:
            number, name, words = connection.recv()
            _replied(connection, number, partial(getattr(cluster, name), *words))
    if is_open:
        cluster.close()
    if place.folder:
        # Whoever made it may be dead.
        shutil.rmtree(Path(place.folder).parent, ignore_errors=True)


def _replied(connection: Connection, number: int, call: Callable[[], Any]) -> bool:
    try:
        answer: tuple[bool, Any] = (True, call())
    except ExportkitError as error:
        answer = (False, error)
    except Exception as error:  # noqa: BLE001 - the border of a process: it may be of a class that only Ray has
        reason = (str(error).strip().splitlines() or [""])[0].rstrip(".")
        answer = (False, RemoteIOError(f"Ray failed ({type(error).__name__}: {reason[:300]}); run it again."))
    connection.send((number, *answer))
    return answer[0]


def _silent() -> Callable[[], str]:
    """Keep off the terminal, and off stdout, where results belong, what Ray says; the value gives its errors so far."""
    caught: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it is there as long as the process
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(caught.fileno(), 2)

    def said() -> str:
        caught.seek(0)
        return caught.read().decode("utf-8", "replace")

    return said


def _end_with_parent() -> None:
    """Ray may hold the thread that would meet the end of the connection."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        time.sleep(_CLOSE_SECONDS)
        os._exit(1)
