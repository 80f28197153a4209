"""Jobs and results as objects of a storage, for machines that share no folder."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import msgspec

from exportkit.engines.parcel import unpack
from exportkit.engines.remote_job import CALL, given, job_name, jobs_that_can_be_sent
from exportkit.engines.run_paths import dumps_naming, loads
from exportkit.engines.workplace import Order, answer_in_storage, run_from_storage
from exportkit.errors import ExportkitError, RemoteIOError
from exportkit.storage.file_digest import sha256_of
from exportkit.storage.object_note import forget_objects, note_objects
from exportkit.storage.objects import ObjectMissing, ObjectStore
from exportkit.storage.opening import open_objects

__all__ = ["JobStorage"]

#: Requests under way at once: a store answers each late, and many as fast as one.
_REQUESTS: Final = 8


class JobStorage:
    """The folder of the run is this machine's alone: what jobs make in theirs is brought into it (see `JobPlace`).

    All objects of a run lie below one name that is never used again. The first process holds a piece of a result at a
    time, and its disk what the run as a whole has made.

    Jobs and results are pickles, and a storage may have other writers; so each is named by its SHA-256, which goes the
    way of the tasks, and nothing is loaded that has another.
    """

    answer = staticmethod(answer_in_storage)
    run = staticmethod(run_from_storage)

    def __init__(self, where: str, root: Path) -> None:
        """``where`` is a URL of S3, ``root`` the folder of the run. Raises UsageError."""
        self._where = where
        self._root = root
        self._store: Final[ObjectStore] = open_objects(where)
        self._name = f"exportkit-{secrets.token_hex(8)}"
        self._word = secrets.token_hex(16)
        self._requests = ThreadPoolExecutor(_REQUESTS, thread_name_prefix="exportkit-objects")
        self._is_open = False
        self._folders: list[str] = []
        #: Files that the last job named, by their paths: its setup is that of the next one, too.
        self._sent: dict[str, str] = {}

    def open(self) -> tuple[str, ...]:
        note_objects(self._root, self._where, self._name)
        try:
            # Nothing is there, and so it shows before the work what is needed after it.
            self._store.delete_prefix(self._name)
            self._store.put(self._key(CALL), self._word.encode(), if_absent=False)
        except RemoteIOError as error:
            text = str(error)
            raise RemoteIOError(f"--ray-storage cannot be used: {text[0].lower()}{text[1:]}") from error
        self._is_open = True
        return self._where, self._name, self._word

    def refusal(self, machine: str) -> str | None:
        if self._store.size(self._key(machine)) is not None:
            return None
        return "does not arrive in --ray-storage; give all machines the same endpoint"

    def begin(self) -> None:
        found = [Path(folder) for folder, _, _ in os.walk(self._root)]
        self._folders = [folder.relative_to(self._root).as_posix() for folder in found]

    def store(self, number: int, function: Callable[[Any], Any], job: Any) -> tuple[str, ...]:
        with jobs_that_can_be_sent():
            work, named = dumps_naming((function, job), self._root)
        files = {path.relative_to(self._root).as_posix(): path for path in named if path.is_file()}
        new = {name: sha256_of(path) for name, path in files.items() if name not in self._sent}
        self._sent = {name: new.get(name) or self._sent[name] for name in files}
        order = msgspec.msgpack.encode(Order(work, self._folders, self._sent))
        contents: list[tuple[str, bytes | Path]] = [(self._key("files", new[name]), files[name]) for name in new]
        contents.append((self._key(job_name(number), "order"), order))
        for _ in self._requests.map(self._put, contents):
            pass
        return self._where, self._name, str(number), hashlib.sha256(order).hexdigest()

    def _put(self, content: tuple[str, bytes | Path]) -> None:
        self._store.put(*content, if_absent=False)

    def has_begun(self, number: int, machines: Iterable[str]) -> bool:
        return any(self._store.size(self._key(job_name(number), machine)) is not None for machine in machines)

    def result(self, outcome: Any) -> Any:
        if isinstance(outcome, ExportkitError):
            raise outcome
        number, digest = outcome
        try:
            pieces = self._store.read(self._key(job_name(number), digest))
        except ObjectMissing:
            raise RemoteIOError(
                f"A result is gone from {self._store.location}; see that nothing else removes objects there, "
                "and run it again."
            ) from None
        return given(*loads(unpack(pieces, digest, self._root), self._root))

    def forget(self, number: int) -> None:
        # What cannot be removed now is removed at the end.
        self._requests.submit(self._store.delete_prefix, self._key(job_name(number)))

    def close(self) -> None:
        self._requests.shutdown(cancel_futures=True)
        try:
            if self._is_open:
                self._store.delete_prefix(self._name)
        except RemoteIOError as error:
            logging.getLogger(__name__).warning(
                "Objects of this run stay in %s/%s, remove them: %s", self._store.location, self._name, error
            )
        else:
            forget_objects(self._root)

    def _key(self, *words: str) -> str:
        return "/".join((self._name, *words))
