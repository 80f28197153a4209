"""A bundle of the server, brought into the spool: parts and originals, proven as far as they can be."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from exportkit.acquisition.row_resolver import RowResolver, identity_of
from exportkit.acquisition.run_state import FileFacts, ItemFacts, RunState
from exportkit.acquisition.stored_line import is_wrapped
from exportkit.bundles.compression import CompressionBomb, DamagedStream, encoding_of, unpack
from exportkit.bundles.layout import judge_manifest_paths, part_path, single_path
from exportkit.bundles.part import Encoding
from exportkit.clients import WireRow
from exportkit.errors import BundleRefused, IncompleteExport
from exportkit.storage.objects import ObjectMissing, ObjectStore
from exportkit.storage.refusals import refusals_of, shown
from exportkit.storage.safe_path import judge_input_path
from exportkit.storage.sync import sync_filesystem
from exportkit.wire.manifest import PartEntry, RawManifest

__all__ = ["BundleCopy"]

_FILE_WORD: Final = b'"bundle_path"'
_URL_WORD: Final = b'"url"'
#: What a wrapper around a payload says of itself.
_WRAPPER_WORD: Final = b'"mode"'
_WORKERS: Final = 8
#: Originals whose paths are in memory at once.
_BATCH: Final = 1000


class _Line(msgspec.Struct):
    """What is looked at in a line before the tail reads it."""

    id: Any = None
    pgh_id: Any = None
    files_manifest: Any = None
    data_unit: Any = None


_read_line = msgspec.json.Decoder(_Line).decode


class BundleCopy:
    """Copies the parts of any number of bundles of one export into a folder, one numbering for all of them.

    What was copied before an interruption is not copied again. No path of the other side is used before it was
    judged, and nothing is opened but what lies below the bundle's own prefix.
    """

    def __init__(
        self,
        store: ObjectStore,
        folder: Path,
        target: str,
        state: RunState,
        resolver: RowResolver,
        *,
        originals: bool,
    ) -> None:
        """`resolver` fetches what lines only point to; `originals` says whether files are needed at all."""
        self._resolver = resolver
        self._originals = originals
        self._store = store
        self._folder = folder
        self._target = target
        self._state = state
        #: Entries for the manifest of the copy.
        self.parts: list[dict[str, Any]] = []
        self.records = 0

    def add(
        self,
        manifest: RawManifest,
        *,
        judge: Callable[[int], str | None] | None = None,
        advance: Callable[[int], object] = lambda _bytes: None,
    ) -> None:
        """Copy one bundle. `judge` says what is wrong with an id that does not belong there.

        Raises BundleRefused for paths, sizes and digests (formats, section 2.11), IncompleteExport for an id that
        was not asked for.
        """
        judge_manifest_paths(manifest)
        prefix = manifest.prefix.rstrip("/")
        for entry in self._entries(manifest, prefix):
            number = len(self.parts) + 1
            path = part_path(self._target, number)
            known = self._state.file(path)
            if known is None or not (self._folder / path).is_file():
                self._copy_part(f"{prefix}/{entry.path}", entry, path, advance)
                if self._look_into(path, prefix, judge):
                    self._resolve(path)
                self._commit([self._facts(path, entry.path)])
            # The declared count is proven where the lines are read, unless lines had to be left out here.
            self.parts.append(self._described(path, entry))
            self.records += entry.records or 0

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

    def _copy_part(self, key: str, entry: PartEntry, path: str, advance: Callable[[int], object]) -> None:
        try:
            pieces = self._store.read(key)
        except ObjectMissing as error:
            raise BundleRefused(
                "E_MANIFEST_PART", f"The part {shown(entry.path)} is missing.", file=entry.path
            ) from error
        facts = self._written(pieces, path, entry.path, advance)
        if entry.size not in {None, facts.size} or entry.sha256 not in {None, facts.sha256}:
            (self._folder / path).unlink()
            raise BundleRefused(
                "E_DIGEST", f"{shown(entry.path)} is not what the manifest declares; export again.", file=entry.path
            )
        encoding = encoding_of(entry.path)
        if encoding is not None:
            self._unpack(path, encoding, facts)

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

    def _written(
        self, pieces: Iterator[bytes], path: str, source: str, advance: Callable[[int], object] = lambda _bytes: None
    ) -> FileFacts:
        target = self._folder / path
        digest, size = hashlib.sha256(), 0
        with refusals_of("write", target):
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                for piece in pieces:
                    file.write(piece)
                    digest.update(piece)
                    size += len(piece)
                    advance(len(piece))
        return FileFacts(path, size, digest.hexdigest(), source)

    def _commit(self, files: list[FileFacts]) -> None:
        sync_filesystem(self._folder)
        self._state.commit((), files, None, 0)

    # -- what stands in the lines ------------------------------------------------------------------------------

    def _look_into(self, path: str, prefix: str, judge: Callable[[int], str | None] | None) -> bool:
        """Judge ids and copy the originals that lines name; whether lines point to what has to be fetched besides."""
        wanted: dict[str, None] = {}
        points = False
        for text in _lines(self._folder / path):
            maybe_wrapped = _WRAPPER_WORD in text
            has_files = self._originals and (_FILE_WORD in text or _URL_WORD in text)
            if judge is None and not has_files and not maybe_wrapped:
                continue
            try:
                line = _read_line(text)
            except (msgspec.MsgspecError, UnicodeError, RecursionError):
                continue  # what cannot be read is an error of its record, found and told by the tail
            identity = line.pgh_id if line.id is None else line.id
            wrong = judge(identity) if judge is not None and type(identity) is int else None
            if wrong is not None:
                raise IncompleteExport(f"The bundle of the server holds the record {identity}, {wrong}.")
            points = points or (maybe_wrapped and _is_wrapped(text))
            for place in _places(line) if has_files else ():
                if place.startswith("files/"):
                    wanted[place] = None
                else:
                    points = True
            if len(wanted) >= _BATCH:
                self._copy_originals(prefix, wanted)
                wanted = {}
        self._copy_originals(prefix, wanted)
        return points

    def _resolve(self, path: str) -> None:
        """Fetch what the lines of a part point to. A line whose payload cannot be had becomes a failed item."""
        part, fresh = self._folder / path, self._folder / f"{path}.resolved"
        failed: list[ItemFacts] = []
        files: list[FileFacts] = []
        with refusals_of("write", fresh), fresh.open("wb") as target:
            for number, text in enumerate(_lines(part)):
                row = _row_of(text)
                if row is None:
                    target.write(text)
                    continue
                (resolved,) = self._resolver.resolved([row])
                files += resolved.files
                if resolved.fault is None:
                    target.write(resolved.line)
                    continue
                reason = f"{resolved.fault.code}: {resolved.fault.message}"
                key = identity_of(row)
                failed.append(ItemFacts(key if type(key) is int else -1 - number, key, "failed", error=reason))
        fresh.replace(part)
        sync_filesystem(self._folder)
        self._state.commit(failed, files, None, 0)

    def _facts(self, path: str, source: str) -> FileFacts:
        with refusals_of("read", self._folder / path), (self._folder / path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return FileFacts(path, file.tell(), digest, source)

    def _described(self, path: str, entry: PartEntry) -> dict[str, Any]:
        """The entry of a part in the manifest of the copy."""
        if self._state.counts() or entry.records is None:
            return {"path": path}
        return {"path": path, "records": entry.records}

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


def _lines(path: Path) -> Iterator[bytes]:
    with refusals_of("read", path), path.open("rb") as file:
        yield from file


def _row_of(text: bytes) -> WireRow | None:
    try:
        return WireRow(msgspec.json.decode(text, type=dict[str, msgspec.Raw]))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _is_wrapped(text: bytes) -> bool:
    row = _row_of(text)
    return row is not None and is_wrapped(row)


def _places(line: _Line) -> Iterator[str]:
    """Where the files of a line lie: paths below the bundle that are safe, and URLs of files that are nowhere else."""
    unit_files = line.data_unit.get("files") if isinstance(line.data_unit, dict) else None
    for files in (line.files_manifest, unit_files):
        for entry in files.values() if isinstance(files, dict) else ():
            if not isinstance(entry, dict):
                continue
            path, url = entry.get("bundle_path"), entry.get("url")
            if isinstance(path, str) and judge_input_path(path) is None and path.startswith("files/"):
                yield path
            elif path is None and isinstance(url, str) and url[:8].lower().startswith(("http://", "https://")):
                yield url
