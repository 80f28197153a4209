"""Bringing written bytes to the device, so that they outlive a loss of power."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from exportkit.storage.kernel import syncfs
from exportkit.storage.refusals import refusals_of

__all__ = ["sync_directories", "sync_directory", "sync_filesystem"]

_CANNOT_SYNC = {errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}


def sync_directory(path: Path) -> None:
    """Sync the names in a folder. A file system that cannot sync folders is left to its own ways.

    Raises OSError for a real failure, which means that data may be lost: never sync again, write again.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise
    finally:
        os.close(descriptor)


def sync_directories(path: Path, root: Path) -> None:
    """Sync the names in a folder and in every folder above it, up to and with `root`, which lies above.

    Raises OSError as :func:`sync_directory` does.
    """
    sync_directory(path)
    while path != root:
        path = path.parent
        sync_directory(path)


def sync_filesystem(path: Path) -> None:
    """Sync every file below the folder `path`, by one call for its file system, else file by file.

    Raises LocalIOError; the staged files then count as lost (reliability, section 6, row 42).
    """
    with refusals_of("bring to disk", path):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            syncfs(descriptor)
        except OSError as error:
            if error.errno not in _CANNOT_SYNC:
                raise
            _sync_files(path)
        finally:
            os.close(descriptor)


def _sync_files(root: Path) -> None:
    for folder, _, names in os.walk(root):
        for name in names:
            _sync_file(os.path.join(folder, name))
        sync_directory(Path(folder))


def _sync_file(path: str) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:  # a link of --media symlink: its name is synced with the folder
            return
        raise
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
