"""Where bundles go: written in private, then given to a storage as a whole, at most once for each job."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from exportkit.bundles.writer import MARKER_NAME
from exportkit.errors import LocalIOError
from exportkit.server.job_queue import LeaseLost
from exportkit.storage.file_digest import sha256_of
from exportkit.storage.kernel import rename_to_free_name
from exportkit.storage.objects import ObjectExists, ObjectMissing, ObjectStore
from exportkit.storage.opening import open_objects
from exportkit.storage.refusals import refusals_of, shown
from exportkit.storage.sync import sync_directory
from exportkit.wire.manifest import MANIFEST_NAME

__all__ = ["Destination", "FolderDestination", "ObjectDestination", "job_prefix", "open_destination"]

#: Renews the lease of the job; raises LeaseLost, after which nothing of it may be written any more.
Hold = Callable[[], None]
_SCRATCH: Final = ".exportkit-scratch"


def job_prefix(path: str, job_id: str) -> str:
    """Say where the bundle of a job lies in its storage (wire contract, section 16)."""
    return f"{path}/.async_jobs/exports/{job_id}/"


class FolderDestination:
    """A local folder: a bundle appears by one rename."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def uri(self, prefix: str) -> str:
        """Name a place in the storage, for people."""
        return f"{self.root.as_uri()}/{prefix}"

    def manifest(self, prefix: str) -> dict[str, Any] | None:
        """Give the manifest of a complete bundle that is there already, else None."""
        path = self.root / prefix / MANIFEST_NAME
        with refusals_of("read", path):
            try:
                return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
            except FileNotFoundError:
                return None

    @contextmanager
    def scratch(self, job_id: str, fence: int) -> Iterator[Path]:
        """Give a private folder for the length of a block; what other holders of the job left is removed."""
        with _scratch(self.root / _SCRATCH, job_id, fence) as folder:
            yield folder

    def publish(self, folder: Path, prefix: str, hold: Hold) -> None:
        """Make a finished bundle visible; where one is there already, that one stays. Raises LeaseLost."""
        hold()
        final = self.root / prefix.rstrip("/")
        with refusals_of("write the bundle to", final):
            final.parent.mkdir(parents=True, exist_ok=True)
            if not Path(os.path.realpath(final.parent)).is_relative_to(os.path.realpath(self.root)):
                raise LocalIOError(f"The folder {shown(final.parent)} leads out of its storage; remove the link.")
            try:
                rename_to_free_name(folder, final)
            except FileExistsError:
                return
            for above in final.relative_to(self.root).parents:
                sync_directory(self.root / above)


class ObjectDestination:
    """A prefix of a bucket: objects are put where none is, the manifest last; without it there is no bundle."""

    def __init__(self, objects: ObjectStore, work: Path) -> None:
        self._objects = objects
        self._work = work

    def uri(self, prefix: str) -> str:
        return f"{self._objects.location}/{prefix}"

    def manifest(self, prefix: str) -> dict[str, Any] | None:
        try:
            content = b"".join(self._objects.read(prefix + MANIFEST_NAME))
        except ObjectMissing:
            return None
        return msgspec.json.decode(content, type=dict[str, Any])

    @contextmanager
    def scratch(self, job_id: str, fence: int) -> Iterator[Path]:
        with _scratch(self._work / _SCRATCH, job_id, fence) as folder:
            yield folder

    def publish(self, folder: Path, prefix: str, hold: Hold) -> None:
        hold()
        if self.manifest(prefix) is not None:
            return
        # What a former worker left is incomplete, and may be of another moment.
        self._objects.delete_prefix(prefix.rstrip("/"))
        paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        last = {MARKER_NAME: -1, MANIFEST_NAME: 1}
        for name in sorted(paths, key=lambda name: (last.get(name, 0), name)):
            hold()
            self._put(prefix + name, paths[name])

    def _put(self, key: str, path: Path) -> None:
        """Put one object where none is. Another content in its place is of somebody who works on the job, too."""
        try:
            self._objects.put(key, path)
        except ObjectExists:
            if self._digest(key) != sha256_of(path):
                raise LeaseLost(key) from None

    def _digest(self, key: str) -> str:
        digest = hashlib.sha256()
        for piece in self._objects.read(key):
            digest.update(piece)
        return digest.hexdigest()


Destination = FolderDestination | ObjectDestination


def open_destination(provider: str, place: str, work: Path) -> Destination:
    """Open the storage that a bundle is for; `work` is a local folder for what is not uploaded yet."""
    if provider == "s3":
        return ObjectDestination(open_objects(place), work)
    return FolderDestination(Path(place))


@contextmanager
def _scratch(root: Path, job_id: str, fence: int) -> Iterator[Path]:
    with refusals_of("create the folder", root):
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in root.glob(f"{job_id}-*"):
            shutil.rmtree(left, ignore_errors=True)
        folder = root / f"{job_id}-{fence}"
        folder.mkdir(mode=0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
