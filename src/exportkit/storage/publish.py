"""Making finished files and folders visible in one step, the old ones untouched until then."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Final

from exportkit.errors import OutputLocked
from exportkit.storage.kernel import exchange, rename_to_free_name
from exportkit.storage.refusals import refusals_of, shown
from exportkit.storage.sibling import sibling
from exportkit.storage.sync import sync_directory
from exportkit.storage.target import require_replaceable

__all__ = ["publish_directory", "publish_file"]

_NO_SUCH_RENAME: Final = {errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP}
_TAKEN: Final = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}


def publish_file(path: Path, data: bytes) -> None:
    """Write a file that is no part of a staged dataset: whole and synced, or not at all (reliability, section 3).

    Raises LocalIOError; the former file is then untouched and nothing is left behind.
    """
    temporary = sibling(path, ".", f".{secrets.token_hex(4)}.tmp")
    with refusals_of("write", path):
        try:
            _write_synced(temporary, data)
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        sync_directory(path.parent)


def publish_directory(
    stage: Path, target: Path, *, overwrite: bool, keep_old: bool, is_ours: Callable[[Path], bool]
) -> tuple[str, ...]:
    """Give the finished folder `stage` the name `target` in one rename and return warnings for the user.

    Both lie on one file system. An absent or empty target is taken; with `overwrite` a dataset of ours, told by
    `is_ours`, changes places with the stage and is then removed, or with `keep_old` stays as `<target>.bak`
    (`.bak1`, `.bak2` … when taken). Raises UsageError for any other target, OutputLocked when it changed under our
    hands, LocalIOError when the machine refuses; the target then is what it was.
    """
    require_replaceable(target, overwrite=overwrite, is_ours=is_ours)
    with refusals_of("publish", target):
        try:
            _take_place(stage, target)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
            if not overwrite:
                raise OutputLocked(
                    f"The output {shown(target)} was filled by somebody else during this run; choose another folder."
                ) from error
            return _replace(stage, target, keep_old=keep_old, is_ours=is_ours)
        sync_directory(target.parent)
    return ()


def _write_synced(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        written = 0
        while written < len(data):
            written += os.write(descriptor, memoryview(data)[written:])
        if os.fstat(descriptor).st_size != len(data):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _rename_to_free(source: Path, target: Path) -> None:
    """Rename, or raise FileExistsError; without the kernel's flag the answer may be late by a moment."""
    try:
        rename_to_free_name(source, target)
    except OSError as error:
        if error.errno not in _NO_SUCH_RENAME:
            raise
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from error
        source.rename(target)


def _take_place(stage: Path, target: Path) -> None:
    try:
        _rename_to_free(stage, target)
    except FileExistsError:
        stage.rename(target)  # rename(2) puts a folder over nothing but an empty folder


def _move_to_backup_name(folder: Path, target: Path) -> Path:
    for number in count():
        backup = sibling(target, "", f".bak{number or ''}")
        with suppress(FileExistsError):
            _rename_to_free(folder, backup)
            return backup
    raise AssertionError


def _replace(stage: Path, target: Path, *, keep_old: bool, is_ours: Callable[[Path], bool]) -> tuple[str, ...]:
    # With keep_old the new folder waits under the backup's name: one exchange then puts both where they belong, and
    # at no moment does the old one lie in the run directory, which a later run may clear.
    other = _move_to_backup_name(stage, target) if keep_old else stage
    try:
        exchange(other, target)
    except OSError as error:
        if keep_old:
            other.rename(stage)
        if error.errno not in _NO_SUCH_RENAME:
            raise
        return _replace_by_two_renames(stage, target, keep_old=keep_old)
    if not is_ours(other):
        exchange(other, target)
        if keep_old:
            other.rename(stage)
        raise OutputLocked(f"The output {shown(target)} was changed during this run, so it is not replaced.")
    sync_directory(target.parent)
    return () if keep_old else _remove_old(other)


def _replace_by_two_renames(stage: Path, target: Path, *, keep_old: bool) -> tuple[str, ...]:
    """Move the old folder aside first. A crash in between leaves it whole, under the backup's name."""
    backup = _move_to_backup_name(target, target)
    try:
        _rename_to_free(stage, target)
    except OSError:
        _rename_to_free(backup, target)
        raise
    sync_directory(target.parent)
    warning = (
        f"The file system of {shown(target)} cannot exchange two folders in one step; "
        "for a moment there was no output under its name."
    )
    return (warning,) if keep_old else (warning, *_remove_old(backup))


def _remove_old(folder: Path) -> tuple[str, ...]:
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        return ()
    return (f"The former output could not be removed completely; its rest lies in {shown(folder)}.",)
