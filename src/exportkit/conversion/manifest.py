"""The manifest of a published dataset."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from exportkit import __version__
from exportkit.conversion.lists import LISTS
from exportkit.writing.class_map import ClassMap
from exportkit.writing.ledger import Counts, codes_by_class, overlaps_by_code
from exportkit.writing.plan import Plan

__all__ = [
    "LABELS_SCHEMA",
    "SCHEMA",
    "dataset_manifest",
    "digest_of",
    "equations",
    "params_hash",
    "render_manifest",
    "run_manifest",
]

SCHEMA = "exportkit-dataset/1"
#: Of labels that a plugin made, beside a list of their files.
LABELS_SCHEMA = "exportkit-export/1"


def digest_of(path: Path) -> dict[str, Any]:
    """Size and SHA-256 of a file, as a manifest states them."""
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 18):
            digest.update(chunk)
            size += len(chunk)
    return {"size": size, "sha256": digest.hexdigest()}


def params_hash(options: Mapping[str, Any]) -> str:
    """SHA-256 over everything that can change a byte of the output."""
    text = json.dumps(options, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def equations(counts: Counts) -> dict[str, Any]:
    """Both sums of promise 2, written out."""
    records = {word: counts.records[word] for word in ("listed", "written", "failed", "gone", "filtered")}
    annotations = {word: counts.annotations[word] for word in ("seen", "written", "lossy", "skipped", "failed")}
    return {
        "records": records,
        "annotations": annotations,
        "annotations_of_failed_records": counts.beside,
        "objects": counts.objects,
    }


def dataset_manifest(
    *,
    stage: Path,
    writer: Mapping[str, Any],
    options: Mapping[str, Any],
    plan: Plan,
    classes: ClassMap,
    counts: Counts,
    splits: Mapping[str, int],
    source: Mapping[str, Any],
    check: Sequence[Mapping[str, Any]],
    files: Mapping[str, int],
    archive: str | None = None,
) -> dict[str, Any]:
    """The manifest of one dataset. No clock, host, user or absolute path enters it.

    ``splits`` are the records written of each; ``archive`` is the file that holds the dataset's files, None where they
    lie in folders.
    """
    return {
        "schema": SCHEMA,
        "exportkit": __version__,
        "writer": dict(writer),
        "options": dict(options),
        "params_hash": params_hash({"writer": dict(writer), **options}),
        "source": dict(source),
        **equations(counts),
        "codes": codes_by_class(counts),
        "overlaps": overlaps_by_code(counts),
        "classes": [{"name": entry.name, "index": entry.index, "source": entry.source} for entry in classes.entries],
        "splits": [{"name": name, "records": records} for name, records in splits.items()],
        "media": plan.media_mode,
        "check": list(check),
        "files": dict(files),
        **({"archive": archive} if archive is not None else {}),
        "lists": {name: digest_of(stage / name) for name in LISTS},
    }


def run_manifest(datasets: Mapping[str, Mapping[str, Any]], stage: Path, source: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest over several datasets written in one run: each folder, and the digest of its manifest."""
    from exportkit.conversion.lists import MANIFEST

    return {
        "schema": SCHEMA,
        "exportkit": __version__,
        "source": dict(source),
        "datasets": [
            {
                "path": label,
                "format": manifest["writer"]["name"],
                "manifest": digest_of(stage / label / MANIFEST),
                "records": manifest["records"],
                "annotations": manifest["annotations"],
            }
            for label, manifest in datasets.items()
        ],
    }


def render_manifest(value: Mapping[str, Any]) -> bytes:
    """JSON in UTF-8 that a person can read, keys in the order of their making."""
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
