"""What readers demand of the Parquet twin of the long table (formats, section 7, rule 54; extra ``parquet``)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from exportkit.writing import Dataset
from exportkit_csv.columns import LONG_COLUMNS
from exportkit_csv.judge import Noted, Report, RowFacts
from exportkit_csv.parquet_file import ensure_pyarrow, parquet_schema

__all__ = ["ParquetJudge"]

#: A row group that says that it holds more is not read.
_LARGEST_GROUP = 1 << 30
_ROWS = 4_096
_FLOATS = tuple(name for name, word in LONG_COLUMNS.items() if word == "float64")
_PICTURE = ("image", "image_width", "image_height", "split")
_READ = (*_PICTURE, "kind", *_FLOATS)


class ParquetJudge:
    """Judges one file a row group at a time; nothing in it is trusted."""

    def __init__(self, dataset: Dataset, path: str, report: Report) -> None:
        ensure_pyarrow()
        self.report = report
        self.facts = RowFacts()
        self.pictures: list[Noted] = []
        self._dataset = dataset
        self._path = path
        self._last: str | None = None

    def groups(self) -> int:
        """How many row groups there are; 0 where the file or its schema is none."""
        found = 0
        with self._opened() as file:
            if file is not None and self._has_schema(file):
                found = int(file.num_row_groups)
        return found

    def judge_schema(self) -> None:
        """Report a file that cannot be read or has other columns."""
        with self._opened() as file:
            if file is None:
                self.report("C_PARQUET", "error", "the file is no Parquet file that can be read", 0)
            elif not self._has_schema(file):
                self.report("C_PARQUET", "error", _difference(file.schema_arrow), 0)

    def judge_group(self, number: int) -> None:
        """Judge and count the rows of one group."""
        with self._opened() as file:
            if file is None:
                return
            size = file.metadata.row_group(number).total_byte_size
            if not 0 <= size <= _LARGEST_GROUP:
                self.report("C_PARQUET", "error", f"row group {number} is over 1 GiB and was not read", 0)
                return
            for batch in file.iter_batches(_ROWS, row_groups=[number], columns=list(_READ), use_threads=False):
                self._judge_batch(batch, number)

    def _judge_batch(self, batch: Any, group: int) -> None:
        import pyarrow.compute as pc

        for name in _FLOATS:
            if not pc.all(pc.is_finite(batch.column(name)), min_count=0).as_py():
                self.report("C_PARQUET", "error", f"a number of {name} in row group {group} is not finite", 0)
        self.facts.objects += len(batch) - batch.column("kind").null_count
        rows = zip(*(batch.column(name).to_pylist() for name in _PICTURE), strict=True)
        for name, width, height, split in rows:
            if name is None:
                self.report("C_PARQUET", "error", f"a row of row group {group} names no picture", 0)
            elif name != self._last:
                self.facts.pictures += 1
                self.pictures.append(Noted(name, max(width or 0, 0), max(height or 0, 0), split or ""))
            self._last = name

    @staticmethod
    def _has_schema(file: Any) -> bool:
        return bool(file.schema_arrow.equals(parquet_schema()))

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        """The file, or None where it cannot be read; what turns out unreadable later is reported."""
        import pyarrow as pa
        from pyarrow import parquet

        try:
            with os.fdopen(self._dataset.open_picture(self._path), "rb") as source:
                try:
                    file = parquet.ParquetFile(source)
                except (pa.ArrowException, OSError, ValueError):
                    file = None
                yield file
        except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
            self.report("C_PARQUET", "error", f"the file cannot be read: {type(error).__name__}", 0)


def _difference(found: Any) -> str:
    """The first column that is not as wanted."""
    for at, wanted in enumerate(parquet_schema()):
        if at >= len(found) or not found.field(at).equals(wanted):
            there = f"{found.field(at).name} {found.field(at).type}" if at < len(found) else "nothing"
            return f"column {at + 1} is {ascii(there)[:120]} where {wanted.name} {wanted.type} is wanted"
    return f"there are {len(found)} columns where {len(LONG_COLUMNS)} are wanted"
