"""A bundle of the server, brought into the spool: parts and originals, proven as far as they can be."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any, Final

from exportkit.acquisition.asked_ids import AskedIds
from exportkit.acquisition.copied_part import CopiedPart
from exportkit.acquisition.row_resolver import RowResolver
from exportkit.acquisition.run_state import CommittedGroup, FileFacts, ItemFacts, RunState
from exportkit.bundles.compression import CompressionBomb, DamagedStream, encoding_of, unpack
from exportkit.bundles.layout import judge_manifest_paths, part_path, single_path
from exportkit.bundles.part import Encoding
from exportkit.errors import BundleRefused
from exportkit.storage.objects import ObjectMissing, ObjectStore
from exportkit.storage.refusals import refusals_of, shown
from exportkit.storage.sync import sync_filesystem
from exportkit.wire.manifest import PartEntry, RawManifest

__all__ = ["BundleCopy", "CopyStopped"]

_WORKERS: Final = 8


class CopyStopped(Exception):
    """Somebody wants the copy to end; what is committed stays."""


class BundleCopy:
    """Copies the parts of any number of bundles of one export into a folder, one numbering for all of them.

    What was copied before an interruption is not copied again. No path of the other side is used before it was
    judged, and nothing is opened but what lies below the bundle's own prefix.
    """

    def __init__(
        self,
        open_store: Callable[[], ObjectStore],
        folder: Path,
        target: str,
        state: RunState,
        resolver: RowResolver,
        *,
        originals: bool,
        committed: Callable[[Sequence[FileFacts]], object] = lambda _files: None,
    ) -> None:
        """`open_store` opens where the bundles lie, once there is one. `resolver` fetches what lines only point to.

        `originals` says whether files are needed at all; `committed` is told of files that the state knows from now on.
        """
        self._resolver = resolver
        self._originals = originals
        self._open_store = open_store
        self._folder = folder
        self._target = target
        self._state = state
        self._committed = committed
        self._stopped = Event()
        self._numbers = count(1)

    @cached_property
    def _store(self) -> ObjectStore:
        return self._open_store()

    def stop(self) -> None:
        """Have a copy in another thread end soon."""
        self._stopped.set()

    def add(self, manifest: RawManifest, asked: AskedIds | None = None) -> list[dict[str, Any]]:
        """Copy one bundle; entries for the manifest of the copy.

        `asked` are the ids that may be in it; without them any may.

        Raises BundleRefused for paths, sizes and digests (formats, section 2.11), IncompleteExport for an id that
        was not asked for, and CopyStopped.
        """
        judge_manifest_paths(manifest)
        prefix = manifest.prefix.rstrip("/")
        parts: list[dict[str, Any]] = []
        for entry in self._entries(manifest, prefix):
            path = part_path(self._target, next(self._numbers))
            known = self._state.file(path)
            if known is None or not (self._folder / path).is_file():
                self._take(f"{prefix}/{entry.path}", entry, path, prefix, asked)
            # The declared count is proven where the lines are read, unless lines had to be left out here.
            counted = entry.records is not None and not self._state.counts()
            parts.append({"path": path, "records": entry.records} if counted else {"path": path})
        return parts

    def _entries(self, manifest: RawManifest, prefix: str) -> Iterable[PartEntry]:
        told = manifest.targets.get(self._target)
        if told is not None and told.parts is not None:
            if not told.parts and told.records:
                raise BundleRefused("E_MANIFEST", f"The bundle has no part for its {told.records} records.")
            return told.parts
        path = single_path(self._target)
        if self._store.size(f"{prefix}/{path}") is None:
            raise BundleRefused("E_MANIFEST_PART", f"The bundle has neither parts nor {path}.", file=path)
        return [PartEntry(path=path, records=told.records if told is not None else None)]

    def _take(self, key: str, entry: PartEntry, path: str, prefix: str, asked: AskedIds | None) -> None:
        """Bring one part here, with all that its lines name, and commit it as a whole."""
        facts = self._copy_part(key, entry, path)
        part = CopiedPart(self._folder / path, originals=self._originals)
        for places in part.look_into(asked):
            self._copy_originals(prefix, places)
        failed: list[ItemFacts] = []
        files: list[FileFacts] = []
        if part.points:
            failed, files = part.resolve(self._resolver)
        if part.points or encoding_of(entry.path) is not None:
            facts = self._facts(path, entry.path)
        self._commit([*files, facts], failed)

    def _copy_part(self, key: str, entry: PartEntry, path: str) -> FileFacts:
        try:
            pieces = self._store.read(key)
        except ObjectMissing as error:
            raise BundleRefused(
                "E_MANIFEST_PART", f"The part {shown(entry.path)} is missing.", file=entry.path
            ) from error
        facts = self._written(pieces, path, entry.path)
        if entry.size not in {None, facts.size} or entry.sha256 not in {None, facts.sha256}:
            (self._folder / path).unlink()
            raise BundleRefused(
                "E_DIGEST", f"{shown(entry.path)} is not what the manifest declares; export again.", file=entry.path
            )
        encoding = encoding_of(entry.path)
        if encoding is not None:
            self._unpack(path, encoding, facts)
        return facts

    def _unpack(self, path: str, encoding: Encoding, facts: FileFacts) -> None:
        """Put the plain lines of a part in its place."""
        packed, plain = self._folder / path, self._folder / f"{path}.plain"
        with refusals_of("write", plain):
            try:
                with packed.open("rb") as source, plain.open("wb") as target:
                    unpack(source, encoding, target)
            except (DamagedStream, CompressionBomb) as error:
                code = "E_DIGEST" if isinstance(error, DamagedStream) else "E_MANIFEST_PART"
                raise BundleRefused(
                    code, f"{shown(facts.source)}: {error}; export again.", file=facts.source
                ) from error
            plain.replace(packed)

    def _written(self, pieces: Iterator[bytes], path: str, source: str) -> FileFacts:
        target = self._folder / path
        digest, size = hashlib.sha256(), 0
        with refusals_of("write", target):
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                for piece in pieces:
                    if self._stopped.is_set():
                        raise CopyStopped
                    file.write(piece)
                    digest.update(piece)
                    size += len(piece)
        return FileFacts(path, size, digest.hexdigest(), source)

    def _facts(self, path: str, source: str) -> FileFacts:
        with refusals_of("read", self._folder / path), (self._folder / path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return FileFacts(path, file.tell(), digest, source)

    def _copy_originals(self, prefix: str, paths: Iterable[str]) -> None:
        """Originals that are there; the tail finds out which are not."""
        missing = [path for path in paths if self._state.file(path) is None]
        if not missing:
            return

        def copy(path: str) -> FileFacts | None:
            with suppress(ObjectMissing):
                return self._written(self._store.read(f"{prefix}/{path}"), path, path)
            return None

        with ThreadPoolExecutor(_WORKERS, "exportkit-originals") as pool:
            self._commit([facts for facts in pool.map(copy, missing) if facts is not None])

    def _commit(self, files: list[FileFacts], failed: Sequence[ItemFacts] = ()) -> None:
        sync_filesystem(self._folder)
        self._state.commit(CommittedGroup(missed=failed, files=files))
        self._committed(files)
