"""The CSV writer: one table of everything, or the tables of a dialect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from exportkit.records import KINDS, REGION_KINDS, Record
from exportkit.writing import Encoded, NamingRule, OutputFile, Placement, Plan, Writer, WriterOptions
from exportkit_csv.long import LONG_KINDS, LongTable
from exportkit_csv.options import CsvOptions
from exportkit_csv.retinanet import RetinanetTable
from exportkit_csv.table import Table, class_fault
from exportkit_csv.tfod import TfodTable

__all__ = ["CsvWriter"]

_TABLES: Mapping[str, type[Table]] = {"long": LongTable, "retinanet": RetinanetTable, "tfod": TfodTable}


class CsvWriter(Writer):
    """CSV by RFC 4180 (formats, section 5.4); pictures of all splits lie in ``images/``.

    ``long`` keeps every kind and every medium. The other dialects hold boxes of pictures.
    """

    name: ClassVar[str] = "csv"
    summary: ClassVar[str] = "CSV: one long table, or the dialects of keras-retinanet and TF Object Detection"
    options_model: ClassVar[type[WriterOptions]] = CsvOptions
    kinds: ClassVar[Mapping[str, str]] = LONG_KINDS
    accepts_media: ClassVar[frozenset[str]] = frozenset({"image", "video", "pcd", "text", "audio", "prompt", "data"})

    options: CsvOptions

    def __init__(self, options: CsvOptions, plan: Plan) -> None:
        super().__init__(options, plan)
        self._table = _TABLES[options.dialect](options, plan)

    @classmethod
    def naming(cls, options: WriterOptions) -> NamingRule:
        flat = isinstance(options, CsvOptions) and options.names == "flat"
        return NamingRule(layout="flat" if flat else "tree")

    @classmethod
    def needs_size(cls, options: WriterOptions) -> bool:
        return not (isinstance(options, CsvOptions) and options.dialect == "long")

    @classmethod
    def numberings(cls, options: WriterOptions) -> tuple[frozenset[str], ...]:
        excluded = isinstance(options, CsvOptions) and options.segmentation == "exclude"
        return (frozenset(KINDS) - REGION_KINDS if excluded else frozenset(KINDS),)

    @classmethod
    def class_fault(cls, name: str, options: WriterOptions) -> str | None:
        return class_fault(name)

    def picture_path(self, placement: Placement) -> str:
        return f"images/{placement.name}"

    def notices(self) -> Iterable[tuple[str, str]]:
        return self._table.notices()

    def encode(self, record: Record, placement: Placement) -> Encoded:
        return self._table.encode(record, placement)

    def files(self) -> Iterable[OutputFile]:
        return self._table.files()
