"""The files of a finished dataset that stand beside its archive go into it, too."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from exportkit.conversion.lists import LISTS
from exportkit.conversion.setup import OutputSetup
from exportkit.storage.archive import Archive
from exportkit.storage.archive_layouts import ARCHIVES, archive_layout
from exportkit.storage.refusals import refusals_of

__all__ = ["open_archive", "pack"]


def open_archive(setup: OutputSetup, spool: Path) -> Archive | None:
    """The archive of an output; None where its files become files. Raises LocalIOError."""
    if setup.sink is None:
        return None
    return Archive(setup.stage / ARCHIVES[setup.sink], archive_layout(setup.sink), spool / "members.jsonl")


def pack(archive: Archive, stage: Path, folders: Iterable[str]) -> None:
    """Move everything but the account into the archive, sorted by path, behind the files of the records, and end it.

    Folders that are to be there even when empty come first of these. Raises LocalIOError.
    """
    for folder in folders:
        archive.add_folder(f"{folder}/")
    files = []
    for where, _, names in os.walk(stage):
        files += [(Path(where) / name).relative_to(stage).as_posix() for name in names]
    for path in sorted(files):
        if path not in LISTS and path != archive.path.name:
            archive.add_file(path, stage / path)
            with refusals_of("remove", stage / path):
                (stage / path).unlink()
    archive.close()
    with refusals_of("remove folders of", stage):
        for where, below, _ in os.walk(stage, topdown=False):
            for name in below:
                (Path(where) / name).rmdir()
