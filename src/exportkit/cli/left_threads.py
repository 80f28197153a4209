"""Threads that a plugin left running: the program does not wait for them forever."""

from __future__ import annotations

import os
import sys
import threading
import time

__all__ = ["leave_threads_behind"]

#: Threads of a pool end by themselves when the program does; others have this long.
_GRACE_SECONDS = 5.0


def leave_threads_behind(code: int) -> None:
    """Have the program end with `code` after a moment, even if a thread of a plugin still runs; it is named."""
    if any(_holds_up(thread) for thread in threading.enumerate()):
        threading.Thread(target=_end, args=(code,), daemon=True, name="exportkit-end").start()


def _holds_up(thread: threading.Thread) -> bool:
    return thread is not threading.main_thread() and thread.is_alive() and not thread.daemon


def _end(code: int) -> None:
    time.sleep(_GRACE_SECONDS)
    names = ", ".join(repr(thread.name[:80]) for thread in threading.enumerate() if _holds_up(thread))
    if not names:
        return
    sys.stderr.write(f"exportkit: The plugin left threads running, which end with the program: {names}.\n")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
