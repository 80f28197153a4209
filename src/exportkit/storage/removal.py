"""Removal of a folder in which somebody may still be at work."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from typing import Final

__all__ = ["remove_tree"]

#: Each pass meets only what came during the one before it, which soon is nothing.
_PASSES: Final = 100
_DISTURBED: Final = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT})


def remove_tree(folder: Path) -> None:
    """Remove a folder with all that is in it; one that is not there is no error.

    Workers of a run that was killed add files to it, and move their own away, until they notice: what comes while the
    rest is removed is removed as well. Raises OSError.
    """
    for left in reversed(range(_PASSES)):
        try:
            shutil.rmtree(folder)
        except OSError as error:
            if error.errno not in _DISTURBED or not left:
                raise
            if not folder.exists():
                return
        else:
            return
