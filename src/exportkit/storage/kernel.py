"""Linux calls that the standard library lacks: openat2, renameat2, syncfs, the cloning of files.

Each raises OSError like its neighbours in `os`; where a call does not exist on this system the errno is ENOSYS.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import platform
from ctypes import CDLL, byref, c_char_p, c_int, c_long, c_size_t, c_uint, c_uint64, c_void_p

__all__ = ["clone_file", "exchange", "openat2_beneath", "rename_to_free_name", "syncfs"]

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_RENAME_EXCHANGE = 2
_RESOLVE_NO_MAGICLINKS = 0x02
_RESOLVE_NO_SYMLINKS = 0x04
_RESOLVE_BENEATH = 0x08

_IS_LINUX = platform.system() == "Linux"
_OPENAT2 = 437  # the same number on every architecture of Linux
_RENAMEAT2 = {"x86_64": 316, "aarch64": 276, "riscv64": 276, "ppc64le": 357, "s390x": 347}.get(platform.machine())

#: _IOW(0x94, 9, int); machines whose requests have other bits for the direction copy instead.
_FICLONE = 0x40049409 if platform.machine() in {"x86_64", "aarch64", "riscv64", "s390x"} else None

_libc = CDLL(None, use_errno=True) if _IS_LINUX else None


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", c_uint64), ("mode", c_uint64), ("resolve", c_uint64))


def _failure(number: int, path: object = None) -> OSError:
    return OSError(number, os.strerror(number), path)


def _last_failure(path: object = None) -> OSError:
    return _failure(ctypes.get_errno(), path)


if _libc is not None:
    _openat2 = _libc["syscall"]  # a function object of its own, so that its argument types are its own
    _openat2.argtypes = (c_long, c_int, c_char_p, c_void_p, c_size_t)
    _openat2.restype = c_long
    _renameat2 = _libc["syscall"]
    _renameat2.argtypes = (c_long, c_int, c_char_p, c_int, c_char_p, c_uint)
    _renameat2.restype = c_long


def openat2_beneath(directory: int, path: bytes, flags: int) -> int:
    """Open `path` below the descriptor `directory`; no link of any kind is followed on the way.

    ELOOP tells of a link, EXDEV of an escape, ENOSYS or EPERM (from a sandbox) that the call is not to be had.
    """
    if _libc is None:
        raise _failure(errno.ENOSYS)
    resolve = _RESOLVE_BENEATH | _RESOLVE_NO_SYMLINKS | _RESOLVE_NO_MAGICLINKS
    how = _OpenHow(flags | os.O_CLOEXEC, 0, resolve)
    while True:
        descriptor: int = _openat2(_OPENAT2, directory, path, byref(how), ctypes.sizeof(how))
        if descriptor >= 0:
            return descriptor
        if ctypes.get_errno() not in {errno.EINTR, errno.EAGAIN}:
            raise _last_failure()


def _rename_with(flag: int, source: os.PathLike[str], target: os.PathLike[str]) -> None:
    if _libc is None or _RENAMEAT2 is None:
        raise _failure(errno.ENOSYS, os.fspath(target))
    names = os.fsencode(source), os.fsencode(target)
    if _renameat2(_RENAMEAT2, _AT_FDCWD, names[0], _AT_FDCWD, names[1], flag) != 0:
        raise _last_failure(os.fspath(target))


def rename_to_free_name(source: os.PathLike[str], target: os.PathLike[str]) -> None:
    """Rename atomically; FileExistsError when anything at all bears the name `target`."""
    _rename_with(_RENAME_NOREPLACE, source, target)


def exchange(one: os.PathLike[str], other: os.PathLike[str]) -> None:
    """Let two existing paths of one file system change places atomically."""
    _rename_with(_RENAME_EXCHANGE, one, other)


def syncfs(descriptor: int) -> None:
    """Write everything of the file system that holds `descriptor` to its device."""
    if _libc is None:
        raise _failure(errno.ENOSYS)
    if _libc.syncfs(c_int(descriptor)) != 0:
        raise _last_failure()


def clone_file(source: int, target: int) -> None:
    """Let the file open as `target` share all blocks of `source`, until either of them is written to.

    EOPNOTSUPP tells of a file system that shares no blocks, EXDEV of two file systems.
    """
    if not _IS_LINUX or _FICLONE is None:
        raise _failure(errno.ENOSYS)
    fcntl.ioctl(target, _FICLONE, source)
