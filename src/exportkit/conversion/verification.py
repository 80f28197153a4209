"""Are these still the bytes that were published?"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from exportkit.conversion.archived_dataset import published_dataset
from exportkit.conversion.dataset import DatasetDirectory, listed_files
from exportkit.conversion.lists import FILES, LISTS, MANIFEST
from exportkit.conversion.manifest import LABELS_SCHEMA, SCHEMA
from exportkit.errors import UsageError

__all__ = ["Difference", "Verification", "verify_dataset"]


#: Lists whose digests a manifest of each schema holds.
_LISTS: Mapping[Any, Sequence[str]] = {SCHEMA: LISTS, LABELS_SCHEMA: (FILES,)}


class Difference(msgspec.Struct, frozen=True):
    """One path that is not as it was published."""

    path: str
    reason: str


class Verification(msgspec.Struct):
    """What was compared, and what differs."""

    files: int
    differences: list[Difference]

    @property
    def verified(self) -> bool:
        """Whether every byte is as it was published."""
        return not self.differences


def verify_dataset(directory: Path) -> Verification:
    """Compare a dataset, each of several written in one run, or labels of a plugin, with the manifest.

    Raises UsageError where there is no manifest of exportkit.
    """
    dataset = published_dataset(directory)
    manifest = dataset.manifest
    if manifest is None or str(manifest.get("schema")) not in _LISTS:
        raise UsageError(f"{directory} has no {MANIFEST} of exportkit; name a dataset that exportkit wrote.")
    if "datasets" not in manifest:
        return _verify_one(dataset, manifest)
    total = Verification(0, [])
    known = {MANIFEST}
    for entry in manifest["datasets"]:
        label = str(entry["path"])
        known.add(label)
        if _digest(dataset, f"{label}/{MANIFEST}") != entry["manifest"].get("sha256"):
            total.differences.append(Difference(f"{label}/{MANIFEST}", "differs from what was published"))
            continue
        part = verify_dataset(directory / label)
        total.files += part.files
        total.differences.extend(Difference(f"{label}/{d.path}", d.reason) for d in part.differences)
    total.differences.extend(
        Difference(name, "was not published") for name in sorted({path.name for path in dataset.root.iterdir()} - known)
    )
    return total


def _verify_one(dataset: DatasetDirectory, manifest: dict[str, Any]) -> Verification:
    result = Verification(0, [])
    lists = _LISTS[manifest["schema"]]
    for name in lists:
        expected = manifest.get("lists", {}).get(name, {}).get("sha256")
        if _digest(dataset, name) != expected:
            result.differences.append(Difference(name, "differs from what was published"))
    if any(difference.path == FILES for difference in result.differences):
        return result
    listed = set()
    for entry in listed_files(dataset):
        result.files += 1
        listed.add(_short(entry.path))
        size, digest = _measure(dataset, entry.path)
        if digest is None:
            result.differences.append(Difference(entry.path, "is missing or cannot be read"))
        elif size != entry.size or digest != entry.sha256:
            result.differences.append(Difference(entry.path, "has other bytes than were published"))
    own = {MANIFEST, *lists}
    for path in dataset.listing():
        if path not in own and _short(path) not in listed:
            result.differences.append(Difference(path, "was not published"))
    return result


def _short(path: str) -> bytes:
    # Sixteen bytes a path instead of the path itself.
    return hashlib.blake2b(path.encode("utf-8", "surrogateescape"), digest_size=16).digest()


def _measure(dataset: DatasetDirectory, path: str) -> tuple[int, str | None]:
    digest, size = hashlib.sha256(), 0
    try:
        with os.fdopen(dataset.open_picture(path), "rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
                size += len(chunk)
    except OSError:
        return 0, None
    return size, digest.hexdigest()


def _digest(dataset: DatasetDirectory, path: str) -> str | None:
    return _measure(dataset, path)[1]
