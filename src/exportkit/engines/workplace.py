"""What a machine does for a run whose folder it does not see: a job in a folder of its own, from object to object."""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec

from exportkit.engines.parcel import pack
from exportkit.engines.remote_job import CALL, difference, job_name, outcome_of, unreadable
from exportkit.engines.run_paths import dumps, loads
from exportkit.errors import ExportkitError, LocalIOError, RemoteIOError, UsageError
from exportkit.storage.objects import ObjectMissing, ObjectStore
from exportkit.storage.opening import open_objects
from exportkit.storage.refusals import refusals_of

__all__ = ["Order", "answer_in_storage", "run_from_storage"]

_PREFIX: Final = "exportkit-work-"


class Order(msgspec.Struct, frozen=True):
    """A job as it lies in the storage."""

    #: The function and its argument, pickled; paths are relative to the folder of the run.
    work: bytes
    #: Folders that are there, and the files that the job reads with their SHA-256, below the folder of the run.
    folders: list[str]
    files: dict[str, str]


def answer_in_storage(machine: str, words: tuple[str, ...], reads: Iterable[str], facts: dict[str, str]) -> str | None:
    """What is wrong with this machine, as the end of a sentence; None, and an object of its name, if nothing is.

    ``words`` are the storage, the name of the run in it, and the word that was left there.
    """
    wrong = difference(facts) or unreadable(reads)
    if wrong is not None:
        return wrong
    where, run, word = words
    try:
        store = open_objects(where)
        try:
            seen = b"".join(store.read(f"{run}/{CALL}")).decode("ascii", "replace")
        except ObjectMissing:
            seen = ""
        if seen != word:
            return "does not find in --ray-storage what this machine put there; give all machines the same endpoint"
        store.put(f"{run}/{machine}", word.encode(), if_absent=False)
        _Workplace.opened()
    except (ExportkitError, OSError) as error:
        text = str(error).rstrip(".")
        return f"cannot work through --ray-storage: {text[0].lower()}{text[1:]}"
    return None


def run_from_storage(
    machine: str, words: tuple[str, ...], facts: tuple[tuple[str, str], ...]
) -> tuple[int, str] | ExportkitError:
    """Do a job; its number, and the name of the object with what it has made. What the storage refuses is given, too.

    ``words`` are the storage, the name of the run in it, the number of the job and the SHA-256 of its order. An object
    says meanwhile that this ``machine`` has begun it.
    """
    where, run, number, digest = words
    try:
        place = _Workplace.opened()
        store = _opened_store(where)
        job = f"{run}/{job_name(int(number))}"
        store.put(f"{job}/{machine}", b"", if_absent=False)
        order = msgspec.msgpack.decode(_read(store, f"{job}/order", digest), type=Order)
        place.prepare(order, store, f"{run}/files")
        outcome = outcome_of(lambda: loads(order.work, place.root), facts)
        parcel = place.packed(dumps(outcome, place.root), order.files)
        # An attempt that nobody waits for any more leaves nothing where its run has been cleaned up.
        if store.size(f"{job}/order") is not None:
            store.put(f"{job}/{parcel}", place.parcel, if_absent=False)
        place.parcel.unlink()
    except (UsageError, LocalIOError, RemoteIOError) as error:
        return type(error)(f"On the machine {os.uname().nodename}: {error}")
    return int(number), parcel


@lru_cache(maxsize=1)
def _opened_store(where: str) -> ObjectStore:
    return open_objects(where)


def _read(store: ObjectStore, key: str, digest: str) -> bytes:
    """A whole object. Raises RemoteIOError where it is gone, or is not the one of this SHA-256."""
    try:
        data = b"".join(store.read(key))
    except ObjectMissing:
        data = b""
    if hashlib.sha256(data).hexdigest() != digest:
        raise RemoteIOError(
            f"The object '{key}' in {store.location} is gone or was changed; "
            "see that nothing else writes to --ray-storage, and run it again."
        )
    return data


class _Workplace:
    """A folder that stands for the folder of a run; one for each process, which does one job at a time.

    It goes with its process, or with the next one that comes here where its process was killed.
    """

    def __init__(self) -> None:
        place = Path(tempfile.gettempdir())
        _remove_abandoned(place)
        self._folder, self._lock = _locked_folder(place)
        atexit.register(shutil.rmtree, self._folder, ignore_errors=True)
        self.root: Final = self._folder / "run"
        self.parcel: Final = self._folder / "parcel"

    @classmethod
    @lru_cache(maxsize=1)
    def opened(cls) -> _Workplace:
        """The one of this process. Raises LocalIOError."""
        with refusals_of("make a folder below", tempfile.gettempdir()):
            return cls()

    def prepare(self, order: Order, store: ObjectStore, files: str) -> None:
        """Have the folders and files of an order, and no other file. Raises LocalIOError and RemoteIOError."""
        with refusals_of("write", self.root):
            self.parcel.unlink(missing_ok=True)
            for name in self._made(order.files):
                (self.root / name).unlink()
            for folder in order.folders:
                (self.root / folder).mkdir(parents=True, exist_ok=True)
            for name, digest in order.files.items():
                path = self.root / name
                if not path.exists():
                    path.write_bytes(_read(store, f"{files}/{digest}", digest))

    def packed(self, outcome: bytes, given: Mapping[str, str]) -> str:
        """Move all files but those that were given into the parcel; its SHA-256. Raises LocalIOError."""
        with refusals_of("write", self.parcel), self.parcel.open("xb") as target:
            return pack(outcome, self.root, self._made(given), target)

    def _made(self, given: Mapping[str, str]) -> Iterator[str]:
        for folder, _, names in os.walk(self.root):
            below = Path(folder).relative_to(self.root)
            yield from (path for name in sorted(names) if (path := (below / name).as_posix()) not in given)


def _locked_folder(place: Path) -> tuple[Path, int]:
    """A new folder that is locked as long as this process lives."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
        # Until it is locked, another process may take it for abandoned.
        with suppress(FileNotFoundError, BlockingIOError):
            lock = _lock_of(folder)
            if folder.exists():
                return folder, lock
            os.close(lock)


def _remove_abandoned(place: Path) -> None:
    """Remove folders whose processes were killed."""
    for folder in place.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            lock = _lock_of(folder)
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _lock_of(folder: Path) -> int:
    """Raises BlockingIOError where a process holds it, and other kinds of OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
