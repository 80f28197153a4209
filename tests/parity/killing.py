"""Exports in processes of their own that are killed at a request or in a given moment, and repeated."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final

from tests.parity.relay import Harm, Relay
from tests.server.process import PROGRAM

__all__ = ["disturbed", "finished", "kill_after", "kill_at_request", "kill_once_begun", "kill_once_published"]

_PATIENCE: Final = 300.0


def process_of(words: Sequence[str], environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """The program, in a process group of its own."""
    return subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=environment,
    )


def disturbed(
    relay: Relay,
    judge: Callable[[subprocess.Popen[str], int, str], Harm],
    words: Sequence[str],
    environment: dict[str, str],
) -> subprocess.CompletedProcess[str]:
    """Run the program to its end behind a relay, whose judge gets the process, too."""
    # The first request may come before its process is known here.
    running: Future[subprocess.Popen[str]] = Future()
    with relay.judged(lambda number, request: judge(running.result(_PATIENCE), number, request)):
        process = process_of(words, environment)
        running.set_result(process)
        return _ended(process)


def kill_at_request(relay: Relay, number: int, words: Sequence[str], environment: dict[str, str]) -> int:
    """Run the program, and kill it when so many requests have come; its exit code."""

    def judge(process: subprocess.Popen[str], count: int, _request: str) -> Harm:
        if count < number:
            return "pass"
        # Its workers are left to find out by themselves.
        process.kill()
        return "cut"

    return disturbed(relay, judge, words, environment).returncode


#: The program, killed in the moment in which it has entered the folder of its work, or is about to leave it.
_MOMENT: Final = """
import os, signal, sys
from exportkit.cli import main
from exportkit.storage.run_directory import RunDirectory

moment, enter = sys.argv[1], RunDirectory.__enter__

def killed(self, *error):
    if moment == "__enter__":
        enter(self)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(RunDirectory, moment, killed)
main(sys.argv[2:])
"""


def kill_once_begun(words: Sequence[str], environment: dict[str, str] | None = None) -> int:
    """Run the program, and kill it as soon as the folder of its work is there; its exit code."""
    return _killed_in("__enter__", words, environment)


def kill_once_published(words: Sequence[str], environment: dict[str, str] | None = None) -> int:
    """Run the program, and kill it when its output has just got its name; its exit code."""
    return _killed_in("__exit__", words, environment)


def _killed_in(moment: str, words: Sequence[str], environment: dict[str, str] | None) -> int:
    program = [sys.executable, "-c", _MOMENT, moment, *words[len(PROGRAM) :]]
    return _ended(process_of(program, environment)).returncode


def kill_after(seconds: float, words: Sequence[str], environment: dict[str, str]) -> int:
    """Run the program for so long at most; its exit code."""
    process = process_of(words, environment)
    killer = threading.Timer(seconds, process.kill)
    killer.start()
    try:
        return _ended(process).returncode
    finally:
        killer.cancel()
        killer.join()


def finished(words: Sequence[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return _ended(process_of(words, environment))


def _ended(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """What became of a process, which shows no traceback however it ends."""
    try:
        out, err = process.communicate(timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    assert "Traceback" not in err, err
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)
