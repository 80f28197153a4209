"""Rows of the long table as a Parquet file, typed by its columns (extra ``parquet``)."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from exportkit.errors import UsageError
from exportkit_csv.columns import LONG_COLUMNS, LONG_HEADER, ColumnType

__all__ = ["ParquetBinder", "ensure_pyarrow", "parquet_schema", "pyarrow_version"]

#: Rows of a row group (formats, section 5.4).
_ROW_GROUP = 65_536
#: Rows that are typed at a time; fewer where they are long. Both are counted in rows alone, so that the places where
#: shards end leave no trace.
_BATCH_ROWS = 4_096
_BATCH_BYTES = 8 << 20
#: Level of the compression; the library's own default may change.
_LEVEL = 3
_HEADER = f"{LONG_HEADER}\n".encode()

_rings = msgspec.json.Decoder(list[list[list[tuple[float, float]]]]).decode
_points = msgspec.json.Decoder(list[float]).decode


def ensure_pyarrow() -> None:
    """Raise UsageError where pyarrow is not installed."""
    try:
        import pyarrow as pa  # noqa: F401
    except ImportError:
        raise UsageError("dialect=parquet needs pyarrow: pip install 'exportkit[parquet]'.") from None


def pyarrow_version() -> str:
    """The version on which the bytes depend."""
    import pyarrow as pa

    return str(pa.__version__)


def parquet_schema() -> Any:
    """The schema of the table: absent is null."""
    import pyarrow as pa

    return pa.schema([(name, _type_of(word)) for name, word in LONG_COLUMNS.items()])


def _type_of(word: ColumnType) -> Any:
    import pyarrow as pa

    point = [("x", pa.float64()), ("y", pa.float64())]
    types = {
        "text": pa.string(),
        "json": pa.string(),
        "int64": pa.int64(),
        "int32": pa.int32(),
        "float64": pa.float64(),
        "bool": pa.bool_(),
        "rings": pa.list_(pa.list_(pa.list_(pa.struct(point)))),
        "points": pa.list_(pa.struct([*point, ("v", pa.int8())])),
    }
    return types[word]


class ParquetBinder:
    """Takes rows of the long table, which hold no live guard and end with LF, and gives a Parquet file.

    At most one row group, in typed columns, and one batch of text are in memory. Raises UsageError without pyarrow.
    """

    def __init__(self) -> None:
        ensure_pyarrow()
        from pyarrow import parquet

        self._rest = b""
        #: Whole rows of the batch that is being filled, their count and size.
        self._lines: list[bytes] = []
        self._size = 0
        #: A record that goes on in the next line, since a quote is open.
        self._open = b""
        self._group: list[Any] = []
        self._held = 0
        self._sink = _Sink()
        self._schema = parquet_schema()
        self._writer = parquet.ParquetWriter(
            self._sink, self._schema, compression="zstd", compression_level=_LEVEL, use_dictionary=False
        )

    def take(self, data: bytes) -> bytes:
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            record = self._open + line + b"\n"
            if record.count(b'"') % 2:
                self._open = record
                continue
            self._open = b""
            self._add(record)
        return self._sink.drained()

    def close(self) -> bytes:
        if self._rest or self._open:
            raise ValueError("the last row of the table has no end")
        self._type_batch()
        self._write_group()
        self._writer.close()
        return self._sink.drained()

    def _add(self, record: bytes) -> None:
        self._lines.append(record)
        self._size += len(record)
        full = self._held + len(self._lines) == _ROW_GROUP
        if full or len(self._lines) == _BATCH_ROWS or self._size >= _BATCH_BYTES:
            self._type_batch()
        if full:
            self._write_group()

    def _type_batch(self) -> None:
        if self._lines:
            self._group.append(_typed(b"".join(self._lines), self._schema))
            self._held += len(self._lines)
            self._lines, self._size = [], 0

    def _write_group(self) -> None:
        import pyarrow as pa

        if self._group:
            table = pa.Table.from_batches(self._group, self._schema)
            self._writer.write_table(table, row_group_size=_ROW_GROUP)
            self._group, self._held = [], 0


class _Sink(io.RawIOBase):
    """Where the library writes: bytes that are taken away now and then."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self._written += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._written

    def drained(self) -> bytes:
        """What was written since the last call."""
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data


def _typed(rows: bytes, schema: Any) -> Any:
    """Rows of text as one batch of typed columns."""
    import pyarrow as pa
    from pyarrow import csv

    text = pa.string()
    nested = {name for name, word in LONG_COLUMNS.items() if word in {"rings", "points"}}
    table = csv.read_csv(
        pa.BufferReader(_HEADER + rows),
        read_options=csv.ReadOptions(use_threads=False, block_size=len(_HEADER) + len(rows) + 1),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types={field.name: text if field.name in nested else field.type for field in schema},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    ).combine_chunks()
    columns = []
    for field in schema:
        column = table.column(field.name).combine_chunks()
        if field.name in nested:
            make = _rings_column if LONG_COLUMNS[field.name] == "rings" else _points_column
            column = make(column.to_pylist(), field.type)
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _rings_column(cells: Sequence[str | None], kind: Any) -> Any:
    import pyarrow as pa

    parts: list[int | None] = []
    rings, points = [0], [0]
    xs: list[float] = []
    ys: list[float] = []
    for cell in cells:
        if cell is None:
            parts.append(None)
            continue
        parts.append(len(rings) - 1)
        for part in _rings(cell):
            for ring in part:
                xs += (x for x, _ in ring)
                ys += (y for _, y in ring)
                points.append(len(xs))
            rings.append(len(points) - 1)
    parts.append(len(rings) - 1)
    flat = _structs((xs, ys), kind.value_type.value_type.value_type)
    of_points = pa.ListArray.from_arrays(_offsets(points), flat)
    of_rings = pa.ListArray.from_arrays(_offsets(rings), of_points)
    return pa.ListArray.from_arrays(_offsets(parts), of_rings)


def _points_column(cells: Sequence[str | None], kind: Any) -> Any:
    import pyarrow as pa

    starts: list[int | None] = []
    flat: list[float] = []
    for cell in cells:
        starts.append(None if cell is None else len(flat) // 3)
        flat += () if cell is None else _points(cell)
    starts.append(len(flat) // 3)
    visible = [int(v) for v in flat[2::3]]
    return pa.ListArray.from_arrays(_offsets(starts), _structs((flat[0::3], flat[1::3], visible), kind.value_type))


def _structs(members: Iterable[Sequence[float]], kind: Any) -> Any:
    import pyarrow as pa

    arrays = [pa.array(values, kind.field(at).type) for at, values in enumerate(members)]
    return pa.StructArray.from_arrays(arrays, fields=[kind.field(at) for at in range(kind.num_fields)])


def _offsets(starts: Sequence[int | None]) -> Any:
    import pyarrow as pa

    return pa.array(starts, pa.int32())
