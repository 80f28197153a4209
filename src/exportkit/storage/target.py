"""Where a dataset goes: which places are accepted as an output, and what may be replaced there."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from exportkit.errors import UsageError
from exportkit.storage.refusals import refusals_of, shown

__all__ = ["require_replaceable", "resolve_target"]

_SYSTEM_FOLDERS: Final = frozenset(
    f"/{name}"
    for name in (
        *("bin", "boot", "dev", "etc", "home", "lib", "lib64", "media", "mnt", "opt"),
        *("proc", "root", "run", "sbin", "srv", "sys", "tmp", "usr", "var"),
    )
)


def resolve_target(path: Path) -> Path:
    """Return the absolute path of an output, with no link on the way to it.

    Raises UsageError for what can never become a dataset: a file, a link (also a dangling one), the current folder,
    a home or system folder, or one that holds such a folder.
    """
    if "\0" in str(path):
        raise UsageError(f"The output {shown(path)} contains a NUL character; choose another name.")
    if path.name in {"", ".."}:
        target = Path(os.path.realpath(path))
    else:
        target = Path(os.path.realpath(path.parent)) / path.name
    with refusals_of("look at the output", path):
        mode = _mode_of(target)
    if mode is None:
        return target
    if stat.S_ISLNK(mode):
        raise UsageError(f"The output {shown(path)} is a symbolic link; give the folder it leads to.")
    if not stat.S_ISDIR(mode):
        raise UsageError(f"The output {shown(path)} is a file, not a folder; choose another name.")
    if _is_protected(target):
        raise UsageError(
            f"The output {shown(path)} is the current folder, a home or a system folder; choose a new folder inside it."
        )
    return target


def require_replaceable(target: Path, *, overwrite: bool, is_ours: Callable[[Path], bool]) -> None:
    """Refuse, with a UsageError, a target that is neither absent nor empty nor (with `overwrite`) a dataset of ours.

    `target` comes from `resolve_target`; `is_ours` tells whether a folder carries our manifest.
    """
    resolve_target(target)
    with refusals_of("look at the output", target):
        if _mode_of(target) is None or _is_empty(target):
            return
        ours = overwrite and is_ours(target)
    if not overwrite:
        raise UsageError(
            f"The output {shown(target)} exists and is not empty; choose another folder, or replace it by --overwrite."
        )
    if not ours:
        raise UsageError(
            f"The output {shown(target)} was not made by exportkit, so --overwrite does not touch it; "
            "choose another folder, or remove it yourself."
        )


def _mode_of(path: Path) -> int | None:
    try:
        return os.lstat(path).st_mode
    except FileNotFoundError:
        return None


def _is_empty(folder: Path) -> bool:
    with os.scandir(folder) as entries:
        return next(entries, None) is None


def _is_protected(folder: Path) -> bool:
    """Tell whether replacing `folder` would pull it from under somebody's feet."""
    if str(folder) in _SYSTEM_FOLDERS:
        return True
    standing = [Path.cwd()]
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.home() raises where there is no home
    if home != "~":
        standing.append(Path(os.path.realpath(home)))
    return any(folder == place or folder in place.parents for place in standing)
