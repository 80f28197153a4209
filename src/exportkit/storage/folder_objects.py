"""Objects as files of one local folder."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from exportkit.storage.beneath import Beneath, BeneathError
from exportkit.storage.objects import CHUNK_BYTES, ObjectExists, ObjectMissing, judged_key
from exportkit.storage.refusals import local_io_error, refusals_of, shown
from exportkit.storage.sync import sync_directories

__all__ = ["FolderObjects"]


class FolderObjects:
    """The root is made on opening. Reading follows no link; a file appears under its name whole and synced."""

    def __init__(self, root: Path) -> None:
        """Raises LocalIOError."""
        with refusals_of("create the folder", root):
            there = next((parent for parent in (root, *root.parents) if parent.is_dir()), Path())
            root.mkdir(parents=True, exist_ok=True)
            self.root = Path(os.path.realpath(root))
            if there != root:
                sync_directories(self.root, Path(os.path.realpath(there)))
        try:
            self._beneath = Beneath(self.root)
        except BeneathError as error:
            raise local_io_error(PermissionError(str(error)), "open", root) from error

    @property
    def location(self) -> str:
        return self.root.as_uri()

    @property
    def identity(self) -> str:
        return self.location

    def put(self, key: str, content: bytes | Path, *, if_absent: bool = True) -> None:
        path = self.root / judged_key(key)
        temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
        with refusals_of("write", path):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                _write_synced(temporary, content)
                if if_absent:
                    os.link(temporary, path)
                else:
                    temporary.replace(path)
            except FileExistsError as error:
                raise ObjectExists(f"{shown(path)} is there already") from error
            finally:
                with suppress(FileNotFoundError):
                    temporary.unlink()
            # A folder that was made for it, by this call or by another at work, is lost without its own name.
            sync_directories(path.parent, self.root)

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        pieces = _pieces(self._open(key), self.root / key, start, end)
        # A generator that was begun closes its file whatever becomes of it.
        next(pieces)
        return pieces

    def size(self, key: str) -> int | None:
        try:
            descriptor = self._open(key)
        except ObjectMissing:
            return None
        try:
            return os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)

    def delete_prefix(self, prefix: str) -> None:
        path = self.root / judged_key(prefix)
        with refusals_of("remove", path), suppress(FileNotFoundError):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def presign(self, key: str, seconds: int) -> str | None:
        return None

    def _open(self, key: str) -> int:
        try:
            return self._beneath.open(judged_key(key))
        except BeneathError as error:
            if error.kind in {"permission", "io"}:
                raise local_io_error(PermissionError(str(error)), "read", self.root / key) from error
            raise ObjectMissing(key) from error


def _write_synced(path: Path, content: bytes | Path) -> None:
    with path.open("xb") as file:
        if isinstance(content, bytes):
            file.write(content)
        else:
            with content.open("rb") as source:
                shutil.copyfileobj(source, file, CHUNK_BYTES)
        file.flush()
        os.fsync(file.fileno())


def _pieces(descriptor: int, path: Path, start: int, end: int | None) -> Iterator[bytes]:
    """Own a descriptor: nothing first, then the bytes."""
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        yield b""
        while end is None or start < end:
            wanted = CHUNK_BYTES if end is None else min(CHUNK_BYTES, end - start)
            with refusals_of("read", path):
                piece = os.pread(file.fileno(), wanted, start)
            if not piece:
                return
            yield piece
            start += len(piece)
