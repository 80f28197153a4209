"""The folder of a cluster of this run alone."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

__all__ = ["private_folder"]

#: Unix sockets have names of 107 bytes at most, and Ray's need most of that.
_LONGEST_PLACE: Final = 30


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder for sockets and logs that no other user can enter, removed at the end."""
    place = tempfile.gettempdir()
    folder = Path(tempfile.mkdtemp(prefix="exportkit-", dir=place if len(place) <= _LONGEST_PLACE else "/tmp"))  # noqa: S108 - see above
    try:
        yield folder / "ray"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
