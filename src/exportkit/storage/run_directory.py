"""The private folder beside an output in which a run works until it publishes."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from exportkit.errors import LocalIOError, OutputLocked
from exportkit.storage.lock import release_lock, take_lock
from exportkit.storage.object_note import OBJECT_NOTE
from exportkit.storage.refusals import refusals_of, shown
from exportkit.storage.removal import remove_tree
from exportkit.storage.rename_note import RENAME_NOTE
from exportkit.storage.sibling import sibling
from exportkit.storage.target import resolve_target

__all__ = ["ACQUIRED", "CLAIM", "RunDirectory", "run_folder"]

_ATTEMPTS: Final = 100
#: Folder below the spool for what a run has acquired.
ACQUIRED: Final = "acquired"
#: File that says under which name of an object store a run publishes.
CLAIM: Final = "claim.json"
#: What the next run has to know even where it begins anew.
_NOTED: Final = frozenset({OBJECT_NOTE})
#: What a run that was cut off leaves to the next: its state, as SQLite names its files, and what it speaks of.
_KEPT: Final = frozenset(
    {"state.db", "state.db-journal", "state.db-wal", "state.db-shm", "spool", ACQUIRED, CLAIM, RENAME_NOTE, *_NOTED}
)


def run_folder(target: Path) -> Path:
    """Where a run on an output works."""
    return sibling(target, ".", ".exportkit-run")


class RunDirectory:
    """`.<name>.exportkit-run/` beside `target`, mode 0700, on its file system, locked while the run lasts.

    `target` is the absolute output path, `stage` the folder being built, `spool` the place for other files of the
    run (reliability, section 2). Both are empty at the start: what a killed run left is cleared, but for its note of
    objects elsewhere (`remove_noted_objects`). At the end, however
    the run ends, everything made here is removed, with the parent folders of a target that never came to be.

    With `resumable` only the stage is empty at the start, and whoever works here may set `keeps`: then nothing but
    the stage and the lock is removed at the end, and the next run on the same target goes on with it.
    """

    def __init__(self, target: Path, *, resumable: bool = False) -> None:
        """Judge the target, without making anything. Raises UsageError (see `resolve_target`)."""
        self._resumable = resumable
        #: Whether what was acquired is worth going on with; false removes it at the end.
        self.keeps = False
        self.target: Final = resolve_target(target)
        self.path: Final = run_folder(self.target)
        self._rest: Final = sibling(self.target, ".", ".exportkit-old")
        self.stage: Final = self.path / "stage"
        self.spool: Final = self.path / "spool"
        self._lock_file = self.path / "lock"
        self._lock: int | None = None
        self._parents_made: list[Path] = []

    def __enter__(self) -> Self:
        """Lock and prepare. Raises OutputLocked when another run holds the output, LocalIOError."""
        try:
            with refusals_of("prepare", self.target):
                self._make_parents()
                self._lock = self._claim()
                self._remove_rest()
                self._clear(keeping=_KEPT if self._resumable else _NOTED)
                self.stage.mkdir()
                self.spool.mkdir(exist_ok=True)
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _make_parents(self) -> None:
        missing = []
        for parent in self.target.parents:
            if parent.is_dir():
                break
            missing.append(parent)
        for parent in reversed(missing):
            with suppress(FileExistsError):
                parent.mkdir()
                self._parents_made.append(parent)

    def _claim(self) -> int:
        for _ in range(_ATTEMPTS):
            with suppress(FileExistsError):
                self.path.mkdir(mode=0o700)
            try:
                self._require_private()
                lock = take_lock(self._lock_file, self.target)
            except FileNotFoundError:  # the former holder removes its folder at this moment
                continue
            if lock is not None:
                return lock
        raise OutputLocked(f"Other runs keep working on {shown(self.target)}; wait for them or choose another output.")

    def _require_private(self) -> None:
        status = os.lstat(self.path)
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            raise LocalIOError(
                f"{shown(self.path)} is in the way and no folder of this user; remove it or choose another output."
            )
        if stat.S_IMODE(status.st_mode) != 0o700:
            self.path.chmod(0o700)

    def _remove(self) -> None:
        """Take the folder out of the way in one rename, so that no kill leaves a part of it to be gone on with."""
        self._remove_rest()
        self.path.rename(self._rest)
        self._remove_rest()

    def _remove_rest(self) -> None:
        with suppress(OSError):
            remove_tree(self._rest)

    def _clear(self, keeping: frozenset[str] = frozenset()) -> None:
        below = os.scandir(self.spool) if "spool" in keeping and self.spool.is_dir() else ()
        for entry in [*os.scandir(self.path), *below]:
            if entry.name in keeping:
                continue
            if entry.is_dir(follow_symlinks=False):
                remove_tree(Path(entry.path))
            elif entry.name != self._lock_file.name:
                Path(entry.path).unlink()

    def _leave(self) -> None:
        """Remove what this run made; a leftover is harmless, the next run clears it."""
        if self._lock is not None:
            with suppress(OSError):
                if self.keeps:
                    self._clear(keeping=_KEPT)
                    self._lock_file.unlink()
                else:
                    self._remove()
            release_lock(self._lock)
            self._lock = None
        with suppress(OSError):  # the first parent that holds something, such as the output, ends it
            while self._parents_made:
                self._parents_made.pop().rmdir()
