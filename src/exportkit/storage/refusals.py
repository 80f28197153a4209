"""What to tell a user when the machine refuses to read or write."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from exportkit.errors import LocalIOError

__all__ = ["local_io_error", "refusals_of", "shown"]

_LONGEST_SHOWN: Final = 120

_SENTENCES: Final[dict[int | None, str]] = {
    errno.ENOSPC: "there is no space left on its device; free some space or choose another place",
    errno.EDQUOT: "the disk quota is used up; free some space or choose another place",
    errno.EROFS: "its file system is read-only; choose another place",
    errno.EACCES: "this user has no permission; change the permissions or choose another place",
    errno.EPERM: "the system does not permit it; change the permissions or choose another place",
    errno.EFBIG: "the file would be larger than the system allows; raise the limit or choose another place",
    errno.EMFILE: "too many files are open; raise the limit (ulimit -n)",
    errno.ENFILE: "too many files are open on this machine; close other programs",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
    errno.EBUSY: "it is in use as a mount point; choose a folder below it",
    errno.ENOTDIR: "a part of the path is a file, not a folder; choose another place",
    errno.ELOOP: "the path runs through a symbolic link that may not be followed; give the real path",
    errno.EIO: "the device reports an error; check the disk or choose another place",
}


def shown(path: str | os.PathLike[str]) -> str:
    """Return `path` fit for a message: quoted, control characters escaped, at most 120 characters."""
    text = ascii(os.fspath(path)) if not os.fspath(path).isprintable() else f"'{os.fspath(path)}'"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 2]}…'"


def local_io_error(error: OSError, doing: str, path: str | os.PathLike[str]) -> LocalIOError:
    """Return exit code 7 in one sentence; `doing` completes "Cannot …" ("write", "create the folder")."""
    reason = _SENTENCES.get(error.errno) or f"the system says: {error.strerror or type(error).__name__}"
    return LocalIOError(f"Cannot {doing} {shown(path)}: {reason}.")


@contextmanager
def refusals_of(doing: str, path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn an OSError of the block into a LocalIOError, which keeps it as its cause."""
    try:
        yield
    except OSError as error:
        raise local_io_error(error, doing, path) from error
