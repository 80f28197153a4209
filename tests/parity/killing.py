"""Exports in processes of their own that are killed at a request, and repeated."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.parity.relay import Harm, Relay

__all__ = ["finished", "kill_after", "kill_at_request", "kill_once_begun", "process_of"]


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


def kill_at_request(relay: Relay, number: int, words: Sequence[str], environment: dict[str, str]) -> int:
    """Run the program, and kill it when so many requests have come; its exit code."""
    begun: list[subprocess.Popen[str]] = []

    def judge(count: int, _request: str) -> Harm:
        if count >= number:
            # Its workers are left to find out by themselves.
            os.kill(begun[0].pid, signal.SIGKILL)
            return "cut"
        return "pass"

    relay.requests.clear()
    relay.judge = judge
    process = process_of(words, environment)
    begun.append(process)
    _, err = process.communicate(timeout=120)
    assert "Traceback" not in err, err
    relay.judge = lambda _number, _request: "pass"
    return process.returncode


def kill_once_begun(words: Sequence[str], work: Path) -> None:
    """Run the program, and kill it as soon as the folder of its work is there."""
    process = process_of(words)
    while not work.exists() and process.poll() is None:
        pass
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=120)


def kill_after(seconds: float, words: Sequence[str], environment: dict[str, str]) -> int:
    """Run the program for so long at most; its exit code."""
    process = process_of(words, environment)
    try:
        _, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        _, err = process.communicate(timeout=120)
    assert "Traceback" not in err, err
    return process.returncode


def finished(words: Sequence[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    ended = subprocess.run(
        words, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False
    )
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended
