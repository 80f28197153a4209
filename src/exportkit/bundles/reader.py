"""A raw bundle on the local disk: what it holds, opened without ever leaving or changing it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import msgspec

from exportkit.bundles.compression import CompressionBomb, DamagedStream, encoding_of, unpack
from exportkit.bundles.counts import verify_declared_counts
from exportkit.bundles.layout import LINE_FILE, TARGETS, judge_manifest_paths, single_path, target_of, targets_of
from exportkit.bundles.part import Encoding, Part, opened, refusal_of
from exportkit.bundles.text_encoding import length_of_mark
from exportkit.errors import BundleRefused, LocalIOError, UsageError
from exportkit.storage.beneath import Beneath, BeneathError
from exportkit.storage.refusals import refusals_of, shown
from exportkit.wire.manifest import MANIFEST_NAME, OriginalEntry, PartEntry, RawManifest, parse_manifest

__all__ = ["Bundle", "Notice", "bundle_targets"]

_MAX_MANIFEST: Final = 64 << 20


class Notice(NamedTuple):
    """Something accepted that a reader should know (an `N_` code)."""

    code: str
    message: str
    file: str


@dataclass(frozen=True)
class Bundle:
    """One target of a bundle, ready to be read. Everything below `root` is only ever read."""

    root: Path
    target: str
    parts: tuple[Part, ...]
    manifest: RawManifest | None
    notices: tuple[Notice, ...]

    @classmethod
    def open(cls, path: Path, target: str | None = None, *, work: Path | None = None) -> Self:
        """Open a bundle folder, or a lone file of JSON lines, and prove what can be proven without reading lines.

        All parts are opened once; declared sizes and digests are verified. With `work`, an existing folder,
        compressed parts are unpacked into it.

        Raises BundleRefused with the codes of formats, section 2.11, UsageError (no bundle there, several targets
        and none chosen, or one that is not there) and LocalIOError.
        """
        if path.is_file():
            path = path.resolve()
            return cls._open(path.parent, None, _lone_file(path, target), target or target_of(path.name), work)
        with _root_of(path) as root:
            manifest = _manifest_of(root)
            targets = targets_of(root, manifest)
        chosen = _chosen(targets, target, manifest)
        return cls._open(path, manifest, targets[chosen], chosen, work)

    @classmethod
    def _open(
        cls, root: Path, manifest: RawManifest | None, entries: Sequence[PartEntry], target: str, work: Path | None
    ) -> Self:
        with _root_of(root) as folder:
            parts = tuple(_part_of(folder, index, entry) for index, entry in enumerate(entries))
        notices = () if manifest else (_no_manifest(target),)
        bundle = cls(root, target, parts, manifest, (*notices, *_mark_notices(parts)))
        return bundle.unpacked(work) if work else bundle

    @property
    def originals(self) -> Mapping[str, OriginalEntry]:
        """Integrity of originals that the manifest gives, by path below the bundle."""
        return {entry.path: entry for entry in (self.manifest and self.manifest.files) or ()}

    def unpacked(self, work: Path) -> Self:
        """Return the bundle with every compressed part unpacked once into the folder `work`.

        Raises BundleRefused: `E_DIGEST` for a stream that is cut or altered, `E_MANIFEST_PART` for one that unpacks
        beyond the caps, `E_BUNDLE_ENCODING`; LocalIOError where `work` cannot hold it.
        """
        parts = tuple(_unpacked_part(part, part.encoding, work) if part.encoding else part for part in self.parts)
        found = tuple(new for new, old in zip(parts, self.parts, strict=True) if new is not old)
        return replace(self, parts=parts, notices=(*self.notices, *_mark_notices(found)))

    def verify_counts(self, counted: Sequence[int]) -> None:
        """Compare the records counted in each part with every count that the manifest declares.

        Raises BundleRefused `E_MANIFEST_COUNT`, which names both numbers.
        """
        verify_declared_counts(self.parts, self.manifest, self.target, counted)

    def describe(self) -> dict[str, Any]:
        """Return facts for `exportkit inspect`, as JSON values; sizes in bytes as stored or unpacked."""
        manifest = self.manifest
        return {
            "target": self.target,
            "manifest": manifest is not None,
            "schema": manifest and manifest.schema_name,
            "complete": manifest and manifest.complete,
            "declared_targets": {
                name: {"parts": None if entry.parts is None else len(entry.parts), "records": entry.records}
                for name, entry in (manifest.targets if manifest else {}).items()
            },
            "declared_counts": manifest.flat_counts(self.target) if manifest else {},
            "parts": [
                {
                    "path": part.path,
                    "size": part.size,
                    "records": part.records,
                    "encoding": encoding_of(part.path),
                    "sha256": part.sha256,
                }
                for part in self.parts
            ],
            "notices": [notice._asdict() for notice in self.notices],
        }


def bundle_targets(path: Path) -> tuple[str, ...]:
    """Return the targets of a bundle in the order of its manifest, without opening their parts."""
    if path.is_file():
        return (target_of(path.name),)
    with _root_of(path) as root:
        return tuple(targets_of(root, _manifest_of(root)))


def _root_of(path: Path) -> Beneath:
    try:
        return Beneath(path)
    except BeneathError as error:
        if error.kind in {"permission", "io"}:
            raise LocalIOError(f"The bundle {shown(path)} {error}.") from error
        raise UsageError(
            f"The bundle {shown(path)} {error}; give a folder or a .jsonl file that can be read."
        ) from error


def _lone_file(path: Path, target: str | None) -> tuple[PartEntry, ...]:
    if not LINE_FILE.fullmatch(path.name):
        raise UsageError(f"{shown(path)} is no bundle; give the folder of one, or a .jsonl file.")
    if target is not None and target not in TARGETS:
        raise UsageError(f"There is no target {shown(target)}; choose one of {', '.join(TARGETS)}.")
    return (PartEntry(path=path.name),)


def _manifest_of(root: Beneath) -> RawManifest | None:
    try:
        descriptor = root.open(MANIFEST_NAME)
    except BeneathError as error:
        if error.kind == "missing":
            return None
        if error.kind == "type":
            message = f"{MANIFEST_NAME} {error}; put the manifest's own file there."
            raise BundleRefused("E_MANIFEST", message, file=MANIFEST_NAME) from error
        raise refusal_of(error, MANIFEST_NAME) from error
    with refusals_of("read", MANIFEST_NAME), os.fdopen(descriptor, "rb") as file:
        content = file.read(_MAX_MANIFEST + 1)
    if len(content) > _MAX_MANIFEST:
        message = f"{MANIFEST_NAME} is larger than {_MAX_MANIFEST} bytes; leave out its list of files."
        raise BundleRefused("E_MANIFEST", message, file=MANIFEST_NAME)
    manifest = parse_manifest(content)
    judge_manifest_paths(manifest)
    if manifest.complete is False:
        message = f"{MANIFEST_NAME} says that the bundle is not complete; wait for its end or get it again."
        raise BundleRefused("E_DIGEST", message, file=MANIFEST_NAME, json_path="$.complete")
    return manifest


def _chosen(targets: Mapping[str, object], target: str | None, manifest: RawManifest | None) -> str:
    names = ", ".join(shown(name) for name in targets)
    if not targets:
        message = f"The bundle has no target: neither a part file nor one of {', '.join(map(single_path, TARGETS))}."
        raise BundleRefused("E_BUNDLE_EMPTY", message, file=MANIFEST_NAME if manifest else None)
    if target is None and len(targets) > 1:
        raise UsageError(f"The bundle has several targets: {names}; choose one with --target.")
    if target is not None and target not in targets:
        raise UsageError(f"The bundle has no target {shown(target)}, only {names}.")
    return target or next(iter(targets))


def _part_of(root: Beneath, index: int, entry: PartEntry) -> Part:
    try:
        descriptor = root.open(entry.path)
    except BeneathError as error:
        raise refusal_of(error, entry.path) from error
    encoding = encoding_of(entry.path)
    with refusals_of("read", entry.path), os.fdopen(descriptor, "rb", buffering=0) as file:
        size = os.fstat(descriptor).st_size
        _verify_integrity(file.fileno(), size, entry)
        mark = 0 if encoding else length_of_mark(descriptor, entry.path)
    return Part(
        index=index,
        path=entry.path,
        root=str(root.root),
        name=entry.path,
        size=size,
        mark=mark,
        encoding=encoding,
        records=entry.records,
        cumulative_records=entry.cumulative_records,
        sha256=entry.sha256,
    )


def _verify_integrity(descriptor: int, size: int, entry: PartEntry) -> None:
    """Compare the part as stored with its declared size and digest (wire contract, section 18)."""
    if entry.size is not None and entry.size != size:
        message = f"{shown(entry.path)} has {size} bytes, but the manifest declares {entry.size}; get the bundle again."
        raise BundleRefused("E_DIGEST", message, file=entry.path)
    if entry.sha256 is None:
        return
    with os.fdopen(os.dup(descriptor), "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    os.lseek(descriptor, 0, os.SEEK_SET)
    if digest != entry.sha256:
        message = f"The SHA-256 of {shown(entry.path)} is {digest}, but the manifest declares {entry.sha256}."
        raise BundleRefused("E_DIGEST", message, file=entry.path)


def _unpacked_part(part: Part, encoding: Encoding, work: Path) -> Part:
    name = f"part-{part.index:05d}.jsonl"
    with opened(part) as descriptor, os.fdopen(os.dup(descriptor), "rb") as source, refusals_of("unpack", part.path):
        try:
            with open(work / name, "xb") as target:
                size = unpack(source, encoding, target)
        except DamagedStream as error:
            message = f"{shown(part.path)} cannot be unpacked as {encoding}: {error}; get the bundle again."
            raise BundleRefused("E_DIGEST", message, file=part.path) from error
        except CompressionBomb as error:
            message = f"{shown(part.path)} is refused, since its {error}; store it uncompressed if it is meant."
            raise BundleRefused("E_MANIFEST_PART", message, file=part.path) from error
        with open(work / name, "rb") as target:
            mark = length_of_mark(target.fileno(), part.path)
    return msgspec.structs.replace(part, root=str(work), name=name, size=size, mark=mark, encoding=None)


def _no_manifest(target: str) -> Notice:
    message = f"The bundle has no {MANIFEST_NAME}, so that nothing proves that every {target} is there."
    return Notice("N_NO_MANIFEST", message, MANIFEST_NAME)


def _mark_notices(parts: Sequence[Part]) -> tuple[Notice, ...]:
    message = "The byte-order mark at the start of the file was skipped."
    return tuple(Notice("N_BOM", message, part.path) for part in parts if part.mark)
