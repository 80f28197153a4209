"""Which targets a bundle has, and in which files their lines are (wire contract, section 16)."""

from __future__ import annotations

import re
from typing import Final

from exportkit.bundles.compression import encoding_of
from exportkit.bundles.part import refusal_of
from exportkit.errors import BundleRefused, BundleTraversalError
from exportkit.storage.beneath import Beneath, BeneathError
from exportkit.storage.refusals import shown
from exportkit.storage.safe_path import judge_input_path
from exportkit.wire.json_path import path_of
from exportkit.wire.manifest import MANIFEST_NAME, PartEntry, RawManifest, TargetEntry

__all__ = ["LINE_FILE", "TARGETS", "judge_manifest_paths", "part_path", "single_path", "target_of", "targets_of"]

TARGETS: Final = ("task", "assignment", "ground_truth")
#: Names of files that hold JSON lines.
LINE_FILE: Final = re.compile(r".+\.(?:jsonl|ndjson)(?:\.gz|\.zst)?", re.DOTALL)
_PART_NAME: Final = re.compile(r"part-([0-9]{1,18})\.jsonl(?:\.gz|\.zst)?")
_SUFFIXES: Final = ("", ".gz", ".zst")


def part_path(folder: str, number: int) -> str:
    """Return the path of the part with the 1-based `number`."""
    return f"{folder}/part-{number:05d}.jsonl"


def single_path(target: str) -> str:
    """Return the path of the single file of a target, uncompressed."""
    return f"{target}s.jsonl"


def target_of(file_name: str) -> str:
    """Return the target of a lone file of lines: what its name begins with, else `task`."""
    return next((target for target in TARGETS if file_name.startswith(target)), "task")


def judge_manifest_paths(manifest: RawManifest) -> None:
    """Raise BundleTraversalError `E_MANIFEST_PATH` for the first unsafe prefix, target name, folder or part.

    One `/` at the end of a folder is its usual notation and no fault.
    """
    _judge(manifest.prefix.removesuffix("/"), "prefix")
    for target, entry in manifest.targets.items():
        _judge(target, "targets", target)
        if entry.dir is not None:
            _judge(entry.dir.removesuffix("/"), "targets", target, "dir")
        for position, part in enumerate(entry.parts or ()):
            _judge(part.path, "targets", target, "parts", position, "path")
            if part.encoding != encoding_of(part.path) and part.encoding is not None:
                where = path_of(("targets", target, "parts", position, "encoding"))
                message = (
                    f"The encoding {part.encoding} at {where} contradicts the name {shown(part.path)}; correct one."
                )
                raise BundleRefused("E_MANIFEST", message, file=MANIFEST_NAME, json_path=where)


def _judge(path: str, *keys: str | int) -> None:
    reason = judge_input_path(path)
    if reason:
        where = path_of(keys)
        message = f"The path {shown(path)} at {where} of {MANIFEST_NAME} {reason}; use a plain path inside the bundle."
        raise BundleTraversalError("E_MANIFEST_PATH", message, file=MANIFEST_NAME, json_path=where)


def targets_of(bundle: Beneath, manifest: RawManifest | None) -> dict[str, tuple[PartEntry, ...]]:
    """Return the parts of each target, by target, in reading order.

    Declared targets count; where none is declared, the known names are looked for. Paths are judged when opened.
    """
    try:
        if manifest and manifest.targets:
            return {name: _declared(bundle, name, entry) for name, entry in manifest.targets.items()}
        found = {name: _found_parts(bundle, name) or _found_single(bundle, name) for name in TARGETS}
        return {name: parts for name, parts in found.items() if parts}
    except BeneathError as error:
        raise refusal_of(error, MANIFEST_NAME) from error


def _declared(bundle: Beneath, name: str, entry: TargetEntry) -> tuple[PartEntry, ...]:
    if entry.parts is None:
        return _found_single(bundle, name) or (PartEntry(path=single_path(name)),)
    if not entry.parts and entry.records:
        message = (
            f"{MANIFEST_NAME} declares {entry.records} records of {shown(name)} and 0 parts; get the bundle again."
        )
        raise BundleRefused("E_MANIFEST_COUNT", message, file=MANIFEST_NAME)
    return tuple(entry.parts)


def _found_single(bundle: Beneath, target: str) -> tuple[PartEntry, ...]:
    paths = (single_path(target) + suffix for suffix in _SUFFIXES)
    return next(((PartEntry(path=path),) for path in paths if bundle.exists(path)), ())


def _found_parts(bundle: Beneath, target: str) -> tuple[PartEntry, ...]:
    """Return the part files in the folder of a target by number; other names there are none of them."""
    if not bundle.exists(target):
        return ()
    try:
        names = bundle.names(target)
    except BeneathError as error:
        if error.kind in {"missing", "type"}:  # a file has the name of the folder
            return ()
        raise refusal_of(error, target) from error
    found = sorted((int(number[1]), name) for name in names if (number := _PART_NAME.fullmatch(name)))
    return tuple(PartEntry(path=f"{target}/{name}") for _, name in found)
