"""What one reading of a bundle's lines tells: how many there are, and in which order their ids stand."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from exportkit.bundles import Bundle, Line, count_lines, iter_lines, opened, read_block
from exportkit.errors import RecordFault
from exportkit.normalize.item import item_id
from exportkit.wire.tolerant import tolerant_loads

__all__ = ["BundleIndex", "LineFault", "Place", "StoredLine"]

_BATCH: Final = 2000


class LineFault(NamedTuple):
    """A line that no row can be made of."""

    code: str
    message: str
    file: str
    line: int
    id: int | str | None = None


class Place(NamedTuple):
    """Where a line lies: part, number, offset, length (0 for one that is too long)."""

    part: int
    line: int
    offset: int
    length: int


class StoredLine(NamedTuple):
    """A line with its place; `text` is None where the line is longer than any that is read."""

    place: Place
    text: bytes | None


class _Head(msgspec.Struct):
    """The members of a line that say which item it is."""

    id: Any = None
    pgh_id: Any = None


class BundleIndex:
    """The lines of a bundle in ascending order of their ids: ints by value, then texts.

    Counting takes one quick reading, which also holds every count of the manifest against the lines; which order they
    stand in is found out when they are first asked for. Lines that stand in order already are read straight through;
    for others the places lie in a small database in `work`, not in memory. Lines without a usable id come first, a
    repeated id comes where its twin is.

    Raises BundleRefused `E_MANIFEST_COUNT`.
    """

    def __init__(self, bundle: Bundle, work: Path) -> None:
        self._bundle = bundle
        self._work = work
        self._database: Path | None = None
        self._looked = False
        counted = [count_lines(part)[0].records for part in bundle.parts]
        bundle.verify_counts(counted)
        self.records = sum(counted)

    def lines(self) -> Iterator[StoredLine]:
        """All lines that are not blank, good or bad, in record order."""
        if not self._looked:
            if not self._stands_in_order():
                self._database = self._work / f"{self._bundle.target}.places"
                self._store_places()
            self._looked = True
        return self._straight() if self._database is None else self._sought(self._database)

    def _straight(self) -> Iterator[StoredLine]:
        for part in self._bundle.parts:
            with opened(part) as file:
                for line in iter_lines(file, part.mark, part.size, apart=True):
                    yield StoredLine(Place(part.index, line.number, line.offset, line.length), line.text)

    def _stands_in_order(self) -> bool:
        previous: tuple[int, int, str] = (0, 0, "")
        for part in self._bundle.parts:
            with opened(part) as file:
                for line in iter_lines(file, part.mark, part.size, apart=True):
                    key = _order_of(line)
                    if key <= previous:
                        return False
                    previous = key
        return True

    def _store_places(self) -> None:
        with closing(sqlite3.connect(self._database or "")) as connection:
            connection.execute("PRAGMA journal_mode=OFF")
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute(
                "CREATE TABLE place (kind INTEGER, number INTEGER, word TEXT, part INTEGER, line INTEGER,"
                " position INTEGER, length INTEGER)"
            )
            with connection:
                connection.executemany("INSERT INTO place VALUES (?, ?, ?, ?, ?, ?, ?)", self._places())
            connection.execute("CREATE INDEX ordered ON place (kind, number, word, part, position)")

    def _places(self) -> Iterator[tuple[int, int, str, int, int, int, int]]:
        for part in self._bundle.parts:
            with opened(part) as file:
                for line in iter_lines(file, part.mark, part.size, apart=True):
                    length = line.length if line.source is not None else 0
                    yield (*_order_of(line), part.index, line.number, line.offset, length)

    def _sought(self, database: Path) -> Iterator[StoredLine]:
        files: dict[int, int] = {}
        try:
            with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
                found = connection.execute(
                    "SELECT part, line, position, length FROM place ORDER BY kind, number, word, part, position"
                )
                found.arraysize = _BATCH
                for row in found:
                    place = Place(*row)
                    if place.part not in files:
                        files[place.part] = self._bundle.parts[place.part].open()
                    file = files[place.part]
                    text = read_block(file, place.offset, place.offset + place.length) if place.length else None
                    yield StoredLine(place, text)
        finally:
            for file in files.values():
                os.close(file)


_decode_head = msgspec.json.Decoder(_Head).decode


def _order_of(line: Line) -> tuple[int, int, str]:
    """The typed order of an id; (0, 0, "") where there is none that can be used."""
    text = line.text
    if text is None:
        return (0, 0, "")
    try:
        head = _decode_head(text)
        value = item_id({"id": head.id, "pgh_id": head.pgh_id})
    except (msgspec.MsgspecError, UnicodeError, RecordFault, RecursionError):
        try:
            value = item_id(tolerant_loads(text))
        except RecordFault:
            return (0, 0, "")
    return (1, value, "") if isinstance(value, int) else (2, 0, value)
