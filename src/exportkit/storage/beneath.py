"""Read files of a folder that somebody else made, without ever leaving it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from exportkit.native import core
from exportkit.storage.kernel import openat2_beneath
from exportkit.storage.safe_path import judge_input_path

__all__ = ["Beneath", "BeneathError", "BeneathKind"]

BeneathKind = Literal["unsafe", "link", "missing", "type", "permission", "io"]

_O_PATH: Final = getattr(os, "O_PATH", os.O_RDONLY)
# Non-blocking, so that a FIFO without a writer cannot hang; never the controlling terminal.
_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FOLDER: Final = _O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_KINDS: Final[dict[int | None, BeneathKind]] = {
    errno.ELOOP: "link",
    errno.EMLINK: "link",
    errno.EXDEV: "unsafe",
    errno.ENAMETOOLONG: "unsafe",
    errno.ENOENT: "missing",
    errno.ENOTDIR: "missing",
    errno.ENXIO: "type",
    errno.ENODEV: "type",
    errno.EOPNOTSUPP: "type",
    errno.EACCES: "permission",
    errno.EPERM: "permission",
}
_SENTENCES: Final[dict[BeneathKind, str]] = {
    "unsafe": "leads out of the folder",
    "link": "is or lies behind a symbolic link",
    "missing": "does not exist",
    "type": "is not a regular file",
    "permission": "may not be read by this user",
    "io": "could not be read",
}


class BeneathError(Exception):
    """A file below a root cannot be read. `kind` is the fact; the message is a predicate about the path."""

    def __init__(self, kind: BeneathKind, message: str = "") -> None:
        super().__init__(message or _SENTENCES[kind])
        self.kind: BeneathKind = kind


def _beneath_error(error: OSError) -> BeneathError:
    kind = _KINDS.get(error.errno, "io")
    return BeneathError(kind, f"could not be read: {error.strerror}" if kind == "io" else "")


class Beneath:
    """A folder held by its descriptor; every path is relative to it, judged first, and follows no link.

    The root itself may be given in any way, also through links: it is the user's word and resolved once.
    Containment is the kernel's (openat2); where that call is missing, each folder on the way is opened without
    following links. Cheap per call, for one thread or several; a worker process makes its own.
    """

    def __init__(self, root: Path, *, judge: Callable[[str], str | None] = judge_input_path) -> None:
        """Open the root. Raises BeneathError (missing, permission, io) when it is no folder one can enter.

        `judge` gives the reason why a path is unsafe, or None; whatever it allows, no path leads out of the root.
        """
        self._judge = judge
        self.root: Final = Path(os.path.realpath(root))
        try:
            self._root = os.open(self.root, _O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise _beneath_error(error) from error
        self._has_openat2 = self._probe_openat2()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the descriptor; a second call does nothing."""
        descriptor, self._root = self._root, -1
        if descriptor >= 0:
            os.close(descriptor)

    def open(self, path: str) -> int:
        """Return a read-only descriptor of the regular file at `path`, which the caller closes."""
        descriptor = self._descend(path, _READ)
        try:
            regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        except OSError as error:
            os.close(descriptor)
            raise _beneath_error(error) from error
        if not regular:
            os.close(descriptor)
            raise BeneathError("type")
        return descriptor

    @property
    def kernel_root(self) -> int | None:
        """The descriptor of the root, where the kernel can keep what is opened below it; None elsewhere."""
        return self._root if self._has_openat2 else None

    def allows(self, path: str) -> bool:
        """Whether a path is safe to be opened below the root, whatever is there."""
        return self._judge(path) is None

    def read_whole(self, path: str, buffer: memoryview) -> int:
        """Read the regular file at `path` into a buffer that is larger than it; its size in bytes.

        -1 where :meth:`open` has to tell what is the matter, and for a file that is empty, or grows meanwhile.
        """
        if core is None or not self._has_openat2 or self._judge(path) is not None:
            return -1
        size: int = core.read_beneath(self._root, path, buffer)
        return size

    def stat(self, path: str) -> os.stat_result:
        """Return the status of whatever is at `path`, also a folder or a device, without opening it."""
        descriptor = self._descend(path, _O_PATH | os.O_CLOEXEC)
        try:
            return os.fstat(descriptor)
        except OSError as error:
            raise _beneath_error(error) from error
        finally:
            os.close(descriptor)

    def exists(self, path: str) -> bool:
        """Tell whether anything has this name, also a link or a device, which `open` then refuses with its reason."""
        try:
            self.stat(path)
        except BeneathError as error:
            if error.kind == "unsafe":
                raise
            return error.kind != "missing"
        return True

    def names(self, path: str = "") -> list[str]:
        """Return the names in the folder at `path` ("" is the root), sorted by code point."""
        descriptor = self._descend(path or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, judged=not path)
        try:
            return sorted(os.listdir(descriptor))  # noqa: PTH208 - a descriptor is no path
        except OSError as error:
            raise _beneath_error(error) from error
        finally:
            os.close(descriptor)

    def _descend(self, path: str, flags: int, *, judged: bool = False) -> int:
        reason = None if judged else self._judge(path)
        if reason is not None:
            raise BeneathError("unsafe", reason)
        try:
            if self._has_openat2:
                return openat2_beneath(self._root, os.fsencode(path), flags)
            return self._descend_by_folder(path, flags)
        except OSError as error:
            raise _beneath_error(error) from error

    def _descend_by_folder(self, path: str, flags: int) -> int:
        """Do what openat2 does, one folder at a time."""
        *folders, name = path.split("/")
        here = self._root
        try:
            for folder in folders:
                _refuse_link(folder, here)
                below = os.open(folder, _FOLDER, dir_fd=here)
                if here != self._root:
                    os.close(here)
                here = below
            _refuse_link(name, here)
            return os.open(name, flags | os.O_NOFOLLOW, dir_fd=here)
        finally:
            if here != self._root:
                os.close(here)

    def _probe_openat2(self) -> bool:
        try:
            os.close(openat2_beneath(self._root, b".", _O_PATH | os.O_DIRECTORY))
        except OSError:
            return False
        return True


def _refuse_link(name: str, folder: int) -> None:
    """Name a link as such: an open that demands a folder, or only a path, answers otherwise for it."""
    if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
