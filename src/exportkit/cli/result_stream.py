"""stdout for the result alone: whatever a plugin prints, now or from a thread that it leaves behind, goes to stderr."""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TextIO

__all__ = ["talk_on_stderr"]


@contextmanager
def talk_on_stderr() -> Iterator[None]:
    """Have all that is printed in this block go to stderr, also what programs of the plugin write.

    Afterwards stdout is as it was. Where the plugin leaves a thread running, which may print at any later time, only
    the main thread gets it back: the program is about to end.
    """
    sys.stdout.flush()
    try:
        own, shared = sys.stdout.fileno(), sys.stderr.fileno()
    except (OSError, ValueError, AttributeError):  # somebody captures the output
        with redirect_stdout(sys.stderr):
            yield
        return
    before = set(threading.enumerate())
    kept = os.dup(own)
    os.dup2(shared, own)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        sys.stderr.flush()
        if any(thread.is_alive() for thread in set(threading.enumerate()) - before):
            stream = os.fdopen(kept, "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors)
            sys.stdout = _OfMainThread(stream, sys.stderr)
        else:
            os.dup2(kept, own)
            os.close(kept)


class _OfMainThread(io.TextIOBase):
    """A stream that is the main thread's; other threads write to another one."""

    def __init__(self, own: TextIO, others: TextIO) -> None:
        self._own = own
        self._others = others

    def write(self, text: str) -> int:
        return (self._own if threading.current_thread() is threading.main_thread() else self._others).write(text)

    def flush(self) -> None:
        self._own.flush()
        self._others.flush()

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._own.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # that of the stream behind it
        return self._own.encoding
