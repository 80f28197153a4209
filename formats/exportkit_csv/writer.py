"""The CSV writer: one table of everything, or the tables of a dialect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from exportkit.records import KINDS, REGION_KINDS, Record
from exportkit.writing import (
    Binder,
    Encoded,
    EncodedRun,
    NamingRule,
    OutputFile,
    Placement,
    Plan,
    RecordRun,
    Writer,
    WriterOptions,
)
from exportkit_csv.automl import AutomlTable
from exportkit_csv.long import LONG_KINDS, LongTable
from exportkit_csv.openimages import OpenImagesTable
from exportkit_csv.options import CsvOptions, Dialect
from exportkit_csv.parquet import ParquetTable
from exportkit_csv.retinanet import RetinanetTable
from exportkit_csv.table import Table, class_fault
from exportkit_csv.tfod import TfodTable
from exportkit_csv.via import ViaTable

__all__ = ["CsvWriter"]

_TABLES: Mapping[Dialect, type[Table]] = {
    "long": LongTable,
    "parquet": ParquetTable,
    "retinanet": RetinanetTable,
    "tfod": TfodTable,
    "openimages": OpenImagesTable,
    "via": ViaTable,
    "automl": AutomlTable,
}
#: Dialects that hold every kind and medium, with or without a size.
_WHOLE = frozenset({"long", "parquet"})


class CsvWriter(Writer):
    """CSV by RFC 4180 (formats, section 5.4); pictures of all splits lie in ``images/``.

    ``long`` and its typed twin ``parquet`` keep every kind and every medium. The other dialects hold boxes of
    pictures, ``via`` their shapes.
    """

    name: ClassVar[str] = "csv"
    summary: ClassVar[str] = "CSV: one long table or its Parquet twin; keras-retinanet, TFOD, Open Images, VIA, AutoML"
    options_model: ClassVar[type[WriterOptions]] = CsvOptions
    variants: ClassVar[tuple[str, ...]] = tuple(f"dialect={dialect}" for dialect in _TABLES)
    kinds: ClassVar[Mapping[str, str]] = LONG_KINDS
    table_options: ClassVar[WriterOptions | None] = CsvOptions(raw=True)
    accepts_media: ClassVar[frozenset[str]] = frozenset({"image", "video", "pcd", "text", "audio", "prompt", "data"})

    options: CsvOptions

    def __init__(self, options: CsvOptions, plan: Plan) -> None:
        super().__init__(options, plan)
        self._table = _TABLES[options.dialect](options, plan)

    @classmethod
    def ensure_ready(cls, options: WriterOptions) -> None:
        if isinstance(options, CsvOptions) and options.dialect == "parquet":
            from exportkit_csv.parquet_file import ensure_pyarrow

            ensure_pyarrow()

    @classmethod
    def read_table(cls, folder: Path) -> Any:
        from exportkit_csv.dataframe import read_long_table

        return read_long_table(folder / LongTable.path)

    @classmethod
    def naming(cls, options: WriterOptions) -> NamingRule:
        flat = isinstance(options, CsvOptions) and (options.names == "flat" or options.dialect == "openimages")
        return NamingRule(layout="flat" if flat else "tree")

    @classmethod
    def needs_size(cls, options: WriterOptions) -> bool:
        return not (isinstance(options, CsvOptions) and options.dialect in _WHOLE)

    @classmethod
    def numberings(cls, options: WriterOptions) -> tuple[frozenset[str], ...]:
        if isinstance(options, CsvOptions) and options.dialect not in _WHOLE:
            return ()
        excluded = isinstance(options, CsvOptions) and options.segmentation == "exclude"
        return (frozenset(KINDS) - REGION_KINDS if excluded else frozenset(KINDS),)

    @classmethod
    def class_fault(cls, name: str, options: WriterOptions) -> str | None:
        return class_fault(name, options.dialect if isinstance(options, CsvOptions) else "long")

    def picture_path(self, placement: Placement) -> str:
        return f"images/{placement.name}"

    def facts(self) -> Mapping[str, object]:
        if self.options.dialect != "parquet":
            return {}
        from exportkit_csv.parquet_file import pyarrow_version

        return {"pyarrow": pyarrow_version()}

    def notices(self) -> Iterable[tuple[str, str]]:
        return self._table.notices()

    def encode(self, record: Record, placement: Placement) -> Encoded:
        return self._table.encode(record, placement)

    def encode_run(self, run: RecordRun) -> EncodedRun | None:
        return self._table.encode_run(run)

    def takes_boxless(self) -> frozenset[str]:
        return self._table.boxless

    def files(self) -> Iterable[OutputFile]:
        return self._table.files()

    def binder(self, path: str) -> Binder | None:
        if path != ParquetTable.path:
            return None
        from exportkit_csv.parquet_file import ParquetBinder

        return ParquetBinder()
