"""Lines of the bundle, by the rows of a shard."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import NamedTuple, Self

from exportkit.bundles import read_again
from exportkit.conversion.headers import HeaderProbe
from exportkit.conversion.reading import RecordReader
from exportkit.conversion.record_batch import RecordBatch
from exportkit.conversion.row_columns import columns_of
from exportkit.conversion.rows import Row
from exportkit.conversion.setup import SurveySetup
from exportkit.normalize import RecordSurvey
from exportkit.records import Record

__all__ = ["ShardSource"]

#: Rows whose records are encoded together.
_BATCH = 256
#: Read the whole span of a shard at once where it is at most this many times its lines.
_SPARSE = 2


class _Block(NamedTuple):
    """Bytes of a part from ``start`` of its file on."""

    text: bytearray
    start: int


class ShardSource:
    """The lines that a shard's rows name, read in as few calls as their places allow, and the bundle's files."""

    def __init__(self, setup: SurveySetup, rows: Sequence[Row], line_base: int) -> None:
        self._rows = [*rows]
        self._line_base = line_base
        self._parts = setup.parts
        self._probe = HeaderProbe(setup)
        self._reader = RecordReader(setup, self._probe)
        self._descriptors: dict[int, int] = {}
        self.files = self._probe.files

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for descriptor in self._descriptors.values():
            os.close(descriptor)
        self._probe.close()

    def batches(
        self, ordinal: int, *, in_runs: bool, boxless: frozenset[str], measures_all: bool, most_pixels: int
    ) -> Iterator[RecordBatch]:
        """All rows in batches; the first record has this ordinal.

        With ``in_runs`` ordinary records of a batch may be encoded together; kinds that are ``boxless`` some output
        takes without a box. Of all records, or of those of the
        sample, the boxes in place of regions are measured; masks of more than ``most_pixels`` one by one.
        """
        block = self._block()
        for first in range(0, len(self._rows), _BATCH):
            rows = self._rows[first : first + _BATCH]
            batch = RecordBatch(rows, ordinal, self._reading(rows, block), self._where)
            ordinal = batch.end
            if in_runs and block is not None:
                columns = columns_of(rows, block.start, boxless)
                annotations = self._reader.run(block.text, columns.places)
                if annotations is not None:
                    batch.allow_runs(annotations, columns, measures_all=measures_all, most_pixels=most_pixels)
            yield batch

    def _where(self, row: Row) -> tuple[str, int]:
        """The path of a row's part, and the number of its line."""
        return self._parts[row.part].path, row.line + self._line_base

    def _reading(self, rows: Sequence[Row], block: _Block | None) -> Callable[[int], list[Record | None]]:
        """What makes the records of the row at a place."""
        records, line_base = self._reader.records, self._line_base

        def read(at: int) -> list[Record | None]:
            row = rows[at]
            text, start = self._line(row, block)
            return records(text, start, row, line_base)

        return read

    def records(self) -> Iterator[tuple[Row, list[Record | None]]]:
        """Each row with its records, sized by the row; None for one that a hook dropped."""
        for row, text, start in self._places():
            yield row, self._reader.records(text, start, row, self._line_base)

    def lines(self) -> Iterator[bytes]:
        """The lines as they stand in the bundle."""
        for row, source, start in self._places():
            yield bytes(source[start : start + row.length])

    def surveyed(self) -> Iterator[tuple[Row, list[RecordSurvey]]]:
        """Each row with the surveys of its records."""
        for row, source, start in self._places():
            yield row, self._reader.survey(bytes(source[start : start + row.length]))

    def _descriptor(self, part: int) -> int:
        if part not in self._descriptors:
            self._descriptors[part] = self._parts[part].open()
        return self._descriptors[part]

    def _places(self) -> Iterator[tuple[Row, bytearray, int]]:
        """Each row, what its line was read into, and where it begins there."""
        block = self._block()
        for row in self._rows:
            yield row, *self._line(row, block)

    def _line(self, row: Row, block: _Block | None) -> tuple[bytearray, int]:
        """What the line of a row was read into, and where it begins there."""
        if block is not None:
            return block.text, row.offset - block.start
        return read_again(self._descriptor(row.part), row.offset, row.offset + row.length), 0

    def _block(self) -> _Block | None:
        """All lines in one; None where they do not lie close together."""
        rows = self._rows
        if not rows:
            return None
        first = min([row.offset for row in rows])
        last = max([row.offset + row.length for row in rows])
        part = rows[0].part
        compact = last - first <= _SPARSE * sum([row.length for row in rows])
        if compact and all([row.part == part for row in rows]):  # noqa: C419 - a list is faster
            return _Block(read_again(self._descriptor(part), first, last), first)
        return None
