"""Writing the files of a dataset that nobody sees yet: fast, each once, under its final name."""

from __future__ import annotations

import errno
import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from exportkit.storage.beneath import BeneathError
from exportkit.storage.refusals import local_io_error

__all__ = ["Staging"]

_COPY_BYTES: Final = 1 << 20
_FOLDERS_HELD: Final = 64
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

# What a hard link is refused with where a copy does as well (another file system, no such links, no /proc).
_NO_HARD_LINK: Final = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOENT}


class Staging:
    """A folder being filled. Paths are relative POSIX paths; folders appear as they are needed.

    No file is renamed or synced by itself: the folder as a whole becomes visible at once (reliability, section 3).
    Several processes may fill one folder with different files, each through its own object.

    Every method raises LocalIOError when the machine refuses, and ValueError for a path that leaves the folder or
    was written before; the latter two are mistakes of the writer that named the path.
    """

    def __init__(self, root: Path) -> None:
        self.root: Final = root
        self._folders: OrderedDict[str, int] = OrderedDict()
        try:
            self._root = os.open(root, _FOLDER)
        except OSError as error:
            raise local_io_error(error, "open", root) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the descriptors; a second call does nothing."""
        descriptors = [*self._folders.values(), self._root]
        self._folders.clear()
        self._root = -1
        for descriptor in descriptors:
            if descriptor >= 0:
                os.close(descriptor)

    def settle(self, paths: Iterable[str]) -> None:
        """Say that the files at `paths` are complete and none will follow; here they stand in their place already."""

    def create(self, path: str) -> int:
        """Return a write-only descriptor of a new file, which the caller closes."""
        cut = path.rfind("/") + 1
        try:
            return os.open(path[cut:], _NEW_FILE, 0o666, dir_fd=self.folder(path[:cut]))
        except OSError as error:
            raise self._refusal(error, path) from error

    def write(self, path: str, data: bytes) -> None:
        """Write a whole new file."""
        descriptor = self.create(path)
        try:
            written = os.write(descriptor, data) if data else 0
            if written != len(data):
                _write_all(descriptor, memoryview(data)[written:])
        except OSError as error:
            raise self._refusal(error, path) from error
        finally:
            os.close(descriptor)

    def write_all(self, files: Sequence[tuple[str, bytes]]) -> int:
        """Write whole new files up to the first whose path was written before or leaves the folder.

        Return how many were written. Raises LocalIOError as :meth:`write` does.
        """
        last, at = None, -1
        for place, (path, data) in enumerate(files):
            cut = path.rfind("/") + 1
            try:
                # Neighbours mostly share a folder, and looking it up costs as much as closing a file.
                if path[:cut] != last:
                    at, last = self.folder(path[:cut]), path[:cut]
                descriptor = os.open(path[cut:], _NEW_FILE, 0o666, dir_fd=at)
                try:
                    written = os.write(descriptor, data) if data else 0
                    if written != len(data):
                        _write_all(descriptor, memoryview(data)[written:])
                finally:
                    os.close(descriptor)
            except ValueError:
                return place
            except OSError as error:
                refusal = self._refusal(error, path)
                if isinstance(refusal, ValueError):
                    return place
                raise refusal from error
        return len(files)

    def copy_from_fd(
        self, path: str, descriptor: int, watch: Callable[[bytes], object] | None = None
    ) -> tuple[int, str]:
        """Copy an open file from its first byte and return its size and SHA-256 in lower-case hex.

        `watch` sees every chunk once, in order, which lets a check of the content ride along. Raises BeneathError
        when the source cannot be read to its end. A copy that failed, also in `watch`, leaves no file.
        """
        target = self.create(path)
        digest = hashlib.sha256()
        offset = 0
        try:
            while chunk := _read_source(descriptor, offset):
                _write_all(target, chunk)
                digest.update(chunk)
                if watch is not None:
                    watch(chunk)
                offset += len(chunk)
        except BaseException as error:
            self.remove(path)
            if isinstance(error, OSError):
                raise self._refusal(error, path) from error
            raise
        finally:
            os.close(target)
        return offset, digest.hexdigest()

    def link(self, path: str, descriptor: int) -> bool:
        """Give the open file a second name; False where this machine cannot, so that the caller copies."""
        cut = path.rfind("/") + 1
        try:
            folder = self.folder(path[:cut])
            # Through the descriptor, so that what is linked is what was judged, whatever its name means by now.
            os.link(f"/proc/self/fd/{descriptor}", path[cut:], dst_dir_fd=folder, follow_symlinks=True)
        except OSError as error:
            if error.errno in _NO_HARD_LINK:
                return False
            raise self._refusal(error, path) from error
        return True

    def symlink_relative(self, path: str, source: Path, *, published: Path) -> None:
        """Make a relative link to `source` that holds once this folder has become `published`.

        Both are absolute paths without links on the way (`Beneath.root`, `RunDirectory.target`).
        """
        cut = path.rfind("/") + 1
        text = os.path.relpath(source, published / path[:cut])
        try:
            os.symlink(text, path[cut:], dir_fd=self.folder(path[:cut]))
        except OSError as error:
            raise self._refusal(error, path) from error

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""
        cut = path.rfind("/") + 1
        try:
            os.unlink(path[cut:], dir_fd=self.folder(path[:cut]))
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._refusal(error, path) from error

    def folder(self, folder: str) -> int:
        """Return the descriptor of `folder`, which is empty or ends with a slash; it is made if need be."""
        if not folder:
            return self._root
        known = self._folders.get(folder)
        if known is not None:
            self._folders.move_to_end(folder)
            return known
        descriptor = self._open_folder(folder)
        self._folders[folder] = descriptor
        if len(self._folders) > _FOLDERS_HELD:
            _, oldest = self._folders.popitem(last=False)
            os.close(oldest)
        return descriptor

    def _open_folder(self, folder: str) -> int:
        segments = folder[:-1].split("/")
        if not {"", ".", ".."}.isdisjoint(segments):
            raise ValueError(f"the path {folder!r} is not below the output")
        here = os.dup(self._root)
        for segment in segments:
            try:
                with suppress(FileExistsError):
                    os.mkdir(segment, dir_fd=here)
                below = os.open(segment, _FOLDER, dir_fd=here)
            finally:
                os.close(here)
            here = below
        return here

    def _refusal(self, error: OSError, path: str) -> Exception:
        if error.errno in {errno.EEXIST, errno.EISDIR}:
            return ValueError(f"the file {path!r} is written twice")
        if path == "" or path.endswith("/"):
            return ValueError(f"the path {path!r} names no file")
        return local_io_error(error, "write", self.root / path)


def _read_source(descriptor: int, offset: int) -> bytes:
    try:
        return os.pread(descriptor, _COPY_BYTES, offset)
    except OSError as error:
        raise BeneathError("io", f"could not be read: {error.strerror}") from error


def _write_all(descriptor: int, data: bytes | memoryview) -> None:
    rest = memoryview(data)
    while rest:
        written = os.write(descriptor, rest)
        if not written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rest = rest[written:]
