"""The import table of AutoML and Vertex: one file for all splits, boxes as fractions of the picture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from exportkit.errors import AnnotationSkip
from exportkit.records import Annotation, Box, Canvas, Record, decimal_text, rounded
from exportkit.writing import Encoded, Outcome, OutputFile, Placement
from exportkit_csv.box_table import BoxTable

__all__ = ["AutomlTable"]

_PATH = "annotations.csv"
_WORDS = {"train": "TRAIN", "val": "VALIDATION", "test": "TEST"}
_UNASSIGNED = "UNASSIGNED"
#: Shortest side of a box that the importer takes, as a fraction of the picture.
_LEAST_SIDE = 0.01


class AutomlTable(BoxTable):
    """``TRAIN,path,label,xmin,ymin,,,xmax,ymax,,`` without header (section 5.4).

    The importer divides the pictures itself where all are ``UNASSIGNED``.
    """

    most_rows: ClassVar[int] = 500

    def head(self, record: Record, placement: Placement) -> str:
        word = _WORDS.get(placement.split, _UNASSIGNED) if self.plan.has_splits else _UNASSIGNED
        return f"{word},{self.text(f'{self.options.prefix}images/{placement.name}')}"

    def row(self, head: str, label: str, box: Box, canvas: Canvas, annotation: Annotation) -> tuple[str, bool]:
        box, grown = self.precision.box(box, canvas)
        x0, y0, x1, y1, _ = box.to_xyxy_normalized(canvas.width, canvas.height)
        if rounded(x1 - x0) < _LEAST_SIDE or rounded(y1 - y0) < _LEAST_SIDE:
            raise AnnotationSkip("S_CONSUMER_LIMIT", f"The importer takes no side below {_LEAST_SIDE} of the picture.")
        left, top, right, bottom = map(decimal_text, (x0, y0, x1, y1))
        return f"{head},{label},{left},{top},,,{right},{bottom},,", grown

    def encoded(self, placement: Placement, head: str, rows: list[bytes], outcomes: list[Outcome]) -> Encoded:
        return Encoded(outcomes, streams={f"{_PATH}#rows": self.byte_lines(rows or [f"{head},,,,,,,,,".encode()])})

    def notices(self) -> Iterable[tuple[str, str]]:
        others = [split.name for split in self.plan.splits if split.records and split.name not in _WORDS]
        if self.plan.has_splits and others:
            shown = ", ".join(name.encode("unicode_escape").decode() for name in others)[:120]
            yield (
                "N_CSV_SPLIT_UNASSIGNED",
                f"The importer has no word for these splits, so they are {_UNASSIGNED}: {shown}.",
            )

    def files(self) -> Iterable[OutputFile]:
        yield self.file(_PATH)
