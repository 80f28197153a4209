"""The advisory lock that keeps two runs off one output."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import Final

from exportkit.errors import OutputLocked
from exportkit.storage.refusals import shown

__all__ = ["release_lock", "take_lock"]

_LOCK_FILE: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LONGEST_NOTE: Final = 4096


def take_lock(path: Path, target: Path) -> int | None:
    """Lock the file at `path` for a run on `target` and return its descriptor; closing it releases the lock.

    None means that the former holder just removed the file, so that the caller has to begin anew. The kernel drops
    the lock with its process, however that ends, so a file that is not locked is a stale one. Raises OutputLocked,
    and OSError when the file cannot be opened.
    """
    descriptor = os.open(path, _LOCK_FILE, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EAGAIN, errno.EACCES}:
                raise
            raise OutputLocked(
                f"Another run{_holder(descriptor)} is working on {shown(target)}; wait for it or choose another output."
            ) from error
        if not _is_still(path, descriptor):
            os.close(descriptor)
            return None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, _note(), 0)
    except BaseException:
        os.close(descriptor)
        raise
    _taken[descriptor] = os.fstat(descriptor)
    return descriptor


def release_lock(descriptor: int) -> None:
    """Let go of a lock."""
    _taken.pop(descriptor, None)
    os.close(descriptor)


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.lstat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _note() -> bytes:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        boot = ""
    return json.dumps({"pid": os.getpid(), "host": platform.node(), "boot": boot}).encode()


def _holder(descriptor: int) -> str:
    try:
        note = json.loads(os.pread(descriptor, _LONGEST_NOTE, 0))
        return f" (process {int(note['pid'])} on {shown(str(note['host']))})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


# -- in forks ------------------------------------------------------------------------------------------

#: Locks that this process has taken, with what tells them from other files that were given the same descriptor since.
_taken: Final[dict[int, os.stat_result]] = {}


def _close_taken() -> None:
    """A fork holds no lock of its parent: it ends with that one, however long the fork lives."""
    for descriptor, status in _taken.items():
        with suppress(OSError):
            if os.path.samestat(os.fstat(descriptor), status):
                os.close(descriptor)
    _taken.clear()


os.register_at_fork(after_in_child=_close_taken)
