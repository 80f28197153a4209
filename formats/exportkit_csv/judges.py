"""What readers demand of the rows of each dialect (formats, section 7, rules 48 to 52)."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from itertools import chain, pairwise
from operator import lt
from typing import ClassVar

import msgspec

from exportkit_csv.reading import columns, is_live_formula, records, without_guard

__all__ = ["JUDGES", "Judge", "Report", "RowFacts"]

#: Takes code, severity, message and line of one problem.
Report = Callable[[str, str, str, int], None]

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_NUMBERS = re.compile(r"(?:-?[0-9]+(?:\.[0-9]+)?|)(?:,(?:-?[0-9]+(?:\.[0-9]+)?|))*+")
_FOUR_NUMBERS = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:,-?[0-9]+(?:\.[0-9]+)?){3}")
_FOUR_INTS = re.compile(r"[0-9]{1,1000}(?:,[0-9]{1,1000}){3}")
#: More digits than any size of a picture has.
_MOST_DIGITS = 18
#: Class of a row that was given a box so that its columns hold numbers.
_BARE = "\0"
_EPS = 0.001
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
    #: Whether :meth:`judge_columns` can do anything.
    by_columns: ClassVar[bool] = False

    def __init__(self, report: Report, *, raw: bool) -> None:
        self.report = report
        self.raw = raw
        self.facts = RowFacts()
        self.pictures: list[tuple[str, int, int]] = []
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
        labels.discard(_BARE)
        if not (_are_plain(begun) and _are_plain(labels)) or labels & _MISSING or not self.judge_columns(table, starts):
            return False
        self._labels |= labels
        self._last = names[-1]
        self.facts.pictures += len(starts)
        for at, name in zip(starts, begun, strict=True):
            self.begin_picture(name, [column[at] for column in table])
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


def _are_plain(texts: Iterable[str]) -> bool:
    """True only if each text begins with a letter or digit, so it is neither a formula nor guarded, or is empty."""
    first = "".join({text[:1] for text in texts})
    return not first or first.isalnum()


def _numbers_in(cells: list[list[str]], others: bytes) -> list[list[float]] | None:
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


def _size_of(width: str, height: str) -> tuple[int, int] | None:
    """Width and height in pixels, None unless both are whole numbers."""
    if width.isdecimal() and height.isdecimal() and len(width) <= _MOST_DIGITS and len(height) <= _MOST_DIGITS:
        return int(width), int(height)
    return None


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
        self.pictures.append((f"images/{name}", *(_size_of(cells[3], cells[4]) or (0, 0))))

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
    by_columns = True

    def begin_picture(self, name: str, cells: list[str]) -> None:
        self.pictures.append((name, 0, 0))

    def filled(self, block: str) -> str:
        """A picture without objects gets a box, and a class by which it is still known."""
        return block if _BARE in block else block.replace(",,,,,\n", f",0,0,1,1,{_BARE}\n")

    def judge_columns(self, table: list[list[str]], starts: list[int]) -> bool:
        boxes = _numbers_in(table[1:5], b"")
        if boxes is None:
            return False
        x1, y1, x2, y2 = boxes
        if not (all(map(lt, x1, x2)) and all(map(lt, y1, y2))) or "" in table[5]:
            return False
        self.facts.objects += len(x1) - table[5].count(_BARE)
        return True

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

    by_columns = True
    #: Width and height of the picture at hand.
    _size: tuple[int, int] | None = None

    def begin_picture(self, name: str, cells: list[str]) -> None:
        self.facts.unlisted.add(name)
        self._size = _size_of(cells[1], cells[2])

    def judge_columns(self, table: list[list[str]], starts: list[int]) -> bool:
        boxes = _numbers_in(table[4:], b"-.")
        if boxes is None:
            return False
        x0, y0, x1, y1 = boxes
        if min(x0) < -_EPS or min(y0) < -_EPS or not (all(map(lt, x0, x1)) and all(map(lt, y0, y1))):
            return False
        sizes = [_size_of(table[1][at], table[2][at]) for at in starts]
        if starts[:1] != [0]:
            starts, sizes = [0, *starts], [self._size, *sizes]
        for size, (start, end) in zip(sizes, pairwise([*starts, len(x0)]), strict=True):
            if size is None or max(x1[start:end]) > size[0] + _EPS or max(y1[start:end]) > size[1] + _EPS:
                return False
        facts = self.facts
        facts.objects += len(x0)
        facts.greatest = max([facts.greatest, *x1, *y1])
        facts.fractional = facts.fractional or any("." in cell for column in table[4:] for cell in column)
        return True

    def judge(self, cells: list[str], line: int) -> None:
        facts = self.facts
        facts.objects += 1
        numbers = ",".join(cells[4:])
        if not _FOUR_NUMBERS.fullmatch(numbers) or self._size is None:
            self.report("C_CSV_BOX", "error", "size and box are not decimal numbers", line)
            return
        x0, y0, x1, y1 = map(float, cells[4:])
        width, height = self._size
        if not (-_EPS <= x0 < x1 <= width + _EPS and -_EPS <= y0 < y1 <= height + _EPS):
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
    by_columns = True

    def begin_picture(self, name: str, cells: list[str]) -> None:
        self.pictures.append((f"images/{name}", *(_size_of(cells[1], cells[2]) or (0, 0))))

    def judge_columns(self, table: list[list[str]], starts: list[int]) -> bool:
        return _numbers_in(table[1:], b"") is not None and all(len(cell) <= _MOST_DIGITS for cell in chain(*table[1:]))

    def judge(self, cells: list[str], line: int) -> None:
        if _size_of(cells[1], cells[2]) is None:
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
