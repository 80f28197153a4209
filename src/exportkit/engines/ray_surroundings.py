"""What Ray would change of this process, and is kept from changing: environment, signals, the terminal, folders."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

__all__ = ["environment", "private_folder", "signals_kept", "stderr_caught"]

#: Unix sockets have names of 107 bytes at most, and Ray's need most of that.
_LONGEST_PLACE: Final = 30


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Variables that hold for the block; an empty value means none."""
    before = {name: os.environ.get(name) for name in values}
    _set(values)
    try:
        yield
    finally:
        _set({name: value or "" for name, value in before.items()})


def _set(values: Mapping[str, str]) -> None:
    for name, value in values.items():
        if value:
            os.environ[name] = value
        else:
            os.environ.pop(name, None)


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder for sockets and logs that no other user can enter, removed at the end."""
    place = tempfile.gettempdir()
    folder = Path(tempfile.mkdtemp(prefix="exportkit-", dir=place if len(place) <= _LONGEST_PLACE else "/tmp"))  # noqa: S108 - see above
    try:
        yield folder / "ray"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def stderr_caught() -> Iterator[Callable[[], str]]:
    """Keep off the terminal what Ray's compiled part writes there while it connects; the value gives it so far."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as caught:

        def said() -> str:
            caught.seek(0)
            return caught.read()

        sys.stderr.flush()
        kept = os.dup(2)
        try:
            os.dup2(caught.fileno(), 2)
            yield said
        finally:
            os.dup2(kept, 2)
            os.close(kept)


@contextmanager
def signals_kept() -> Iterator[None]:
    """Ray takes SIGTERM for itself, and this program has a use for it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
