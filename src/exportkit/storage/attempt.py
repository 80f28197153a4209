"""Files of work that may be done twice, even twice at once: they appear in the common folder whole, or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from exportkit.errors import ConversionFailed
from exportkit.storage.refusals import local_io_error, shown
from exportkit.storage.staging import Staging

__all__ = ["Attempt"]


class Attempt(Staging):
    """One attempt at a part of a folder, in a folder of its own below `attempts`, on the file system of `root`.

    Where a machine is lost, or only seems to be, its part is done again, and the first attempt may still be writing
    when the second is through. Both give the same bytes under the same names, so each moves what it has over what
    the other left, and no reader meets half a file. What a lost attempt wrote stays in its own folder.

    `root` is opened at once: an attempt that outlives its run finds neither the place for its files nor, under the
    name of the folder that it was to fill, the folder of another run.
    """

    def __init__(self, root: Path, attempts: Path) -> None:
        """Raises LocalIOError, also where the run of `attempts` is over."""
        self._filled: Final = Staging(root)
        own = attempts / secrets.token_hex(16)
        try:
            own.mkdir(0o700)
            super().__init__(own)
        except OSError as error:
            self._filled.close()
            raise local_io_error(error, "create the folder", own) from error

    def close(self) -> None:
        """Release the descriptors; a second call does nothing."""
        super().close()
        self._filled.close()

    def settle(self, paths: Iterable[str]) -> None:
        """Move the files at `paths`, which are all of this attempt, into the common folder.

        Raises LocalIOError, and ConversionFailed where a folder or a file is in the way of a path.
        """
        for path in paths:
            cut = path.rfind("/") + 1
            try:
                source, target = self.folder(path[:cut]), self._filled.folder(path[:cut])
                os.rename(path[cut:], path[cut:], src_dir_fd=source, dst_dir_fd=target)
            except (IsADirectoryError, NotADirectoryError) as error:
                raise ConversionFailed(
                    f"The writer gave the file {shown(path)} and a folder of this name; report this to its author."
                ) from error
            except OSError as error:
                raise local_io_error(error, "write", self._filled.root / path) from error
        shutil.rmtree(self.root, ignore_errors=True)
