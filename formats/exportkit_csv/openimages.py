"""The tables of Open Images: boxes as fractions of the picture, pictures known by their stem."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from exportkit.records import Annotation, Box, Canvas, Number, Record, decimal_text
from exportkit.writing import Encoded, Outcome, OutputFile, Placement
from exportkit_csv.box_table import BoxTable
from exportkit_csv.table import NEGATIVE_ELSEWHERE

__all__ = ["OpenImagesTable"]

_BOXES = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside"
_IMAGES = "ImageID"
_CLASSES = "class-descriptions-boxable.csv"
#: A flag that nobody has set: false and unknown are one in a record.
_UNKNOWN = -1


class OpenImagesTable(BoxTable):
    """``<split>-annotations-bbox.csv`` with ``XMax`` before ``YMin``, as Open Images has them (section 5.4).

    A crowd is ``IsGroupOf``; a score from 0 to 1 is ``Confidence``.
    """

    takes_crowds: ClassVar[bool] = True
    kept: ClassVar[frozenset[str]] = frozenset({"occluded", "truncated"})

    def head(self, record: Record, placement: Placement) -> str:
        return self.text(placement.stem)

    def row(self, head: str, label: str, box: Box, canvas: Canvas, annotation: Annotation) -> tuple[str, bool]:
        box, grown = self.precision.box(box, canvas)
        x0, y0, x1, y1, shorter = box.to_xyxy_normalized(canvas.width, canvas.height)
        corners = ",".join(map(decimal_text, (x0, x1, y0, y1)))
        score = annotation.score
        confidence = decimal_text(abs(score)) if score is not None and _is_share(score) else "1"
        occluded, truncated = (1 if flag else _UNKNOWN for flag in (annotation.occluded, annotation.truncated))
        flags = f"{occluded},{truncated},{annotation.iscrowd:d},{_UNKNOWN},{_UNKNOWN}"
        return f"{head},exportkit,{label},{confidence},{corners},{flags}", grown or shorter

    def kept_of(self, annotation: Annotation) -> frozenset[str]:
        score = annotation.score
        return self.kept | {"score"} if score is not None and _is_share(score) else self.kept

    def encoded(self, placement: Placement, head: str, rows: list[bytes], outcomes: list[Outcome]) -> Encoded:
        split = placement.split
        streams = {f"{split}-images.csv#rows": self.byte_lines([head.encode()])}
        if rows:
            streams[f"{split}-annotations-bbox.csv#rows"] = self.byte_lines(rows)
        return Encoded(outcomes, streams=streams, notices=() if rows else NEGATIVE_ELSEWHERE)

    def files(self) -> Iterable[OutputFile]:
        for split in self.split_names():
            yield self.file(f"{split}-annotations-bbox.csv", _BOXES)
            yield self.file(f"{split}-images.csv", _IMAGES)
        rows = (f"{self.labels[name]},{self.labels[name]}" for name in self.plan.classes if name in self.labels)
        yield self.literal(_CLASSES, rows)


def _is_share(score: Number) -> bool:
    return 0 <= score <= 1
