"""The bundle that a run fills, in its private folder: lines appended, originals beside them, committed in groups."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from exportkit.acquisition.run_state import FileFacts, ItemFacts, RunState
from exportkit.bundles.layout import part_path
from exportkit.bundles.sealed_file import store
from exportkit.errors import LocalIOError
from exportkit.storage.refusals import refusals_of
from exportkit.storage.run_directory import ACQUIRED
from exportkit.storage.sync import sync_directory, sync_filesystem
from exportkit.wire.manifest import BUNDLE_SCHEMA, MANIFEST_NAME

__all__ = ["Spool", "write_manifest"]

_LONGEST: Final = 1.0
_LARGEST: Final = 16 << 20
#: Lines that are written at once; to join a whole group would double the memory that it takes.
_AT_ONCE: Final = 256
_PART: Final = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class Spool:
    """Takes items in the order of their list, and makes a bundle of them.

    What was committed is there after any end of the process; what was not is cut off when the folder is opened again
    (reliability, section 2, R1 and R2). A group is committed at the end of a chunk, at the latest after a second or
    16 MiB.
    """

    def __init__(self, folder: Path, target: str, state: RunState, clock: Callable[[], float] = time.monotonic) -> None:
        """Open, and go back to what was committed last. Raises LocalIOError."""
        self.folder: Final = folder
        self._target = target
        self._state = state
        self._clock = clock
        self._part = folder / part_path(target, 1)
        self._items: list[ItemFacts] = []
        self._files: list[FileFacts] = []
        self._lines: list[bytes] = []
        self._pending = 0
        self._since = clock()
        self.position, committed = state.position
        with refusals_of("write", self._part):
            self._part.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self._part, _PART, 0o600)
            if os.fstat(self._descriptor).st_size < committed:
                raise LocalIOError(f"{self._part.name} of the unfinished run lost committed lines; give --restart.")
            os.ftruncate(self._descriptor, committed)
            os.lseek(self._descriptor, committed, os.SEEK_SET)
            sync_directory(self._part.parent)
        self._offset = committed

    def close(self) -> None:
        """Release the part; what is not committed is lost. A second call does nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def store(self, key: int, item_id: int | str, line: bytes, attempts: int = 1) -> None:
        """Take an item with its canonical line, LF included."""
        self._items.append(
            ItemFacts(key, item_id, "stored", self._offset + self._pending, hashlib.sha256(line).hexdigest(), attempts)
        )
        self._lines.append(line)
        self._pending += len(line)

    def miss(self, key: int, item_id: int | str, status: str, reason: str, attempts: int = 1) -> None:
        """Take note of a listed item that is ``gone`` or ``failed``."""
        self._items.append(ItemFacts(key, item_id, status, 0, "", attempts, reason))

    def keep_file(self, facts: FileFacts) -> None:
        """Take note of an original that lies in the folder under its name."""
        self._files.append(facts)

    def end_chunk(self, position: int) -> bool:
        """The list goes on behind `position`; whether that was committed."""
        self.position = position
        if self._pending < _LARGEST and self._clock() - self._since < _LONGEST:
            return False
        self.commit()
        return True

    def commit(self) -> None:
        """Bring everything taken so far to the disk. Raises LocalIOError; the group is then fetched again."""
        if not self._items and not self._files:
            return
        with refusals_of("write", self._part):
            for start in range(0, len(self._lines), _AT_ONCE):
                view = memoryview(b"".join(self._lines[start : start + _AT_ONCE]))
                while view:
                    view = view[os.write(self._descriptor, view) :]
            if self._files:
                sync_filesystem(self.folder)
            else:
                os.fdatasync(self._descriptor)
        self._offset += self._pending
        self._state.commit(self._items, self._files, self.position, self._offset)
        self._items, self._files, self._lines, self._pending = [], [], [], 0
        self._since = self._clock()

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Commit the rest and store the manifest with `facts`: the bundle is whole."""
        self.commit()
        records = self._state.counts().get("stored", 0)
        parts = [{"path": part_path(self._target, 1), "records": records, "cumulative_records": records}]
        if not records:
            with refusals_of("write", self._part):
                self._part.unlink()
        write_manifest(self.folder, self._target, parts if records else [], records, facts)
        self._state.complete()


def write_manifest(
    folder: Path, target: str, parts: list[dict[str, Any]], records: int, facts: Mapping[str, Any]
) -> None:
    """Store the manifest of an acquired bundle, which makes it whole. Raises LocalIOError."""
    manifest = {
        "prefix": ACQUIRED,
        **facts,
        "targets": {target: {"dir": target, "records": records, "parts": parts}},
        "schema": BUNDLE_SCHEMA,
        "complete": True,
    }
    store(folder / MANIFEST_NAME, json.dumps(manifest, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
