"""One process of the pool: how it is given jobs and gives answers, and what it does on its side."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkContext, SpawnContext
from queue import SimpleQueue
from typing import Any, Final

from exportkit.engines.pipe import Message, pack, receive, send, unpack, widen
from exportkit.engines.portable_error import portable
from exportkit.errors import LocalIOError

__all__ = ["Answer", "Context", "PoolWorker", "signals_held"]

#: How a process is started.
Context = ForkContext | SpawnContext
#: Whether a job was done, and its value or what it raised.
Answer = tuple[bool, Any]
#: Stands behind the last job.
_END: Final[Message] = [b""]
#: Signals that the program answers by leaving everything it is in.
_UNWINDING: Final = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})


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
        message = pack((function, job))
        with self._alive():
            send(self._jobs, message)
        self.under_way.append(number)

    def take(self) -> tuple[int, Answer]:
        """Number and answer of the job that it had longest. Raises LocalIOError if it is dead."""
        with self._alive():
            message = receive(self.answers)
        return self.under_way.popleft(), unpack(message)

    @contextmanager
    def _alive(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, OSError) as error:
            raise LocalIOError(
                "A worker process died (often: the machine ran out of memory); nothing was published. "
                "Run again with fewer --workers."
            ) from error
        except BaseException:
            # A message that is broken off leaves a pipe that nobody can read.
            self._process.kill()
            raise

    def dismiss(self) -> None:
        """Tell it to end; it may have a job in its hands still, whose answer it cannot give any more."""
        with suppress(OSError):
            send(self._jobs, _END)
        self.answers.close()

    def join(self, until: float | None) -> None:
        """Wait for its end, at most until a time of the monotonic clock."""
        self._process.join(None if until is None else max(0.0, until - time.monotonic()))

    def end(self) -> None:
        """See that it is gone."""
        self._process.kill()
        self._process.join()
        self._process.close()
        self._jobs.close()


@contextmanager
def signals_held() -> Iterator[None]:
    """Let signals wait that make this process unwind."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _UNWINDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# -- on its side ---------------------------------------------------------------------------------------


def _serve(jobs: Connection, answers: Connection, inherited: Sequence[Connection]) -> None:
    # Ctrl-C reaches the whole process group; only the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in _UNWINDING - {signal.SIGINT}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _UNWINDING)
    for end in inherited:
        end.close()
    # What a fork has of the other process is not its own: nothing of it may be finalised here.
    gc.freeze()
    given: SimpleQueue[Message] = SimpleQueue()
    threading.Thread(target=_listen, args=(jobs, given), name="exportkit-jobs", daemon=True).start()
    with suppress(BrokenPipeError):  # nobody waits for the answer any more
        while (message := given.get()) != _END:
            send(answers, _answer(message))


def _listen(jobs: Connection, given: SimpleQueue[Message]) -> None:
    """Take jobs while another one is done, so that whoever gives them never has to wait.

    A parent that is killed cannot say so, and its next run works in the same folder: at the end of its pipe this
    process ends, too, whatever it is doing.
    """
    try:
        while True:
            given.put(receive(jobs))
    finally:
        os._exit(1)


def _answer(message: Message) -> Message:
    try:
        function, job = unpack(message)
        return pack((True, function(job)))
    except BaseException as error:  # noqa: BLE001 - the border of a process: whatever it is, it is raised again over there
        return pack((False, portable(error, "In a worker process")))
