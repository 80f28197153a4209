"""The format chosen in Python."""

from __future__ import annotations

from typing import ClassVar

from exportkit.writing import FormatChoice, Writer
from exportkit_csv.writer import CsvWriter

__all__ = ["Csv"]


class Csv(FormatChoice):
    """``csv`` as an output of :class:`exportkit.Export`; options as after ``--to csv:``."""

    writer: ClassVar[type[Writer]] = CsvWriter
