"""What tells the next run on an output which objects a killed one has left in a storage."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Final

from exportkit.errors import ExportkitError
from exportkit.storage.opening import open_objects
from exportkit.storage.publish import publish_file

__all__ = ["OBJECT_NOTE", "forget_objects", "note_objects", "remove_noted_objects"]

#: Name of the note in the folder of a run.
OBJECT_NOTE: Final = "objects.json"


def note_objects(folder: Path, where: str, prefix: str) -> None:
    """Note in the folder of a run, before it makes objects, that they lie below `prefix` in the storage `where`.

    Raises LocalIOError.
    """
    publish_file(folder / OBJECT_NOTE, json.dumps([where, prefix]).encode())


def forget_objects(folder: Path) -> None:
    """Take the note back: the objects are removed."""
    with suppress(OSError):
        (folder / OBJECT_NOTE).unlink(missing_ok=True)


def remove_noted_objects(folder: Path) -> str | None:
    """Remove the objects that a killed run has noted in its folder; where that fails, a sentence that names them."""
    try:
        where, prefix = json.loads((folder / OBJECT_NOTE).read_bytes())
    except (OSError, ValueError, TypeError):
        return None
    try:
        open_objects(where).delete_prefix(prefix)
    except ExportkitError as error:
        place = where.partition("?")[0].rstrip("/")
        return f"Objects of a run that was killed stay in {place}/{prefix}, remove them: {error}"
    finally:
        forget_objects(folder)
    return None
