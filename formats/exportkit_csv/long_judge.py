"""What readers demand of the long table."""

from __future__ import annotations

import re
from typing import ClassVar

import msgspec

from exportkit_csv.columns import LONG_COLUMNS, LONG_HEADER, ColumnType
from exportkit_csv.judge import Judge, Noted, size_of

__all__ = ["LongJudge", "ParquetRowsJudge"]

_NUMBERS = re.compile(r"(?:-?[0-9]+(?:\.[0-9]+)?|)(?:,(?:-?[0-9]+(?:\.[0-9]+)?|))*+")


def _places(*types: ColumnType) -> tuple[int, ...]:
    return tuple(at for at, word in enumerate(LONG_COLUMNS.values()) if word in types)


class LongJudge(Judge):
    """``annotations.csv``."""

    header: ClassVar[str | None] = LONG_HEADER
    columns = len(LONG_COLUMNS)
    texts = _places("text")[3:]
    label = 7
    name = 2
    _numbers = _places("int64", "int32", "float64", "bool")
    _json = _places("rings", "points", "json")

    def begin_picture(self, name: str, cells: list[str]) -> None:
        self.pictures.append(Noted(name, *(size_of(cells[3], cells[4]) or (0, 0)), split=cells[0]))

    def judge(self, cells: list[str], line: int) -> None:
        if cells[6]:
            self.facts.objects += 1
        if not _NUMBERS.fullmatch(",".join([cells[position] for position in self._numbers])):
            self.report("C_CSV_QUOTE", "error", "a cell of a number column is no decimal number", line)
        for position in self._json:
            if cells[position]:
                try:
                    msgspec.json.decode(cells[position])
                except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
                    self.report("C_CSV_QUOTE", "error", f"cell {position + 1} is no JSON", line)


class ParquetRowsJudge(LongJudge):
    """Rows on their way into ``annotations.parquet``."""

    header = None
    is_text = False
