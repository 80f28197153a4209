"""What one reading of a bundle's lines tells: how many there are, and in which order their ids stand."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from exportkit.bundles import (
    Bundle,
    Line,
    Shard,
    count_lines,
    cut_shards,
    iter_lines,
    opened,
    read_again,
    read_block,
)
from exportkit.bundles.lines import WHOLE, lines_within
from exportkit.errors import RecordFault
from exportkit.native import core
from exportkit.normalize.item import item_id
from exportkit.wire.tolerant import tolerant_loads

__all__ = ["BundleIndex", "LineFault", "Place", "StoredLine"]

_BATCH: Final = 2000
#: Bytes of lines whose order is judged at once.
_SHARD: Final = 4 << 20

#: Kind (1 for ints, 2 for texts), number and text, by which ids are ordered; what stands for an id that is none.
Key = tuple[int, int, str]
_NO_ID: Final[Key] = (0, 0, "")
#: Below every id that a record may have.
_BELOW: Final = -(2**63)


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
        previous = _NO_ID
        for part in self._bundle.parts:
            shards = cut_shards(part, _SHARD)
            with opened(part) as file:
                for shard in shards:
                    last = _last_in_order(file, shard, previous)
                    if last is None:
                        return False
                    previous = last
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

    def _places(self) -> Iterator[tuple[int | str, ...]]:
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


def _last_in_order(file: int, shard: Shard, previous: Key) -> Key | None:
    """The last id of a shard whose lines go on in ascending order from the previous id; None where they do not."""
    size = shard.end - shard.start
    if size > WHOLE:
        return _last_of(iter_lines(file, shard.start, shard.end), previous)
    text, at = read_again(file, shard.start, shard.end), 0
    while at < size:
        if core is not None and previous < (2, 0, ""):
            at, number = core.pass_ascending_ids(text, at, size, previous[1] if previous != _NO_ID else _BELOW)
            previous = (1, number, "") if number != _BELOW else _NO_ID
        line = next(lines_within(text, size, 0, 0, at), None)
        if line is None:
            break
        found = _last_of((line,), previous)
        if found is None:
            return None
        previous, at = found, text.find(b"\n", line.start + line.length, size) + 1 or size
    return previous


def _last_of(lines: Iterable[Line], previous: Key) -> Key | None:
    for line in lines:
        key = _order_of(line)
        if key <= previous:
            return None
        previous = key
    return previous


_decode_head = msgspec.json.Decoder(_Head).decode


def _order_of(line: Line) -> Key:
    """The typed order of an id; that of none where there is none that can be used."""
    text = line.text
    if text is None:
        return _NO_ID
    try:
        head = _decode_head(text)
        value = item_id({"id": head.id, "pgh_id": head.pgh_id})
    except (msgspec.MsgspecError, UnicodeError, RecordFault, RecursionError):
        try:
            value = item_id(tolerant_loads(text))
        except RecordFault:
            return _NO_ID
    return (1, value, "") if isinstance(value, int) else (2, 0, value)
