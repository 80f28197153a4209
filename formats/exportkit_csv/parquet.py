"""The Parquet twin of the long table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from exportkit.errors import AnnotationFault, RecordFault
from exportkit.records import Annotation, Record
from exportkit.writing import Encoded, OutputFile, Placement, Plan
from exportkit_csv.long import LongTable
from exportkit_csv.options import CsvOptions

__all__ = ["ParquetTable"]

_LARGEST_INT32, _LARGEST_INT64 = (1 << 31) - 1, (1 << 63) - 1


class ParquetTable(LongTable):
    """``annotations.parquet``: encoded as rows of the long table without guard, typed while the file is bound."""

    path: ClassVar[str] = "annotations.parquet"

    def __init__(self, options: CsvOptions, plan: Plan) -> None:
        super().__init__(options.model_copy(update={"raw": True}), plan)

    def encode(self, record: Record, placement: Placement) -> Encoded:
        if max(record.width, record.height) > _LARGEST_INT32:
            text = f"The size {record.width} × {record.height} does not fit into the 32 bits of its columns."
            raise RecordFault("E_SIZE_INVALID", text, "$.data_unit")
        return super().encode(record, placement)

    def _fields(self, a: Annotation) -> str:
        if a.frame is not None and a.frame > _LARGEST_INT64:
            raise AnnotationFault("E_NUMBER_RANGE", "frame does not fit into the 64 bits of its column.", ".frame")
        return super()._fields(a)

    def files(self) -> Iterable[OutputFile]:
        yield OutputFile(self.path, self.file(self.path).parts[1:])
