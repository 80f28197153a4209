"""The long table as a pandas DataFrame, typed as its Parquet twin is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from exportkit_csv.columns import LONG_COLUMNS, ColumnType

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["read_long_table"]

_rings = msgspec.json.Decoder(list[list[list[tuple[float, float]]]]).decode
_points = msgspec.json.Decoder(list[float]).decode


def read_long_table(path: Path) -> DataFrame:
    """Read ``annotations.csv`` that was written with ``raw=yes``; an absent value is missing in every column.

    Whole numbers, flags and text have pandas' nullable types. ``polygons`` are lists of parts of rings of points
    ``{x, y}``, ``keypoints`` lists of ``{x, y, v}``; ``rle`` and ``attributes`` are JSON texts.
    """
    import pandas as pd

    cells = pd.read_csv(path, dtype=str, keep_default_na=False, na_filter=False, encoding="utf-8")
    return pd.DataFrame({name: _typed(cells[name].tolist(), word) for name, word in LONG_COLUMNS.items()})


def _typed(cells: Sequence[str], word: ColumnType) -> Any:
    import pandas as pd

    read, dtype = _READERS[word]
    values = [read(cell) if cell else None for cell in cells]
    return pd.Series(values, dtype=dtype)


def _read_rings(cell: str) -> list[list[list[dict[str, float]]]]:
    return [[[{"x": x, "y": y} for x, y in ring] for ring in part] for part in _rings(cell)]


def _read_points(cell: str) -> list[dict[str, float]]:
    flat = _points(cell)
    return [{"x": x, "y": y, "v": int(v)} for x, y, v in zip(flat[0::3], flat[1::3], flat[2::3], strict=True)]


#: What makes the value of a cell, and the type of the column.
_READERS: dict[ColumnType, tuple[Callable[[str], Any], str]] = {
    "text": (str, "string"),
    "json": (str, "string"),
    "int64": (int, "Int64"),
    "int32": (int, "Int32"),
    "float64": (float, "Float64"),
    "bool": ("1".__eq__, "boolean"),
    "rings": (_read_rings, "object"),
    "points": (_read_points, "object"),
}
