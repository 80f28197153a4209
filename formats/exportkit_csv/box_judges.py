"""What readers demand of tables of boxes in pixels: keras-retinanet and TF Object Detection."""

from __future__ import annotations

import re
from itertools import chain, pairwise
from operator import lt

from exportkit_csv.judge import BARE, MOST_DIGITS, Judge, Noted, numbers_in, size_of

__all__ = ["RetinanetClassesJudge", "RetinanetJudge", "TfodImagesJudge", "TfodLabelsJudge"]

_FOUR_NUMBERS = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:,-?[0-9]+(?:\.[0-9]+)?){3}")
_FOUR_INTS = re.compile(r"[0-9]{1,1000}(?:,[0-9]{1,1000}){3}")
_EPS = 0.001


class RetinanetJudge(Judge):
    """``annotations_<split>.csv`` of keras-retinanet."""

    folder = ""
    columns = 6
    label = 5
    name = 0
    by_columns = True

    def filled(self, block: str) -> str:
        """A picture without objects gets a box, and a class by which it is still known."""
        return block if BARE in block else block.replace(",,,,,\n", f",0,0,1,1,{BARE}\n")

    def judge_columns(self, table: list[list[str]], starts: list[int]) -> bool:
        boxes = numbers_in(table[1:5], b"")
        if boxes is None:
            return False
        x1, y1, x2, y2 = boxes
        if not (all(map(lt, x1, x2)) and all(map(lt, y1, y2))) or "" in table[5]:
            return False
        self.facts.objects += len(x1) - table[5].count(BARE)
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
    lists_pictures = False
    side = ("_labels.csv", "_images.csv")
    columns = 8
    label = 3
    name = 0
    by_columns = True
    #: Width and height of the picture at hand.
    _size: tuple[int, int] | None = None

    def begin_picture(self, name: str, cells: list[str]) -> None:
        self.facts.unlisted.add(name)
        self._size = size_of(cells[1], cells[2])
        self.pictures.append(Noted(name, *(self._size or (0, 0))))

    def begin_pictures(self, names: list[str], table: list[list[str]]) -> None:
        if names:
            self.facts.unlisted.update(names)
            sizes = [*map(size_of, table[1], table[2])]
            self._size = sizes[-1]
            self.pictures += [Noted(name, *(size or (0, 0))) for name, size in zip(names, sizes, strict=True)]

    def judge_columns(self, table: list[list[str]], starts: list[int]) -> bool:
        boxes = numbers_in(table[4:], b"-.")
        if boxes is None:
            return False
        x0, y0, x1, y1 = boxes
        if min(x0) < -_EPS or min(y0) < -_EPS or not (all(map(lt, x0, x1)) and all(map(lt, y0, y1))):
            return False
        sizes = [size_of(table[1][at], table[2][at]) for at in starts]
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
        self.pictures.append(Noted(name, *(size_of(cells[1], cells[2]) or (0, 0))))

    def begin_pictures(self, names: list[str], table: list[list[str]]) -> None:
        sizes = map(size_of, table[1], table[2])
        self.pictures += [Noted(name, *(size or (0, 0))) for name, size in zip(names, sizes, strict=True)]

    def judge_columns(self, table: list[list[str]], starts: list[int]) -> bool:
        return numbers_in(table[1:], b"") is not None and all(len(cell) <= MOST_DIGITS for cell in chain(*table[1:]))

    def judge(self, cells: list[str], line: int) -> None:
        if size_of(cells[1], cells[2]) is None:
            self.report("C_CSV_QUOTE", "error", "width or height is no whole number", line)


class RetinanetClassesJudge(Judge):
    """``classes.csv`` of keras-retinanet."""

    lists_pictures = False
    columns = 2
    label = 0
    name = 0

    def begin_picture(self, name: str, cells: list[str]) -> None:
        """A class is no picture."""

    def judge(self, cells: list[str], line: int) -> None:
        if not cells[1].isdecimal():
            self.report("C_CSV_QUOTE", "error", "the index of a class is no whole number", line)
