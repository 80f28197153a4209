"""What readers demand of the rows of a table (formats, section 7, rules 48 to 52)."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import chain
from typing import ClassVar, NamedTuple

import msgspec

from exportkit_csv.reading import columns, is_live_formula, records, without_guard

__all__ = ["BARE", "MOST_DIGITS", "Judge", "Noted", "Report", "RowFacts", "numbers_in", "size_of"]

#: Takes code, severity, message and line of one problem.
Report = Callable[[str, str, str, int], None]

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
#: More digits than any size of a picture has.
MOST_DIGITS = 18
#: Class of a row that was given a box so that its columns hold numbers.
BARE = "\0"
_decode_floats = msgspec.json.Decoder(list[float]).decode
#: Words that dataframe libraries read as a missing value.
_MISSING = frozenset(
    [
        "#N/A",
        "#N/A N/A",
        "#NA",
        "-1.#IND",
        "-1.#QNAN",
        "-NaN",
        "-nan",
        "1.#IND",
        "1.#QNAN",
        "<NA>",
        "N/A",
        "NA",
        "NULL",
        "NaN",
        "None",
        "n/a",
        "nan",
        "null",
    ]
)


class RowFacts(msgspec.Struct):
    """What one batch of rows tells about its file."""

    #: Runs of rows of one picture: each picture has one where its rows stand together.
    pictures: int = 0
    objects: int = 0
    #: Names that only the whole can place (boxes of pictures that this batch does not list).
    unlisted: set[str] = msgspec.field(default_factory=set)
    #: Greatest coordinate, and whether any has decimals.
    greatest: float = 0.0
    fractional: bool = False


class Noted(NamedTuple):
    """A picture as a row tells of it; 0 and empty where it does not."""

    name: str
    width: int = 0
    height: int = 0
    split: str = ""


class Judge(ABC):
    """Judges the rows of one table, and notes the pictures that it names, guards removed."""

    #: The first line; None for a table without.
    header: ClassVar[str | None] = None
    #: Where the names of pictures lie: ``images/`` for planned names, empty for paths, None where a name is a stem.
    folder: ClassVar[str | None] = "images/"
    #: Whether each picture of the split has a row; else :attr:`side` tells which table lists them all.
    lists_pictures: ClassVar[bool] = True
    #: Endings of this table's path and of its table of pictures.
    side: ClassVar[tuple[str, str] | None] = None
    #: Whether spreadsheets and dataframe libraries meet the cells as text.
    is_text: ClassVar[bool] = True
    columns: ClassVar[int]
    #: Positions of further text cells.
    texts: ClassVar[tuple[int, ...]] = ()
    #: Position of the label.
    label: ClassVar[int | None] = None
    #: Position of the picture's name.
    name: ClassVar[int]
    #: Whether :meth:`judge_columns` can do anything.
    by_columns: ClassVar[bool] = False

    def __init__(self, report: Report, *, raw: bool) -> None:
        self.report = report
        self.raw = raw
        self.facts = RowFacts()
        self.pictures: list[Noted] = []
        self._last: str | None = None
        self._labels: set[str] = set()

    def rows(self, block: str, line: int) -> None:
        """Judge whole records, the first of which begins at ``line``; line 0 where that is not known.

        Nothing is reported of a block whose columns pass all at once, so what is doubtful about any row of it
        leaves the block to the rules for single rows, which alone decide and report.
        """
        if self.by_columns and self._pass_columns(block):
            return
        for number, cells in records(block, line or 1):
            self.row(cells, number if line else 0)

    def _pass_columns(self, block: str) -> bool:
        """Judge all rows at once; False, with nothing noted, where one of them is not plainly right."""
        lines = block.replace("\r\n", "\n") if "\r" in block else block
        table = columns(self.filled(lines), self.columns)
        if table is None:
            return False
        names = table[self.name]
        starts = [at for at, (name, last) in enumerate(zip(names, [self._last, *names], strict=False)) if name != last]
        begun = [names[at] for at in starts]
        labels: set[str] = set() if self.label is None else {*table[self.label]} - self._labels
        labels.discard(BARE)
        texts = {cell for position in self.texts for cell in table[position]}
        if not (_are_plain(begun) and _are_plain(labels) and _are_plain(texts)) or labels & _MISSING:
            return False
        if not self.judge_columns(table, starts):
            return False
        self._labels |= labels
        self._last = names[-1]
        self.facts.pictures += len(starts)
        self.begin_pictures(begun, [[column[at] for at in starts] for column in table])
        return True

    def filled(self, block: str) -> str:
        """The block with a number in each cell that may lack one."""
        return block

    def judge_columns(self, table: list[list[str]], starts: list[int]) -> bool:
        """Judge and count rows by columns; False, with nothing noted, unless all are right.

        ``starts`` are the rows with which the rows of another picture begin.
        """
        return False

    def row(self, cells: list[str] | None, line: int) -> None:
        """Judge one record."""
        if cells is None or len(cells) != self.columns:
            what = "its quoting is broken" if cells is None else f"it has {len(cells)} cells"
            self.report("C_CSV_QUOTE", "error", f"the record should have {self.columns} cells, but {what}", line)
            return
        if self.label is not None and (label := cells[self.label]) not in self._labels:
            self._labels.add(label)
            self._judge_text(label, self.label, line)
            if label in _MISSING and self.is_text:
                self.report("C_CSV_MISSING", "warn", f"the label {label} reads as a missing value", line)
        name = cells[self.name]
        if name != self._last:
            self._last = name
            self.facts.pictures += 1
            self._judge_text(name, self.name, line)
            self.begin_picture(name if self.raw else without_guard(name), cells)
        for position in self.texts:
            if cells[position]:
                self._judge_text(cells[position], position, line)
        self.judge(cells, line)

    def _judge_text(self, cell: str, position: int, line: int) -> None:
        if (
            self.is_text
            and is_live_formula(cell)
            and (position in {self.name, self.label} or not _NUMBER.fullmatch(cell))
        ):
            severity = "warn" if self.raw else "error"
            self.report("C_CSV_FORMULA", severity, f"cell {position + 1} is a formula to a spreadsheet", line)

    def begin_picture(self, name: str, cells: list[str]) -> None:
        """Note the picture that the rows from here on speak of."""
        self.pictures.append(Noted(name))

    def begin_pictures(self, names: list[str], table: list[list[str]]) -> None:
        """As :meth:`begin_picture` for several, with the columns of their first rows, which are plainly right."""
        for name, cells in zip(names, zip(*table, strict=True), strict=True):
            self.begin_picture(name, [*cells])

    @abstractmethod
    def judge(self, cells: list[str], line: int) -> None:
        """Judge the cells that are special to the table."""


def _are_plain(texts: Iterable[str]) -> bool:
    """True only if each text begins with a letter or digit, so it is neither a formula nor guarded, or is empty."""
    first = "".join({text[:1] for text in texts})
    return not first or first.isalnum()


def numbers_in(cells: list[list[str]], others: bytes) -> list[list[float]] | None:
    """The columns as floats; None unless all cells are numbers of digits and ``others``, which may be minus and point.

    What JSON takes for a number in these characters is one of the form wanted.
    """
    text = ",".join(chain.from_iterable(cells)).encode("utf-8")
    if text.translate(None, b"0123456789," + others):
        return None
    try:
        numbers = _decode_floats(b"[%b]" % text)
    except msgspec.MsgspecError:
        return None
    rows = len(cells[0])
    return [numbers[at : at + rows] for at in range(0, len(numbers), rows)]


@lru_cache(maxsize=4096)
def size_of(width: str, height: str) -> tuple[int, int] | None:
    """Width and height in pixels, None unless both are whole numbers."""
    if width.isdecimal() and height.isdecimal() and len(width) <= MOST_DIGITS and len(height) <= MOST_DIGITS:
        return int(width), int(height)
    return None
