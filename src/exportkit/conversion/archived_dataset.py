"""A dataset whose files lie in one archive, seen as a folder is: nothing is ever extracted."""

from __future__ import annotations

import heapq
import os
import sqlite3
import tarfile
import tempfile
import weakref
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Final

from exportkit.conversion.dataset import DatasetDirectory, FileRefused, ends_within, is_inside
from exportkit.errors import BundleRefused
from exportkit.storage.archive_layouts import ARCHIVES, Member
from exportkit.storage.refusals import shown

__all__ = ["ArchivedDataset", "MemberIndex", "archive_in", "published_dataset"]

_CHUNK: Final = 1 << 20


class MemberIndex:
    """Where the members of an archive are, by path; on disk, in a file that nobody else sees."""

    def __init__(self, members: Iterable[Member]) -> None:
        """Raises ValueError for a path that leads out, or that two members have."""
        self._rows = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._rows.close)
        self._rows.execute("CREATE TABLE member (path TEXT PRIMARY KEY, content INT, size INT) WITHOUT ROWID")
        self._rows.execute("BEGIN")
        for member in members:
            if not is_inside(member.path):
                raise ValueError(f"the member {shown(member.path)} leads out of the dataset")
            try:
                self._rows.execute("INSERT INTO member VALUES (?, ?, ?)", (member.path, member.content, member.size))
            except sqlite3.IntegrityError as error:
                if not member.path.endswith("/"):
                    raise ValueError(f"the member {shown(member.path)} stands in it twice") from error
        self._rows.execute("COMMIT")

    def find(self, path: str) -> tuple[int, int] | None:
        """Where the content of a file begins, and its size."""
        found = self._rows.execute("SELECT content, size FROM member WHERE path = ?", (path,)).fetchone()
        return None if found is None or path.endswith("/") else found

    def below(self, folder: str) -> Iterator[str]:
        """Paths of all members below a folder ("" is all), sorted by code point; folders end with a slash."""
        first = f"{folder}/" if folder else ""
        # The character behind the slash; behind nothing, there is no end.
        last = f"{folder}0" if folder else "\U0010ffff"
        query = "SELECT path FROM member WHERE path >= ? AND path < ? ORDER BY path"
        for (path,) in self._rows.execute(query, (first, last)):
            yield path


class ArchivedDataset(DatasetDirectory):
    """As :class:`DatasetDirectory`, where files stand in an archive or beside it."""

    def __init__(self, root: Path, archive: Path, index: MemberIndex, **more: Any) -> None:
        # First, because the manifest is read as any other file is.
        self._index = index
        self._archive = archive.name
        super().__init__(root, **more)
        self._bytes = os.open(archive, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        weakref.finalize(self, os.close, self._bytes)

    def exists(self, path: str) -> bool:
        return self._index.find(path) is not None or super().exists(path)

    def is_there(self, path: str) -> bool:
        return self._index.find(path) is not None or super().is_there(path)

    def is_dir(self, path: str) -> bool:
        return is_inside(path) and (next(self._index.below(path), None) is not None or super().is_dir(path))

    def listing(self, folder: str = "") -> Iterator[str]:
        """Relative paths of all files below ``folder``, sorted by code point."""
        beside = (path for path in super().listing(folder) if path != self._archive)
        inside = (path for path in self._index.below(folder.strip("/")) if not path.endswith("/"))
        return heapq.merge(beside, inside)

    def folders(self, folder: str = "") -> Iterator[str]:
        """Names of the folders right below ``folder``, sorted."""
        cut = len(folder.strip("/")) + 1 if folder.strip("/") else 0
        inside = (path[cut:].split("/", 1)[0] for path in self._index.below(folder.strip("/")) if "/" in path[cut:])
        before = None
        for name in heapq.merge(super().folders(folder), inside):
            if name != before:
                yield name
            before = name

    def read(self, path: str, limit: int = 64 << 20) -> bytes:
        """The bytes of a file. Raises OSError, also for a file larger than ``limit``."""
        found = self._index.find(path)
        if found is None:
            return super().read(path, limit)
        if found[1] > limit:
            raise FileRefused(path, f"is larger than {limit} bytes")
        return b"".join(self._pieces(*found, _CHUNK))

    def stream(self, path: str, size: int = _CHUNK) -> Iterator[bytes]:
        """The bytes of a file, a chunk at a time. Raises OSError."""
        found = self._index.find(path)
        return super().stream(path, size) if found is None else self._pieces(*found, size)

    def open(self, path: str) -> int:
        """A descriptor of a copy of the file that has no name. Raises OSError."""
        found = self._index.find(path)
        if found is None:
            return super().open(path)
        with _nameless() as copy:
            copy.writelines(self._pieces(*found, _CHUNK))
            copy.seek(0)
            return os.dup(copy.fileno())

    def open_picture(self, path: str) -> int:
        """As :meth:`open`: no member of an archive is a link."""
        return super().open_picture(path) if self._index.find(path) is None else self.open(path)

    def ends(self, path: str, first: int, last: int) -> tuple[bytes, bytes]:
        """The first and the last bytes of a picture, as many as asked for or as there are. Raises OSError."""
        found = self._index.find(path)
        return super().ends(path, first, last) if found is None else ends_within(self._bytes, *found, first, last)

    def _pieces(self, offset: int, size: int, step: int) -> Iterator[bytes]:
        end = offset + size
        while offset < end and (chunk := os.pread(self._bytes, min(step, end - offset), offset)):
            yield chunk
            offset += len(chunk)


def _nameless() -> IO[bytes]:
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("member"), "w+b")
    return tempfile.TemporaryFile()


def archive_in(folder: Path) -> Path | None:
    """The archive in the folder of a dataset, or None."""
    return next((folder / name for name in ARCHIVES.values() if (folder / name).is_file()), None)


def published_dataset(folder: Path) -> DatasetDirectory:
    """The dataset in a folder, whether its files stand there or in an archive. Raises UsageError, BundleRefused."""
    archive = archive_in(folder)
    if archive is None or archive.is_symlink():
        return DatasetDirectory(folder)
    try:
        members = _tar_members(archive) if archive.suffix == ".tar" else _zip_members(archive)
        return ArchivedDataset(folder, archive, MemberIndex(members))
    except (tarfile.TarError, zipfile.BadZipFile, OSError, ValueError) as error:
        raise BundleRefused("E_MANIFEST", f"The archive {shown(archive)} cannot be read: {error}.") from None


def _tar_members(archive: Path) -> Iterator[Member]:
    with tarfile.open(archive, "r:", encoding="utf-8", errors="surrogateescape") as tar:
        while (info := tar.next()) is not None:
            tar.members = []  # type: ignore[attr-defined]  # it would remember every member
            if not info.isfile() and not info.isdir():
                raise ValueError(f"{info.name[:120]!a} is neither a file nor a folder")
            yield Member(info.name + "/" * info.isdir(), info.offset, info.offset_data, info.size, 0)


def _zip_members(archive: Path) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as opened, archive.open("rb") as file:
        for info in opened.infolist():
            if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
                raise ValueError(f"{info.filename[:120]!a} is compressed or encrypted")
            file.seek(info.header_offset)
            head = file.read(30)
            names = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
            yield Member(info.filename, info.header_offset, info.header_offset + 30 + names, info.file_size, info.CRC)
