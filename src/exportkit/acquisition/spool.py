"""The bundle that a run fills, in its private folder: lines appended, originals beside them, committed in groups."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from exportkit.acquisition.run_state import CommittedGroup, FileFacts, ItemFacts, RunState
from exportkit.bundles.layout import part_path
from exportkit.bundles.sealed_file import store
from exportkit.errors import LocalIOError
from exportkit.storage.refusals import refusals_of
from exportkit.storage.run_directory import ACQUIRED
from exportkit.storage.sync import sync_directory, sync_filesystem
from exportkit.wire.manifest import BUNDLE_SCHEMA, MANIFEST_NAME

__all__ = ["Spool", "write_manifest"]

#: Seconds and bytes of a group.
_LONGEST: Final = 1.0
_LARGEST: Final = 16 << 20
#: Bytes of lines that are written at once.
_AT_ONCE: Final = 256 << 10
_PART: Final = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class Spool:
    """Takes items in the order of their list, and makes a bundle of them.

    What was committed is there after any end of the process; what was not is cut off when the folder is opened again
    (reliability, section 2, R1 and R2). A group of chunks is handed over after a second or 16 MiB, and committed in a
    thread while the next one is taken, so that at most one is on its way.
    """

    def __init__(
        self,
        folder: Path,
        target: str,
        state: RunState,
        clock: Callable[[], float] = time.monotonic,
        committed: Callable[[Sequence[FileFacts]], object] = lambda _files: None,
    ) -> None:
        """Open, and go back to what was committed last. `committed` is told of files. Raises LocalIOError."""
        self.folder: Final = folder
        self._target = target
        self._state = state
        self._clock = clock
        self._committed = committed
        self._part = folder / part_path(target, 1)
        self._lines: list[bytes] = []
        self._gathered = 0
        self.position, offset = state.position
        self._group = _Group(offset, clock())
        with refusals_of("write", self._part):
            self._part.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self._part, _PART, 0o600)
            if os.fstat(self._descriptor).st_size < offset:
                raise LocalIOError(f"{self._part.name} of the unfinished run lost committed lines; give --restart.")
            os.ftruncate(self._descriptor, offset)
            os.lseek(self._descriptor, offset, os.SEEK_SET)
            sync_directory(self._part.parent)
        self._committer = ThreadPoolExecutor(1, "exportkit-commit")
        self._coming: Future[None] | None = None

    def close(self) -> None:
        """Release the part, when the group that is being committed is; what was not handed over is lost."""
        self._committer.shutdown(wait=True)
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def store(self, keys: Iterable[int], lines: bytes) -> None:
        """Take items with their canonical lines, LF included."""
        self._group.stored += keys
        self._lines.append(lines)
        self._gathered += len(lines)
        if self._gathered >= _AT_ONCE:
            self._write()

    def miss(self, key: int, item_id: int | str, status: str, reason: str) -> None:
        """Take note of a listed item that is ``gone`` or ``failed``."""
        self._group.missed.append(ItemFacts(key, item_id, status, error=reason))

    def keep_file(self, facts: FileFacts) -> None:
        """Take note of an original that lies in the folder under its name."""
        self._group.files.append(facts)

    def end_chunk(self, position: int) -> None:
        """The list goes on behind `position`."""
        self.position = position
        group = self._group
        if group.size + self._gathered >= _LARGEST or self._clock() - group.since >= _LONGEST:
            self._hand_over()

    def commit(self) -> None:
        """Bring everything taken so far to the disk. Raises LocalIOError; the group is then fetched again."""
        self._hand_over()
        self._wait()

    def _write(self) -> None:
        """Append what was gathered to the part. A row of the state speaks of it only when it is synced."""
        text = b"".join(self._lines)
        self._lines, self._gathered = [], 0
        self._group.digest.update(text)
        self._group.size += len(text)
        with refusals_of("write", self._part):
            view = memoryview(text)
            while view:
                view = view[os.write(self._descriptor, view) :]

    def _hand_over(self) -> None:
        """Have the group committed when the one before it is. Raises what became of that one."""
        self._write()
        group = self._group
        if not (group.stored or group.missed or group.files):
            return
        self._wait()
        self._coming = self._committer.submit(self._bring_to_disk, group.facts(self.position))
        self._group = _Group(group.offset + group.size, self._clock())

    def _wait(self) -> None:
        coming, self._coming = self._coming, None
        if coming is not None:
            coming.result()

    def _bring_to_disk(self, group: CommittedGroup) -> None:
        if group.files:
            sync_filesystem(self.folder)
        else:
            with refusals_of("write", self._part):
                os.fdatasync(self._descriptor)
        self._state.commit(group)
        self._committed(group.files)

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Commit the rest and store the manifest with `facts`: the bundle is whole."""
        self.commit()
        records = self._state.counts().get("stored", 0)
        if not records:
            with refusals_of("write", self._part):
                self._part.unlink()
        parts = [{"path": part_path(self._target, 1), "records": records}] if records else []
        write_manifest(self.folder, self._target, parts, facts)
        self._state.complete()


class _Group:
    """What is committed together, while it grows."""

    def __init__(self, offset: int, since: float) -> None:
        self.offset = offset
        self.since = since
        self.size = 0
        self.digest = hashlib.sha256()
        self.stored: list[int] = []
        self.missed: list[ItemFacts] = []
        self.files: list[FileFacts] = []

    def facts(self, position: int | None) -> CommittedGroup:
        end = self.offset + self.size
        digest = self.digest.hexdigest()
        return CommittedGroup(self.stored, self.missed, self.files, position, self.offset, end, digest)


def write_manifest(
    folder: Path, target: str, parts: Sequence[Mapping[str, Any]], facts: Mapping[str, Any] | None = None
) -> None:
    """Store the manifest of an acquired bundle, which makes it whole. Raises LocalIOError."""
    manifest = {
        "prefix": ACQUIRED,
        **(facts or {}),
        "targets": {target: {"dir": target, "parts": parts}},
        "schema": BUNDLE_SCHEMA,
        "complete": True,
    }
    store(folder / MANIFEST_NAME, json.dumps(manifest, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
