"""One number for a whole dataset, and what is compared beside it."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["LISTS", "lists_as_data", "tree_digest"]

MANIFEST = "exportkit-manifest.json"
#: Files of the account: compared as data, because they tell also how records were acquired.
LISTS = ("exportkit-files.jsonl", "exportkit-images.jsonl", "exportkit-errors.jsonl", "exportkit-losses.jsonl")
_ARCHIVES = ("dataset.tar", "dataset.zip")
_ACQUISITION = frozenset({"file", "line", "attempts", "watermark", "params_hash"})


def _digests(root: Path) -> Iterator[tuple[str, str]]:
    """Path and SHA-256 of each file, whether it stands in a folder or in the archive of a dataset there."""
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder) / name
            if name in _ARCHIVES and MANIFEST in names:
                for inside, file in _members(path):
                    yield (path.parent / inside).relative_to(root).as_posix(), _digest(file)
            elif name != MANIFEST and name not in LISTS:
                with path.open("rb") as file:
                    yield path.relative_to(root).as_posix(), _digest(file)


def _digest(file: Any) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()


def _members(archive: Path) -> Iterator[tuple[str, Any]]:
    """Path and opened content of each file in an archive, by the readers of Python."""
    if archive.suffix == ".tar":
        with tarfile.open(archive, "r:") as tar:
            yield from ((info.name, tar.extractfile(info)) for info in tar if info.isfile())
        return
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            if not entry.is_dir():
                with opened.open(entry) as file:
                    yield entry.filename, file


def tree_digest(root: Path) -> str:
    """SHA-256 over the sorted (path, SHA-256) of all files but those of the account.

    Two datasets with one digest hold the same bytes under the same names. Links count with the content
    that they lead to, and the files in the archive of a dataset as they would stand in its folder.
    """
    total = hashlib.sha256()
    for path, digest in sorted(_digests(root)):
        total.update(path.encode("utf-8", "surrogateescape") + b"\0" + digest.encode() + b"\n")
    return total.hexdigest()


def lists_as_data(root: Path) -> dict[str, Any]:
    """Manifests and lists of a dataset without each other's digests and without how records were acquired.

    Two runs over the same records give equal values, whatever the order in which the records were stored.
    """
    found: dict[str, Any] = {}
    for folder, _, names in sorted(os.walk(root)):
        for name in sorted(names):
            path = Path(folder) / name
            key = path.relative_to(root).as_posix()
            if name == MANIFEST:
                found[key] = _without(json.loads(path.read_bytes()), {*_ACQUISITION, "lists", "manifest"})
            elif name in LISTS:
                found[key] = [_without(json.loads(line), _ACQUISITION) for line in path.read_bytes().splitlines()]
    return found


def _without(value: Any, keys: set[str] | frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(part, keys) for key, part in value.items() if key not in keys}
    if isinstance(value, list):
        return [_without(part, keys) for part in value]
    return value
