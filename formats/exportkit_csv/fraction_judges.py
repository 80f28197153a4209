"""What readers demand of tables of boxes in fractions of the picture: Open Images and AutoML."""

from __future__ import annotations

import re
from operator import lt

from exportkit_csv.judge import Judge, Noted, numbers_in

__all__ = [
    "MACHINE_SETS",
    "AutomlJudge",
    "OpenImagesBoxesJudge",
    "OpenImagesClassesJudge",
    "OpenImagesImagesJudge",
    "OpenImagesListJudge",
    "OpenImagesShortJudge",
]

#: Words for the set that a row belongs to.
MACHINE_SETS = frozenset({"TRAIN", "VALIDATION", "TEST", "UNASSIGNED"})
_FRACTIONS = re.compile(r"(?:[01](?:\.[0-9]{1,300})?|\.[0-9]{1,300})(?:,(?:[01](?:\.[0-9]{1,300})?|\.[0-9]{1,300}))*+")
_FLAGS = frozenset({"-1", "0", "1"})
#: Float noise of a written fraction.
_NOISE = 1e-9
_LEAST_SIDE = 0.01
_MOST_BOXES = 500


class OpenImagesBoxesJudge(Judge):
    """``<split>-annotations-bbox.csv``."""

    header = (
        "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside"
    )
    folder = None
    lists_pictures = False
    side = ("-annotations-bbox.csv", "-images.csv")
    columns = 13
    texts = (1,)
    label = 2
    name = 0
    by_columns = True

    def begin_picture(self, name: str, cells: list[str]) -> None:
        self.facts.unlisted.add(name)
        self.pictures.append(Noted(name))

    def judge_columns(self, table: list[list[str]], starts: list[int]) -> bool:
        numbers = numbers_in(table[3:8], b".")
        if numbers is None or "" in table[2] or not all(_FLAGS.issuperset(column) for column in table[8:]):
            return False
        x0, x1, y0, y1 = numbers[1:]
        if max(map(max, numbers)) > 1 or not (all(map(lt, x0, x1)) and all(map(lt, y0, y1))):
            return False
        self.facts.objects += len(x0)
        return True

    def judge(self, cells: list[str], line: int) -> None:
        self.facts.objects += 1
        if not _FRACTIONS.fullmatch(",".join(cells[3:8])):
            self.report("C_CSV_BOX", "error", "confidence and box are not decimal numbers from 0 to 1", line)
            return
        confidence, x0, x1, y0, y1 = map(float, cells[3:8])
        if not (x0 < x1 <= 1 and y0 < y1 <= 1 and confidence <= 1):
            self.report("C_CSV_BOX", "error", "XMin < XMax ≤ 1 and YMin < YMax ≤ 1 are wanted", line)
        if not _FLAGS.issuperset(cells[8:]):
            self.report("C_CSV_BOX", "error", "a flag is none of -1, 0 and 1", line)
        if not cells[2]:
            self.report("C_CSV_BOX", "error", "a box has no LabelName", line)


class OpenImagesShortJudge(OpenImagesBoxesJudge):
    """The same without flags, as older releases and other tools write it."""

    header = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax"
    columns = 8


class OpenImagesImagesJudge(Judge):
    """``<split>-images.csv``."""

    header = "ImageID"
    folder = None
    columns = 1
    name = 0

    def judge(self, cells: list[str], line: int) -> None:
        if not cells[0]:
            self.report("C_CSV_QUOTE", "error", "the row has no ImageID", line)


class OpenImagesListJudge(OpenImagesImagesJudge):
    """The list of pictures as Open Images itself publishes it."""

    header = (
        "ImageID,Subset,OriginalURL,OriginalLandingURL,License,AuthorProfileURL,Author,Title,OriginalSize,OriginalMD5,"
        "Thumbnail300KURL,Rotation"
    )
    columns = 12


class OpenImagesClassesJudge(Judge):
    """``class-descriptions-boxable.csv``: ``LabelName,DisplayName``."""

    lists_pictures = False
    columns = 2
    texts = (1,)
    label = 0
    name = 0

    def begin_picture(self, name: str, cells: list[str]) -> None:
        """A class is no picture."""

    def judge(self, cells: list[str], line: int) -> None:
        if not all(cells):
            self.report("C_CSV_QUOTE", "error", "LabelName or DisplayName is empty", line)


class AutomlJudge(Judge):
    """``annotations.csv`` of AutoML and Vertex: two corners, or all four."""

    folder = ""
    columns = 11
    label = 2
    name = 1
    #: Boxes of the picture at hand.
    _boxes = 0

    def begin_picture(self, name: str, cells: list[str]) -> None:
        self._boxes = 0
        # The importer divides what is not assigned, so that stands in no split.
        self.pictures.append(Noted(name, split=cells[0] if cells[0] != "UNASSIGNED" else ""))

    def judge(self, cells: list[str], line: int) -> None:
        if cells[0] not in MACHINE_SETS:
            self.report("C_CSV_QUOTE", "error", f"the first cell is none of {', '.join(sorted(MACHINE_SETS))}", line)
        if any("\n" in cell or "\r" in cell for cell in cells):
            self.report("C_CSV_QUOTE", "error", "the importer ends a record at the line break in its cell", line)
        if not any(cells[2:]):
            return
        self.facts.objects += 1
        self._boxes += 1
        if self._boxes == _MOST_BOXES + 1:
            self.report("C_CSV_BOX", "error", f"the picture has more than {_MOST_BOXES} boxes", line)
        corners = cells[3:] if all(cells[3:]) else [cells[3], cells[4], cells[7], cells[8]]
        rest = [] if all(cells[3:]) else [cells[5], cells[6], cells[9], cells[10]]
        if not _FRACTIONS.fullmatch(",".join(corners)) or any(rest) or not cells[2]:
            self.report("C_CSV_BOX", "error", "a label and two or four corners from 0 to 1 are wanted", line)
            return
        xs, ys = [*map(float, corners[0::2])], [*map(float, corners[1::2])]
        width, height = max(xs) - min(xs), max(ys) - min(ys)
        if max(*xs, *ys) > 1 or xs[0] > xs[-1] or (len(xs) == 2 and ys[0] > ys[-1]):
            self.report("C_CSV_BOX", "error", "the corners are not in order, or above 1", line)
        elif min(width, height) < _LEAST_SIDE - _NOISE:
            self.report("C_CSV_BOX", "error", f"a side is below {_LEAST_SIDE} of the picture", line)
