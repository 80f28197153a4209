"""An export to an object store, which has no rename: built here, then put object by object, the manifest last."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Final

from exportkit.actions.export_output import MANIFEST, ExportOutput
from exportkit.actions.output_words import judged_path
from exportkit.errors import UsageError
from exportkit.storage.objects import ObjectExists, ObjectMissing, ObjectStore
from exportkit.storage.publish import publish_file
from exportkit.storage.refusals import refusals_of
from exportkit.storage.run_directory import CLAIM

__all__ = ["ObjectOutput"]

#: Says whose objects lie under a prefix until its manifest is there.
_MARK: Final = ".exportkit-claim"
_WORKERS: Final = 8


class ObjectOutput(ExportOutput):
    """``<storage>/<path>/<name>`` in an object store (reliability, section 3, last rule).

    Everything is built in the user's state folder, keyed by storage and path, where an unfinished run is found again.
    A prefix is claimed before its first object is put and complete with its manifest; one that others claimed or
    completed gives way to ``name(1)``, ``name(2)`` …
    """

    def __init__(
        self,
        opens: Callable[[], ObjectStore],
        path: str,
        name: str,
        *,
        resumable: bool = False,
        restart: bool = False,
    ) -> None:
        """`opens` gives the storage, with keys that are still valid. Raises UsageError and ValueError."""
        self._opens = opens
        self._prefix = judged_path(path).strip("/")
        store = opens()
        key = hashlib.sha256(json.dumps([store.identity, self._prefix]).encode()).hexdigest()[:32]
        super().__init__(_state_folder() / key, name, resumable=resumable, restart=restart)
        self._place = f"{store.location}/{self._prefix}".rstrip("/")
        self._published: str | None = None

    @property
    def place(self) -> str:
        return self._place

    @property
    def told(self) -> str:
        return f"{self._place}/{self._published or self.run.target.name}"

    def publish(self) -> str:
        """Put the stage. Raises RemoteIOError."""
        return self._put(self.stage)

    def release(self) -> str:
        """Put what got its name in the state folder. Raises RemoteIOError."""
        return self._put(self._renamed or self.run.target)

    def open(self) -> None:
        super().open()
        with refusals_of("clear", self.run.target), suppress(FileNotFoundError):
            # What a run that was killed left here is made again of what was acquired.
            shutil.rmtree(self.run.target)

    def close(self) -> None:
        if self._run is not None:
            shutil.rmtree(self._renamed or self._run.target, ignore_errors=True)
        super().close()

    def _is_free(self, target: Path) -> bool:
        """The state folder reserves nothing but by its locks."""
        return True

    def _put(self, folder: Path) -> str:
        store = self._opens()
        name = self._claimed_before(store)
        if name is None:
            name = self._claimed(store)
        if not self._is_complete(store, name):
            self._put_tree(store, folder, name)
        self._write_claim(name, "")
        store.delete_prefix(self._key(name, _MARK))
        self._published, self.committed = name, True
        return self.told

    def _put_tree(self, store: ObjectStore, folder: Path, name: str) -> None:
        done: list[str] = []

        def put(path: str) -> None:
            key = self._key(name, path)
            try:
                store.put(key, folder / path)
            except ObjectExists:
                # The answer to a request that was repeated may say so of its own object. As it may be another's, it
                # is not removed with what was put here.
                if not _is_same(store, key, folder / path):
                    raise
            else:
                done.append(path)

        try:
            with ThreadPoolExecutor(_WORKERS, "exportkit-upload") as pool:
                for _ in pool.map(put, (path for path in _files(folder) if path != MANIFEST)):
                    pass
            put(MANIFEST)
        except ObjectExists as error:
            for path in (*done, _MARK):
                store.delete_prefix(self._key(name, path))
            (self.run.path / CLAIM).unlink()
            raise UsageError(
                f"Objects lie below {self._place}/{name} that belong to no export; remove them, or choose another name."
            ) from error

    def _claimed_before(self, store: ObjectStore) -> str | None:
        """The name that this run claimed before it was cut off, if it is still this run's.

        What it had put there is put anew, unless it was everything.
        """
        try:
            known = json.loads((self.run.path / CLAIM).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        name, mark = str(known["name"]), str(known["mark"])
        if self._is_complete(store, name) and (not mark or self._marked(store, name) == mark):
            return name
        if not mark or self._marked(store, name) != mark:
            return None
        store.delete_prefix(self._key(name))
        return name if self._mark(store, name) else None

    def _claimed(self, store: ObjectStore) -> str:
        """The first name that is free, claimed."""
        for name in self._names():
            if self._is_complete(store, name) or not self._mark(store, name):
                continue
            if not self._is_complete(store, name):
                return name
            # Somebody completed it in between.
            store.delete_prefix(self._key(name, _MARK))
        raise AssertionError("unreachable")

    def _names(self) -> Iterator[str]:
        yield self.run.target.name
        for number in count(1):
            yield f"{self._name}({number})"

    def _mark(self, store: ObjectStore, name: str) -> bool:
        """Claim a name; whether nobody else had."""
        mark = secrets.token_hex(16)
        self._write_claim(name, mark)
        try:
            store.put(self._key(name, _MARK), mark.encode())
        except ObjectExists:
            return self._marked(store, name) == mark
        return True

    def _marked(self, store: ObjectStore, name: str) -> str | None:
        try:
            return b"".join(store.read(self._key(name, _MARK))).decode(errors="replace")
        except ObjectMissing:
            return None

    def _write_claim(self, name: str, mark: str) -> None:
        """Have the next process know what this one claimed; without a mark it has put everything there."""
        publish_file(self.run.path / CLAIM, json.dumps({"name": name, "mark": mark}).encode())

    def _is_complete(self, store: ObjectStore, name: str) -> bool:
        return store.size(self._key(name, MANIFEST)) is not None

    def _key(self, *parts: str) -> str:
        return "/".join(part for part in (self._prefix, *parts) if part)


def _is_same(store: ObjectStore, key: str, path: Path) -> bool:
    if store.size(key) != path.stat().st_size:
        return False
    found = hashlib.sha256()
    for piece in store.read(key):
        found.update(piece)
    with path.open("rb") as file:
        return found.digest() == hashlib.file_digest(file, "sha256").digest()


def _files(folder: Path) -> Iterator[str]:
    for parent, _, names in os.walk(folder):
        for name in names:
            yield (Path(parent) / name).relative_to(folder).as_posix()


def _state_folder() -> Path:
    """Where exports to object stores work, as the desktop conventions have it."""
    home = os.environ.get("XDG_STATE_HOME")
    return (Path(home) if home else Path.home() / ".local" / "state") / "exportkit" / "exports"
