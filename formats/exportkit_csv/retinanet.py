"""The table of keras-retinanet: whole pixels, no header, a class list beside it."""

from __future__ import annotations

from collections.abc import Iterable

from exportkit.records import Annotation, Box, Canvas, Number, Record
from exportkit.writing import Encoded, Outcome, OutputFile, Placement
from exportkit_csv.box_table import BoxTable

__all__ = ["RetinanetTable"]


class RetinanetTable(BoxTable):
    """``path,x1,y1,x2,y2,class`` with ints, x2 > x1 and y2 > y1, half-open (formats, section 5.4)."""

    def head(self, record: Record, placement: Placement) -> str:
        return self.text(f"images/{placement.name}")

    def row(self, head: str, label: str, box: Box, canvas: Canvas, annotation: Annotation) -> tuple[str, bool]:
        x1, x2, wider = _whole(box.x, box.x + box.width, canvas.width)
        y1, y2, higher = _whole(box.y, box.y + box.height, canvas.height)
        return f"{head},{x1},{y1},{x2},{y2},{label}", wider or higher

    def encoded(self, placement: Placement, head: str, rows: list[bytes], outcomes: list[Outcome]) -> Encoded:
        return Encoded(
            outcomes,
            streams={f"annotations_{placement.split}.csv#rows": self.byte_lines(rows or [f"{head},,,,,".encode()])},
        )

    def files(self) -> Iterable[OutputFile]:
        for split in self.split_names():
            yield self.file(f"annotations_{split}.csv")
        rows = (f"{self.labels[name]},{index}" for index, name in enumerate(self.plan.classes) if name in self.labels)
        yield self.literal("classes.csv", rows)


def _whole(low: Number, high: Number, limit: int) -> tuple[int, int, bool]:
    """Half-up whole edges within ``limit``; at least one pixel apart, and whether that took growing."""
    # int() is floor here: a box within its picture has no negative edge.
    first, last = int(low + 0.5), min(int(high + 0.5), limit)
    if last > first:
        return first, last, False
    middle = min(int((low + high) / 2), limit - 1)
    return middle, middle + 1, True
