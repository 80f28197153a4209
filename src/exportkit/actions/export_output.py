"""The folder that an export makes: reserved, filled out of sight, published in one rename."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, Final, Self

from exportkit.actions.output_words import judged_name, judged_path
from exportkit.errors import OutputLocked, UsageError
from exportkit.storage.publish import publish_directory
from exportkit.storage.refusals import refusals_of, shown
from exportkit.storage.rename_note import RenameNote
from exportkit.storage.run_directory import RunDirectory, run_folder
from exportkit.storage.sync import sync_filesystem

__all__ = ["MANIFEST", "ExportOutput", "storage_root"]

#: What an export that is whole holds, written last.
MANIFEST: Final = "exportkit-manifest.json"
_LOCAL_PROVIDERS = frozenset({"local", "file_system"})


def storage_root(storage: Mapping[str, Any]) -> Path:
    """The folder of a local storage. Raises UsageError for a storage that is none."""
    provider = storage.get("provider")
    if provider not in _LOCAL_PROVIDERS:
        raise UsageError(
            f"The storage {storage.get('id')} has the provider {provider!r}; exports are written to: "
            f"{', '.join(sorted(_LOCAL_PROVIDERS))}, s3."
        )
    location = (storage.get("configuration") or {}).get("location")
    if not isinstance(location, str) or not location:
        raise UsageError(f"The storage {storage.get('id')} has no folder in configuration.location.")
    return Path(location)


class ExportOutput:
    """``<path_root>/<name>``, or with a counter behind the name where that exists: ``name(1)``, ``name(2)`` …

    Made by :meth:`open` beside its place, as ``stage``; ``spool`` holds what is not part of the export. Until
    :meth:`publish` nobody sees anything, and :meth:`close` removes all that was not published.
    """

    def __init__(
        self, path_root: Path, name: str, *, root: Path | None = None, resumable: bool = False, restart: bool = False
    ) -> None:
        """`root` is the storage that no link on the way to `path_root` may leave.

        With `resumable`, what an unfinished run on the same name has acquired is there again in :attr:`run`, unless
        `restart` says that it is to be forgotten. Raises ValueError for a name that could leave its place.
        """
        self._resumable = resumable
        self._restart = restart
        self.path_root = path_root
        self._root = root
        self._name = judged_name(name)
        self._run: RunDirectory | None = None
        self._note: RenameNote | None = None
        self._renamed: Path | None = None
        self.committed = False

    @property
    def run(self) -> RunDirectory:
        """The private folder of this run."""
        if self._run is None:
            raise RuntimeError("The output of this export is not open.")
        return self._run

    @property
    def stage(self) -> Path:
        """What becomes the export."""
        return self.run.stage

    @property
    def spool(self) -> Path:
        """What is removed at the end."""
        return self.run.spool

    @property
    def place(self) -> str:
        """Where exports of this path lie, in the words of the storage."""
        return str(self.path_root)

    @property
    def told(self) -> str:
        """Where the export is, or will be, published, in the words of the storage."""
        return str(self.path_root / (self._renamed or self.run.target).name)

    @classmethod
    def on_storage(cls, storage: Mapping[str, Any], path: str, name: str, **how: bool) -> Self:
        """The output ``<storage>/<path>/<name>``; `how` as in making one. Raises UsageError and ValueError."""
        root = storage_root(storage)
        return cls(root / judged_path(path), name, root=root, **how)

    def free_target(self) -> Path:
        """The first free folder, which nobody reserves: for a tail that stages and publishes by itself."""
        self._refuse_way_out()
        target, number = self.path_root / self._name, 0
        while os.path.lexists(target):
            number += 1
            target = self._numbered(self.path_root, number)
        return target

    def open(self) -> None:
        """Reserve the first free name. Raises UsageError, OutputLocked and LocalIOError."""
        self._refuse_way_out()
        self._run = self._reserved(1)

    def publish(self) -> str:
        """Bring the stage to disk, make it visible, and return where. Raises LocalIOError."""
        sync_filesystem(self.stage)
        self.rename()
        return self.release()

    def release(self) -> str:
        """Take note that everything is in its place, and return where."""
        self.committed = True
        return self.told

    def rename(self) -> Path:
        """Give the stage its name, and return the absolute folder.

        What this very run published before it was killed is replaced, and is the same. A name that somebody took
        meanwhile gives way to the next free one. Raises LocalIOError.
        """
        target = self.run.target
        if self._note is not None:
            self._note.add(self.stage)
        for number in count(1):
            try:
                publish_directory(
                    self.stage, target, overwrite=self._is_own(target), keep_old=False, is_ours=self._is_own
                )
            except (UsageError, OutputLocked):
                if not os.path.lexists(target):
                    raise
                target = self._numbered(self.run.target.parent, number)
            else:
                break
        self._renamed = target
        return target

    def close(self) -> None:
        """Remove what was made and not published; a second call does nothing."""
        run, self._run = self._run, None
        if run is not None:
            run.keeps = run.keeps and not self.committed
            run.__exit__(None, None, None)

    def _reserved(self, number: int) -> RunDirectory:
        parent = self.path_root
        target = parent / self._name
        while True:
            if self._resumable and not self._restart:
                self._note = RenameNote(run_folder(target.absolute()))
            if self._is_free(target):
                # A plugin may go to another folder during the run.
                run = RunDirectory(target.absolute(), resumable=self._resumable and not self._restart)
                try:
                    run.__enter__()
                except OutputLocked:
                    pass
                else:
                    if self._is_free(run.target):
                        return run
                    run.__exit__(None, None, None)
            target = self._numbered(parent, number)
            number += 1

    def _is_free(self, target: Path) -> bool:
        """Whether nothing is there, or what the run that is gone on with has put there."""
        return not os.path.lexists(target) or self._is_own(target)

    def _is_own(self, folder: Path) -> bool:
        """Whether the run that is gone on with gave a folder its name; without a run's state nobody can tell."""
        return self._note is not None and folder in self._note

    def _numbered(self, parent: Path, number: int) -> Path:
        return parent / f"{self._name}({number})"

    def _refuse_way_out(self) -> None:
        """Refuse a path whose existing part leads out of the storage by a link."""
        if self._root is None:
            return
        with refusals_of("look at the output", self.path_root):
            root, place = os.path.realpath(self._root), os.path.realpath(self.path_root)
        if place != root and not place.startswith(root.rstrip("/") + "/"):
            raise UsageError(f"The path {shown(self.path_root)} leads out of the storage by a link; choose another.")
