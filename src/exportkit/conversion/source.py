"""Lines of the bundle, by the rows of a shard."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from exportkit.bundles import read_again
from exportkit.conversion.headers import HeaderProbe
from exportkit.conversion.reading import RecordReader
from exportkit.conversion.rows import Row
from exportkit.conversion.setup import SurveySetup
from exportkit.normalize import RecordSurvey
from exportkit.records import Record

__all__ = ["ShardSource"]

#: Read the whole span of a shard at once where it is at most this many times its lines.
_SPARSE = 2


class ShardSource:
    """The lines that a shard's rows name, read in as few calls as their places allow, and the bundle's files."""

    def __init__(self, setup: SurveySetup, rows: Sequence[Row], line_base: int) -> None:
        self._rows = rows
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

    def records(self) -> Iterator[tuple[Row, list[Record | None]]]:
        """Each row with its records, sized by the row; None for one that a hook dropped."""
        records, line_base = self._reader.records, self._line_base
        for row, source, start in self._places():
            yield row, records(source, start, row, line_base)

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
        rows = self._rows
        if not rows:
            return
        first = min([row.offset for row in rows])
        last = max([row.offset + row.length for row in rows])
        part = rows[0].part
        compact = last - first <= _SPARSE * sum([row.length for row in rows])
        if compact and all([row.part == part for row in rows]):  # noqa: C419 - a list is faster
            block = read_again(self._descriptor(part), first, last)
            for row in rows:
                yield row, block, row.offset - first
            return
        for row in rows:
            yield row, read_again(self._descriptor(row.part), row.offset, row.offset + row.length), 0
