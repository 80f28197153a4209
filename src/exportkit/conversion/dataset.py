"""A dataset directory as a stranger sees it: nothing outside it is reachable, nothing in it is trusted."""

from __future__ import annotations

import os
import stat
import weakref
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import msgspec

from exportkit.conversion.lists import FILES, MANIFEST, FileEntry
from exportkit.errors import BundleRefused, UsageError
from exportkit.storage.beneath import Beneath, BeneathError

__all__ = ["DatasetDirectory", "FileRefused", "ends_within", "is_inside", "listed_files"]

_MANIFEST_LIMIT = 64 << 20


class FileRefused(OSError):
    """A file of the dataset cannot be read as a stranger reads files: it is a link, no regular file, or too large."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path} {why}")
        self.path = path


class DatasetDirectory:
    """Implements :class:`exportkit.writing.Dataset` for a directory on disk.

    Symbolic links are followed only as the last step of a path, as consumers do with linked pictures.
    """

    def __init__(
        self,
        root: Path,
        manifest: dict[str, Any] | None = None,
        *,
        published: Path | None = None,
        file: str | None = None,
        other_pictures: Collection[str] | None = None,
    ) -> None:
        """``manifest`` stands in for the one that a dataset under construction does not have yet.

        ``published`` is where such a dataset will stand: its relative links hold from there. ``file`` is the one
        file that is to be judged, relative to ``root``; then what lies around it is no dataset and has no manifest.
        ``other_pictures`` are those that are not known to be JPEGs to their last byte, while all others are.
        """
        self._published = published
        self._other_pictures = other_pictures
        self.file = file
        try:
            self._beneath = Beneath(root, judge=_judge)
        except BeneathError as error:
            raise UsageError(f"The dataset {root} {error}; name a directory.") from None
        weakref.finalize(self, self._beneath.close)
        self.root = self._beneath.root
        self._prefix = f"{self.root}/"
        self.manifest: dict[str, Any] | None = manifest
        if manifest is None and file is None:
            self.manifest = self._read_manifest()

    def _read_manifest(self) -> dict[str, Any] | None:
        try:
            value = msgspec.json.decode(self.read(MANIFEST, _MANIFEST_LIMIT))
        except (OSError, ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    def exists(self, path: str) -> bool:
        """Whether a regular file, or a link to one, stands at ``path``."""
        if not is_inside(path):
            return False
        try:
            mode = os.lstat(f"{self._prefix}{path}").st_mode
        except OSError:
            return False
        # Asked for every picture and label, of which hardly any is a link.
        return stat.S_ISREG(mode) or (stat.S_ISLNK(mode) and self._resolved(path).is_file())

    def is_there(self, path: str) -> bool:
        """Whether anything at all stands at ``path``: a file, a folder, a link that leads nowhere."""
        return is_inside(path) and os.path.lexists(self.root / path)

    def _resolved(self, path: str) -> Path:
        """The path on disk; what a link leads to once the dataset is published."""
        place = self.root / path
        if self._published is None or not os.path.islink(place):  # noqa: PTH114 - False for an unusable name
            return place
        return Path(os.path.normpath((self._published / path).parent / place.readlink()))

    def is_dir(self, path: str) -> bool:
        return is_inside(path) and os.path.isdir(self.root / path)  # noqa: PTH112 - False for an unusable name

    def listing(self, folder: str = "") -> Iterator[str]:
        """Relative paths of all files below ``folder``, sorted by code point, a folder at a time."""
        yield from self._walk(folder.strip("/"))

    def _walk(self, folder: str) -> Iterator[str]:
        entries = []
        try:
            with os.scandir(self.root / folder if folder else self.root) as found:
                for entry in found:
                    is_folder = entry.is_dir(follow_symlinks=False)
                    entries.append((entry.name + "/" if is_folder else entry.name, is_folder))
        except OSError:
            return
        for name, is_folder in sorted(entries):
            path = f"{folder}/{name}" if folder else name
            if is_folder:
                yield from self._walk(path[:-1])
            else:
                yield path

    def folders(self, folder: str = "") -> Iterator[str]:
        """Names of the folders right below ``folder``, sorted."""
        try:
            with os.scandir(self.root / folder if folder else self.root) as found:
                names = [entry.name for entry in found if entry.is_dir(follow_symlinks=False)]
        except OSError:
            return
        yield from sorted(names)

    def read(self, path: str, limit: int = 64 << 20) -> bytes:
        """The bytes of a file. Raises OSError, also for a file larger than ``limit``."""
        descriptor = self.open(path)
        with os.fdopen(descriptor, "rb") as file:
            if os.fstat(descriptor).st_size > limit:
                raise FileRefused(path, f"is larger than {limit} bytes")
            return file.read()

    def stream(self, path: str, size: int = 1 << 20) -> Iterator[bytes]:
        """The bytes of a file, a chunk at a time. Raises OSError."""
        with os.fdopen(self.open(path), "rb") as file:
            while chunk := file.read(size):
                yield chunk

    def open(self, path: str) -> int:
        """A descriptor of a regular file below the root. Raises OSError."""
        try:
            return self._beneath.open(path)
        except BeneathError as error:
            raise FileRefused(path, str(error)) from None

    def open_picture(self, path: str) -> int:
        """As :meth:`open`, but a link may stand at the end of the path, as ``--media symlink`` makes them."""
        try:
            return self._beneath.open(path)
        except BeneathError as error:
            if error.kind != "link" or not is_inside(path):
                raise FileRefused(path, str(error)) from None
        descriptor = os.open(self._resolved(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise FileRefused(path, "is not a regular file")
        return descriptor

    def is_known_jpeg(self, path: str) -> bool:
        """Whether whoever put the picture there found a JPEG to its last byte."""
        return self._other_pictures is not None and path not in self._other_pictures

    def ends(self, path: str, first: int, last: int) -> tuple[bytes, bytes]:
        """The first and the last bytes of a picture, as many as asked for or as there are. Raises OSError."""
        descriptor = self.open_picture(path)
        try:
            return ends_within(descriptor, 0, os.fstat(descriptor).st_size, first, last)
        finally:
            os.close(descriptor)


def _judge(path: str) -> str | None:
    # Names in a dataset need not be as plain as those in a bundle; they must only stay inside.
    return None if is_inside(path) else "leads out of the folder"


def ends_within(descriptor: int, start: int, size: int, first: int, last: int) -> tuple[bytes, bytes]:
    """The first and the last bytes of a part of an open file."""
    count = min(last, size)
    return os.pread(descriptor, min(first, size), start), os.pread(descriptor, count, start + size - count)


def is_inside(path: str) -> bool:
    """Whether a path is relative, stays below the root, and is one that a file can have."""
    if not path or path.startswith("/") or (".." in path and ".." in path.split("/")) or "\0" in path:
        return False
    try:
        return path.isascii() or bool(os.fsencode(path))
    except UnicodeEncodeError:  # half a character that comes from no file system
        return False


def listed_files(dataset: DatasetDirectory) -> Iterator[FileEntry]:
    """The files of a dataset that exportkit wrote. Raises BundleRefused ``E_MANIFEST`` where the list is damaged."""
    decode = msgspec.json.Decoder(FileEntry).decode
    rest = b""
    try:
        for chunk in dataset.stream(FILES):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (decode(line) for line in lines)
    except msgspec.DecodeError as error:
        raise BundleRefused("E_MANIFEST", f"{FILES} is damaged: {error}.", file=FILES) from None
