"""Writing the files of a dataset that nobody sees yet: fast, each once, under its final name."""

from __future__ import annotations

import errno
import os
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from exportkit.native import core
from exportkit.storage.kernel import clone_file
from exportkit.storage.refusals import local_io_error

__all__ = ["Staging"]

_FOLDERS_HELD: Final = 64
_CREATED: Final = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE: Final = os.O_WRONLY | _CREATED
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

# What a hard link is refused with where a copy does as well (another file system, no such links, no /proc).
_NO_HARD_LINK: Final = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOENT}
# What a clone is refused with where a copy does as well (another file system, or one that shares no blocks).
_NO_CLONE: Final = {errno.EXDEV, errno.EOPNOTSUPP, errno.ENOTTY, errno.ENOSYS, errno.EINVAL}


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
        self._clones = True
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

    def create(self, path: str, *, readable: bool = False) -> int:
        """Return a descriptor of a new file to write to, and on demand to read from, which the caller closes."""
        cut = path.rfind("/") + 1
        try:
            return os.open(
                path[cut:], (os.O_RDWR if readable else os.O_WRONLY) | _CREATED, 0o666, dir_fd=self.folder(path[:cut])
            )
        except OSError as error:
            raise self._refusal(error, path) from error

    @property
    def shares_blocks(self) -> bool:
        """Whether :meth:`clone` may work; True until it was tried in vain."""
        return self._clones

    @property
    def folders(self) -> Mapping[str, int]:
        """Descriptors of folders that are open, each by its path with a slash at the end; good until the next call."""
        return self._folders

    def write(self, path: str, data: bytes | memoryview) -> None:
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

    def write_all(self, files: list[tuple[str, bytes]]) -> int:
        """Write whole new files up to the first whose path was written before or leaves the folder.

        Return how many were written. Raises LocalIOError as :meth:`write` does.
        """
        place: int = 0
        number: int
        while place < len(files):
            if core is not None:
                # Writes what lies in folders that are open; the others are opened here.
                place, number = core.write_new_files(self._folders, files, place)
                if number:
                    refusal = self._refusal(OSError(number, os.strerror(number)), files[place][0])
                    if isinstance(refusal, ValueError):
                        return place
                    raise refusal
                if place == len(files):
                    break
            try:
                self.write(*files[place])
            except ValueError:
                return place
            place += 1
        return place

    def write_chunks(self, path: str, chunks: Iterable[bytes | memoryview]) -> int:
        """Write a whole new file piece by piece; its size. Where anything fails, also in `chunks`, no file is left."""
        target = self.create(path)
        size = 0
        try:
            for chunk in chunks:
                _write_all(target, chunk)
                size += len(chunk)
        except BaseException as error:
            self.remove(path)
            if isinstance(error, OSError):
                raise self._refusal(error, path) from error
            raise
        finally:
            os.close(target)
        return size

    def clone(self, path: str, descriptor: int) -> int | None:
        """Make a new file that shares the blocks of the open file; its descriptor, to read from, the caller closes.

        None where this machine cannot, so that the caller copies. No later change of the open file is one of the clone.
        """
        if not self._clones:
            return None
        target = self.create(path, readable=True)
        try:
            clone_file(descriptor, target)
        except OSError as error:
            os.close(target)
            self.remove(path)
            if error.errno not in _NO_CLONE:
                raise self._refusal(error, path) from error
            # What one file was refused for, others of the same two places will be, too.
            self._clones = False
            return None
        return target

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


def _write_all(descriptor: int, data: bytes | memoryview) -> None:
    rest = memoryview(data)
    while rest:
        written = os.write(descriptor, rest)
        if not written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rest = rest[written:]
