"""One file of JSON lines in a bundle, and how it is opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from exportkit.errors import BundleRefused, BundleTraversalError, LocalIOError
from exportkit.storage.beneath import Beneath, BeneathError
from exportkit.storage.refusals import shown

__all__ = ["Encoding", "Part", "opened", "refusal_of"]

Encoding = Literal["gzip", "zstd"]


class Part(msgspec.Struct, frozen=True):
    """A part as the manifest or the folder names it; small and picklable, so that a worker can open it itself."""

    #: Position in reading order, from 0.
    index: int
    #: Path relative to the bundle, for messages and findings.
    path: str
    #: Folder and name of the file that holds the lines: the bundle's own, or the unpacked copy.
    root: str
    name: str
    #: Bytes of that file.
    size: int
    #: Bytes of a byte-order mark before the first line: 3 or 0.
    mark: int = 0
    #: How the lines are compressed; None where they can be read as they are.
    encoding: Encoding | None = None
    #: Counts that the manifest declares, or None.
    records: int | None = None
    cumulative_records: int | None = None
    #: SHA-256 of the file as stored, or None.
    sha256: str | None = None

    def open(self) -> int:
        """Return a read-only descriptor, which the caller closes.

        Raises BundleTraversalError or BundleRefused (`E_MANIFEST_PATH`, `E_MANIFEST_PART`) and LocalIOError.
        """
        try:
            with Beneath(Path(self.root)) as root:
                return root.open(self.name)
        except BeneathError as error:
            raise refusal_of(error, self.path) from error


@contextmanager
def opened(part: Part) -> Iterator[int]:
    """Hold a descriptor of `part` for the length of a block."""
    descriptor = part.open()
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def refusal_of(error: BeneathError, path: str) -> BundleRefused | LocalIOError:
    """Return what to raise where a target file or part cannot be opened (formats, section 2.11)."""
    sentence = f"The target file {shown(path)} {error}"
    if error.kind in {"unsafe", "link"}:
        return BundleTraversalError(
            "E_MANIFEST_PATH", f"{sentence}; put a regular file inside the bundle and name it plainly.", file=path
        )
    if error.kind in {"missing", "type"}:
        return BundleRefused("E_MANIFEST_PART", f"{sentence}; get the whole bundle again.", file=path)
    return LocalIOError(f"{sentence}.")
