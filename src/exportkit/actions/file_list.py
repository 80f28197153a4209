"""The list of files of an export of labels, so that ``exportkit verify`` can tell later whether they are the same."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import msgspec

from exportkit.conversion.lists import FILES, FileEntry
from exportkit.conversion.rows import merge_sorted, write_rows
from exportkit.storage.refusals import refusals_of

__all__ = ["write_file_list"]

#: Files that are held in memory, and sorted, at once.
_BATCH = 256


def write_file_list(stage: Path, spool: Path) -> None:
    """Write ``exportkit-files.jsonl``: path, size and SHA-256 of all regular files, sorted by path.

    Memory does not grow with the files: they are sorted a batch at a time, and the batches are merged from ``spool``.
    """
    folder = spool / "file-runs"
    with refusals_of("list the files of", stage):
        folder.mkdir()
        # A plugin has no say in what this list holds.
        (stage / FILES).unlink(missing_ok=True)
        runs = list(_runs(_entries(stage), folder))
        encode = msgspec.json.Encoder().encode
        with (stage / FILES).open("xb") as file:
            file.writelines(encode(entry) + b"\n" for entry in merge_sorted(runs, FileEntry, _path_of, folder))


def _runs(entries: Iterator[FileEntry], folder: Path) -> Iterator[Path]:
    for number in count():
        batch = sorted(islice(entries, _BATCH), key=_path_of)
        if not batch:
            return
        path = folder / f"{number:06d}.rows"
        write_rows(path, batch)
        yield path


def _path_of(entry: FileEntry) -> str:
    return entry.path


def _entries(stage: Path) -> Iterator[FileEntry]:
    waiting = [""]
    while waiting:
        below = waiting.pop()
        with os.scandir(stage / below) as found:
            for entry in found:
                path = f"{below}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{path}/")
                elif entry.is_file():
                    with (stage / path).open("rb") as file:
                        digest = hashlib.file_digest(file, "sha256").hexdigest()
                        yield FileEntry(path, file.tell(), digest)
