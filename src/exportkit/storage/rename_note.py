"""What tells a run that was killed in its last moment that its output is published already."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from exportkit.storage.publish import publish_file

__all__ = ["RENAME_NOTE", "RenameNote"]

#: Name of the note in the folder of a run.
RENAME_NOTE: Final = "renamed.json"


class RenameNote:
    """The folders that a run gave, or was about to give, the name of its output.

    A rename changes neither a folder's inode nor its time of modification, so that both tell it from any other folder
    of that name, and from itself after somebody put something into it or took something out.
    """

    def __init__(self, folder: Path) -> None:
        """`folder` is that of the run; it need not exist. What is no note reads as an empty one."""
        self._path = folder / RENAME_NOTE
        self._known: list[list[int]] = []
        with suppress(OSError, ValueError):
            found = json.loads(self._path.read_bytes())
            self._known = found if isinstance(found, list) else []

    def __contains__(self, folder: Path) -> bool:
        try:
            return _identity(folder) in self._known
        except FileNotFoundError:
            return False

    def add(self, folder: Path) -> None:
        """Take note of a folder that is about to be renamed. Raises LocalIOError."""
        self._known.append(_identity(folder))
        publish_file(self._path, json.dumps(self._known).encode())


def _identity(folder: Path) -> list[int]:
    status = os.lstat(folder)
    return [status.st_dev, status.st_ino, status.st_mtime_ns]
