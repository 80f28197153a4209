"""The last step: sync, write the manifest over several datasets, rename."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from exportkit.conversion.lists import MANIFEST
from exportkit.conversion.manifest import SCHEMA, render_manifest, run_manifest
from exportkit.conversion.output import Output
from exportkit.storage.publish import publish_file
from exportkit.storage.run_directory import RunDirectory
from exportkit.storage.sync import sync_filesystem
from exportkit.writing.class_files import ClassLock, render_class_lock
from exportkit.writing.class_map import ClassMap

__all__ = ["is_exportkit_dataset", "publish"]

T = TypeVar("T")


def is_exportkit_dataset(folder: Path) -> bool:
    """Whether a folder carries our manifest, so that ``--overwrite`` may replace it."""
    try:
        with (folder / MANIFEST).open("rb") as file:
            value = msgspec.json.decode(file.read(64 << 20))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(value, dict) and value.get("schema") == SCHEMA


def publish(
    run: RunDirectory,
    outputs: Sequence[Output],
    source: dict[str, Any],
    *,
    rename: Callable[[], T],
    lock: ClassLock | None,
    classes: ClassMap,
) -> T:
    """Make the staged output visible by ``rename``, then replace the class lock. Gives what ``rename`` gives."""
    if len(outputs) > 1:
        manifests = {output.setup.label: output.manifest for output in outputs}
        (run.stage / MANIFEST).write_bytes(render_manifest(run_manifest(manifests, run.stage, source)))
    sync_filesystem(run.stage)
    if lock is not None:
        lock.ensure_unchanged()
    renamed = rename()
    if lock is not None and (classes.names != lock.names or lock.digest is None):
        publish_file(lock.path, render_class_lock(classes.names, lock.skeletons))
    return renamed
