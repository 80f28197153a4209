"""Processes of this machine, as /proc tells of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

__all__ = ["Process", "is_stopped", "listening", "processes", "wait_for"]

Found = TypeVar("Found")


class Process(NamedTuple):
    pid: int
    parent: int
    session: int
    command: str


def processes() -> Iterator[Process]:
    """All that are alive."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            state, parent, _, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            if state not in {"Z", "X"}:
                yield Process(int(folder.name), int(parent), int(session), command)


def is_stopped(pid: int) -> bool:
    """Whether a signal has stopped a process."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    return False


def listening(pids: set[int]) -> Iterator[str]:
    """Addresses, in the hexadecimal form of the kernel, on which these processes listen."""
    inodes = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
            with suppress(FileNotFoundError, ProcessLookupError):
                inodes.add(str(descriptor.readlink()).removeprefix("socket:[").rstrip("]"))
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                yield fields[1].partition(":")[0]


def wait_for(look: Callable[[], Found | None], seconds: float = 120) -> Found:
    """What a look finds, as soon as there is something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.005)
    raise AssertionError("what was waited for did not come")
