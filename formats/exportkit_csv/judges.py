"""What readers demand of the rows of each dialect (formats, section 7, rules 48 to 52)."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import msgspec

from exportkit_csv.reading import is_live_formula, without_guard

__all__ = ["JUDGES", "Judge", "Report", "RowFacts"]

#: Takes code, severity, message and line of one problem.
Report = Callable[[str, str, str, int], None]

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_NUMBERS = re.compile(r"(?:-?[0-9]+(?:\.[0-9]+)?|)(?:,(?:-?[0-9]+(?:\.[0-9]+)?|))*+")
_FOUR_NUMBERS = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:,-?[0-9]+(?:\.[0-9]+)?){3}")
_FOUR_INTS = re.compile(r"[0-9]+(?:,[0-9]+){3}")
_EPS = 0.001
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


class Judge(ABC):
    """Judges the rows of one table; :attr:`pictures` are (name, width, height) as the rows tell, guards removed."""

    header: ClassVar[str | None] = None
    columns: ClassVar[int]
    #: Positions of further text cells.
    texts: ClassVar[tuple[int, ...]] = ()
    #: Position of the label.
    label: ClassVar[int | None] = None
    #: Position of the picture's name.
    name: ClassVar[int]

    def __init__(self, report: Report, *, raw: bool) -> None:
        self.report = report
        self.raw = raw
        self.facts = RowFacts()
        self.pictures: list[tuple[str, int, int]] = []
        self._last: str | None = None
        self._labels: set[str] = set()

    def row(self, cells: list[str] | None, line: int) -> None:
        """Judge one record."""
        if cells is None or len(cells) != self.columns:
            what = "its quoting is broken" if cells is None else f"it has {len(cells)} cells"
            self.report("C_CSV_QUOTE", "error", f"the record should have {self.columns} cells, but {what}", line)
            return
        if self.label is not None and (label := cells[self.label]) not in self._labels:
            self._labels.add(label)
            self._judge_text(label, self.label, line)
            if label in _MISSING:
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
        if is_live_formula(cell) and (position in {self.name, self.label} or not _NUMBER.fullmatch(cell)):
            severity = "warn" if self.raw else "error"
            self.report("C_CSV_FORMULA", severity, f"cell {position + 1} is a formula to a spreadsheet", line)

    @abstractmethod
    def begin_picture(self, name: str, cells: list[str]) -> None:
        """Note the picture that the rows from here on speak of."""

    @abstractmethod
    def judge(self, cells: list[str], line: int) -> None:
        """Judge the cells that are special to the table."""


class LongJudge(Judge):
    """``annotations.csv``."""

    header = (
        "split,image_id,image,image_width,image_height,id,kind,label,label_id,x,y,width,height,rotation,"
        "polygons,rle,keypoints,score,iscrowd,difficult,truncated,occluded,group_id,track_id,frame,attributes"
    )
    columns = 26
    texts = (0, 6, 22, 23)
    label = 7
    name = 2
    _numbers = (1, 3, 4, 5, 8, 9, 10, 11, 12, 13, 17, 18, 19, 20, 21, 24)
    _json = (14, 15, 16, 25)

    def begin_picture(self, name: str, cells: list[str]) -> None:
        width, height = cells[3], cells[4]
        known = width.isdecimal() and height.isdecimal()
        self.pictures.append((f"images/{name}", int(width) if known else 0, int(height) if known else 0))

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


class RetinanetJudge(Judge):
    """``annotations_<split>.csv`` of keras-retinanet."""

    columns = 6
    label = 5
    name = 0

    def begin_picture(self, name: str, cells: list[str]) -> None:
        self.pictures.append((name, 0, 0))

    def judge(self, cells: list[str], line: int) -> None:
        numbers = ",".join(cells[1:5])
        if numbers == ",,," and not cells[5]:
            return
        self.facts.objects += 1
        if not _FOUR_INTS.fullmatch(numbers):
            self.report("C_CSV_BOX", "error", "x1, y1, x2, y2 are not whole numbers from 0 on", line)
            return
        x1, y1, x2, y2 = map(int, cells[1:5])
        if x2 <= x1 or y2 <= y1 or not cells[5]:
            self.report("C_CSV_BOX", "error", "x2 > x1, y2 > y1 and a class are wanted", line)


class TfodLabelsJudge(Judge):
    """``<split>_labels.csv``."""

    header = "filename,width,height,class,xmin,ymin,xmax,ymax"
    columns = 8
    label = 3
    name = 0

    #: Right and bottom edge of the picture at hand.
    _size: tuple[float, float] | None = None

    def begin_picture(self, name: str, cells: list[str]) -> None:
        self.facts.unlisted.add(name)
        known = cells[1].isdecimal() and cells[2].isdecimal()
        self._size = (int(cells[1]) + _EPS, int(cells[2]) + _EPS) if known else None

    def judge(self, cells: list[str], line: int) -> None:
        facts = self.facts
        facts.objects += 1
        numbers = ",".join(cells[4:])
        if not _FOUR_NUMBERS.fullmatch(numbers) or self._size is None:
            self.report("C_CSV_BOX", "error", "size and box are not decimal numbers", line)
            return
        x0, y0, x1, y1 = map(float, cells[4:])
        right, bottom = self._size
        if not (-_EPS <= x0 < x1 <= right and -_EPS <= y0 < y1 <= bottom):
            self.report("C_CSV_BOX", "error", "the box is empty or leaves the picture", line)
        if x1 > facts.greatest or y1 > facts.greatest:
            facts.greatest = max(x1, y1)
        if "." in numbers:
            facts.fractional = True


class TfodImagesJudge(Judge):
    """``<split>_images.csv``."""

    header = "filename,width,height"
    columns = 3
    name = 0

    def begin_picture(self, name: str, cells: list[str]) -> None:
        known = cells[1].isdecimal() and cells[2].isdecimal()
        self.pictures.append((f"images/{name}", int(cells[1]) if known else 0, int(cells[2]) if known else 0))

    def judge(self, cells: list[str], line: int) -> None:
        if not (cells[1].isdecimal() and cells[2].isdecimal()):
            self.report("C_CSV_QUOTE", "error", "width or height is no whole number", line)


class RetinanetClassesJudge(Judge):
    """``classes.csv`` of keras-retinanet."""

    columns = 2
    label = 0
    name = 0

    def begin_picture(self, name: str, cells: list[str]) -> None:
        """A class is no picture."""

    def judge(self, cells: list[str], line: int) -> None:
        if not cells[1].isdecimal():
            self.report("C_CSV_QUOTE", "error", "the index of a class is no whole number", line)


#: Table by its path.
JUDGES: tuple[tuple[re.Pattern[str], type[Judge]], ...] = (
    (re.compile(r"annotations\.csv"), LongJudge),
    (re.compile(r"annotations_[^/]*\.csv"), RetinanetJudge),
    (re.compile(r"classes\.csv"), RetinanetClassesJudge),
    (re.compile(r"[^/]*_labels\.csv"), TfodLabelsJudge),
    (re.compile(r"[^/]*_images\.csv"), TfodImagesJudge),
)
