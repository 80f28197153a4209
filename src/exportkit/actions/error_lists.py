"""The lists that stand beside the files of an export: what failed, and whose name was taken."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from exportkit.actions.workplace import Workplace
from exportkit.conversion.lists import FILES, MANIFEST
from exportkit.storage.refusals import refusals_of

__all__ = ["OWN_FILES", "write_error_lists"]

ERROR_FILES = "error_file_list.json"
COLLISIONS = "filename_collisions.json"
ERRORS = "exportkit-errors.jsonl"
LOSSES = "exportkit-losses.jsonl"
#: What stands at the top of every export and must not be taken for a label.
OWN_FILES = (
    *(ERROR_FILES, COLLISIONS, ERRORS, LOSSES),
    *(FILES, MANIFEST, "export_report.json", "export_report.csv"),
)


def write_error_lists(work: Workplace, *, collisions: bool = True) -> None:
    """Write the lists of one export, each row read from disk as it is written."""
    stage = work.stage
    with refusals_of("write", stage):
        if len(work.errors_json) or len(work.errors_original):
            _write_json(
                stage / ERROR_FILES,
                {"json_file_name": work.errors_json, "origin_file_name": work.errors_original},
            )
        if collisions and work.stems.collisions:
            rows = (collision._asdict() for collision in work.stems.all_collisions())
            _write_array(stage / COLLISIONS, rows)
        work.failures.write(stage / ERRORS)
        (stage / LOSSES).write_bytes(b"")


def _write_json(path: Path, members: dict[str, Iterable[Any]]) -> None:
    """An object of arrays, with an indent of four, a row at a time."""
    with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.write("{\n")
        for place, (name, rows) in enumerate(members.items()):
            file.write(",\n" if place else "")
            file.write(f"    {json.dumps(name)}: ")
            file.writelines(_array(rows, "    "))
        file.write("\n}")


def _write_array(path: Path, rows: Iterable[Any]) -> None:
    with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.writelines(_array(rows, ""))


def _array(rows: Iterable[Any], indent: str) -> Iterator[str]:
    empty = True
    for row in rows:
        text = json.dumps(row, ensure_ascii=False, indent=4).replace("\n", f"\n{indent}    ")
        yield ("[" if empty else ",") + f"\n{indent}    {text}"
        empty = False
    yield "[]" if empty else f"\n{indent}]"
