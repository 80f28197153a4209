"""Lines that no record can be made of, as entries of the error list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from exportkit.bundles import Part
from exportkit.conversion.planning import Ordering
from exportkit.conversion.rows import ErrorRow, merge_sorted, read_rows, typed_key, write_rows
from exportkit.conversion.survey import Survey
from exportkit.writing.ledger import Entry

__all__ = ["line_errors"]


def line_errors(survey: Survey, ordering: Ordering, parts: Sequence[Part], folder: Path) -> Iterator[Entry]:
    """Entries in typed order of ids, lines without a usable id first; one at a time, from disk."""
    paths: list[Path] = []
    for shard, base in zip(survey.shards, survey.first_lines, strict=True):
        if shard.errors_count:
            rows = (_numbered(row, base) for row in read_rows(shard.errors, ErrorRow))
            paths.append(_sorted(rows, folder / f"errors-{len(paths):06d}.rows"))
    if ordering.errors:
        paths.append(_sorted(iter(ordering.errors), folder / f"errors-{len(paths):06d}.rows"))
    for row in merge_sorted(paths, ErrorRow, _place, folder):
        yield Entry(
            row.id, parts[row.part].path, row.line, "normalize", row.code, _message(row, parts), json_path=row.json_path
        )


def _numbered(row: ErrorRow, base: int) -> ErrorRow:
    first = (row.first[0], row.first[1] + base) if row.first else None
    return msgspec.structs.replace(row, line=row.line + base, first=first)


def _sorted(rows: Iterator[ErrorRow], path: Path) -> Path:
    ordered = sorted(rows, key=_place)
    write_rows(path, ordered)
    return path


def _place(row: ErrorRow) -> tuple[tuple[int, int, str], int, int]:
    return (typed_key(row.id), row.part, row.line)


def _message(row: ErrorRow, parts: Sequence[Part]) -> str:
    if row.first is None:
        return row.message
    part, line = row.first
    return f"The id {row.id!r} stands already in {parts[part].path}, line {line}; give every record its own id."
