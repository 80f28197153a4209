"""One process of the pool: how it is given jobs and gives answers, and what it does on its side."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkContext, SpawnContext
from queue import SimpleQueue
from traceback import format_exception
from typing import Any

from exportkit.engines.pipe import receive, send, widen
from exportkit.errors import LocalIOError

__all__ = ["Context", "PoolWorker"]

#: How a process is started.
Context = ForkContext | SpawnContext


class PoolWorker:
    """A process, seen from the one that started it."""

    def __init__(self, context: Context, earlier: Sequence[PoolWorker]) -> None:
        """``earlier`` are those whose pipes a fork has open, too. Raises OSError where there is no room for it."""
        jobs, self._jobs = context.Pipe(duplex=False)
        #: Where its answers arrive.
        self.answers, answers = context.Pipe(duplex=False)
        #: Numbers of the jobs that it has, in the order of its answers.
        self.under_way: deque[int] = deque()
        widen(answers)
        inherited = []
        if context.get_start_method() == "fork":
            inherited = [end for worker in (*earlier, self) for end in (worker._jobs, worker.answers)]  # noqa: SLF001
        self._process = context.Process(target=_serve, args=(jobs, answers, inherited))
        try:
            self._process.start()
        finally:
            jobs.close()
            answers.close()

    def give(self, number: int, function: Callable[[Any], Any], job: Any) -> None:
        """Hand it a job. Raises LocalIOError if it is dead, and what pickle raises."""
        try:
            send(self._jobs, (number, pickle.dumps((function, job), 5)))
        except OSError as error:
            raise _death() from error
        self.under_way.append(number)

    def take(self) -> tuple[int, tuple[bool, Any]]:
        """Number and answer of the job that it had longest: whether it was done, and its value or what it raised.

        Raises LocalIOError if it is dead.
        """
        try:
            answer = receive(self.answers)
        except (EOFError, OSError) as error:
            raise _death() from error
        return self.under_way.popleft(), answer

    def dismiss(self) -> None:
        """Tell it to end; it may have a job in its hands still."""
        with suppress(OSError):
            send(self._jobs, None)
        self._jobs.close()
        self.answers.close()

    def join(self) -> None:
        """Wait for its end."""
        self._process.join()
        self._process.close()


def _death() -> LocalIOError:
    return LocalIOError(
        "A worker process died (often: the machine ran out of memory); nothing was published. "
        "Run again with fewer --workers."
    )


# -- on its side ---------------------------------------------------------------------------------------


def _serve(jobs: Connection, answers: Connection, inherited: Sequence[Connection]) -> None:
    for end in inherited:
        end.close()
    # What a fork has of the other process is not its own: nothing of it may be finalised here.
    gc.freeze()
    # Ctrl-C reaches the whole process group; only the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    given: SimpleQueue[tuple[int, bytes] | None] = SimpleQueue()
    threading.Thread(target=_listen, args=(jobs, given), name="exportkit-jobs", daemon=True).start()
    with suppress(BrokenPipeError):  # nobody waits for the answer any more
        while (message := given.get()) is not None:
            _answer(answers, message[1])


def _listen(jobs: Connection, given: SimpleQueue[tuple[int, bytes] | None]) -> None:
    """Take jobs while another one is done, so that whoever gives them never has to wait.

    A parent that is killed cannot say so, and its next run works in the same folder: at the end of its pipe this
    process ends, too, whatever it is doing.
    """
    try:
        while (message := receive(jobs)) is not None:
            given.put(message)
    except (EOFError, OSError):
        os._exit(1)
    given.put(None)


def _answer(answers: Connection, stored: bytes) -> None:
    try:
        # From the parent of this process.
        function, job = pickle.loads(stored)  # noqa: S301
        value = function(job)
    except Exception as error:  # noqa: BLE001 - the border of a process: whatever it is, it is raised again over there
        send(answers, (False, _portable(error)))
        return
    try:
        send(answers, (True, value))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        send(answers, (False, _portable(error)))


def _portable(error: Exception) -> Exception:
    """The exception, or one of the same words where it cannot be sent."""
    error.add_note("In a worker process:\n" + "".join(format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - what stands one line above
    except Exception:  # noqa: BLE001 - somebody else's class may do anything here
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
