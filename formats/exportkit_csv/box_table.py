"""Dialects that hold one class and one box a row."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from exportkit.errors import AnnotationFault, AnnotationSkip
from exportkit.records import (
    EPS,
    EXTENT_KINDS,
    REGION_KINDS,
    Annotation,
    Box,
    BoxTexts,
    Canvas,
    Record,
    RotatedBox,
    box_texts,
)
from exportkit.writing import Encoded, Outcome, Placement, Plan, failed, skipped
from exportkit.writing.overlaps import box_overlaps
from exportkit_csv.options import CsvOptions
from exportkit_csv.outcomes import outcome_in_box_table, outcome_of
from exportkit_csv.table import Table

__all__ = ["BOX_TABLE_KINDS", "BoxTable"]

#: What becomes of each kind in a table of boxes (formats, section 5.4).
BOX_TABLE_KINDS = {
    "box": "written",
    "rotated_box": "L_ROTATION_FLATTENED",
    "polygon": "L_REGION_DROPPED",
    "mask": "L_REGION_DROPPED",
    "keypoints": "L_KEYPOINTS_DROPPED",
    "point": "S_POINT_UNGROUPED",
}
#: What a box costs in place of the kind's own geometry.
_COST: dict[str, tuple[str, ...]] = {kind: (code,) for kind, code in BOX_TABLE_KINDS.items() if code[0] == "L"}
#: Outcome of an annotation with nothing but class and geometry, wholly inside its picture.
_PLAIN = {kind: outcome_of(_COST.get(kind, ())) for kind in EXTENT_KINDS}
#: The same with attributes beside it.
_WITH_ATTRIBUTES = {kind: outcome_of((*_COST.get(kind, ()), "L_ATTRIBUTES_DROPPED")) for kind in EXTENT_KINDS}


class BoxTable(Table):
    """Rows of boxes. Crowds are left out where a dialect has no word for "ignore"."""

    #: Fields beside class and box that have a column.
    kept: ClassVar[frozenset[str]] = frozenset()
    #: Whether a column tells crowds.
    takes_crowds: ClassVar[bool] = False
    #: Most rows of a picture that the consumer takes; 0 for no limit.
    most_rows: ClassVar[int] = 0

    def __init__(self, options: CsvOptions, plan: Plan) -> None:
        super().__init__(options, plan)
        self._excludes = options.segmentation == "exclude"
        self._ordinary = self.ordinary({kind: (_PLAIN[kind], _WITH_ATTRIBUTES[kind]) for kind in self._plain_kinds()})

    @property
    def _crowds(self) -> dict[str, tuple[Outcome, Outcome]]:
        """Outcomes of crowds by kind, where they are left out."""
        kinds = EXTENT_KINDS - (REGION_KINDS if self._excludes else frozenset())
        return {} if self.takes_crowds else dict.fromkeys(kinds, (skipped("S_CROWD"),) * 2)

    def _plain_kinds(self) -> tuple[str, ...]:
        return ("box",) if self._excludes else ("box", "polygon", "mask")

    def encode(self, record: Record, placement: Placement) -> Encoded:
        if record.medium != "image":
            return Encoded([skipped("S_MEDIA_UNSUPPORTED")] * len(record.annotations))
        head = self.head(record, placement)
        start = head.encode()
        annotations = record.annotations
        texts, outcomes = self._ordinary.of(annotations, record.width, record.height)
        if None not in texts:
            rows = [start + text for text in texts]  # type: ignore[operator]  # none is None
            return self._measured(record, placement, self.encoded(placement, head, rows, outcomes))
        canvas = Canvas(record.width, record.height, self.plan.invalid, self.plan.max_pixels)
        rows = []
        for position, text in enumerate(texts):
            if text is not None:
                rows.append(start + text)
                continue
            outcomes[position], row = self._with_care(annotations[position], head, canvas)
            if row is not None and self.most_rows and len(rows) == self.most_rows:
                outcomes[position] = skipped("S_CONSUMER_LIMIT", f"A picture has at most {self.most_rows} boxes here.")
            elif row is not None:
                rows.append(row)
        return self._measured(record, placement, self.encoded(placement, head, rows, outcomes))

    def _measured(self, record: Record, placement: Placement, encoded: Encoded) -> Encoded:
        """The same with what the boxes still cover, for records of the sample."""
        if placement.measured:
            canvas = Canvas(record.width, record.height, self.plan.invalid, self.plan.max_pixels)
            encoded.overlaps = box_overlaps(record.annotations, encoded.outcomes, canvas)
        return encoded

    def _with_care(self, a: Annotation, head: str, canvas: Canvas) -> tuple[Outcome, bytes | None]:
        """Outcome and row of any annotation."""
        kind = a.kind
        label = self.labels.get(a.label)  # type: ignore[arg-type]  # None is in no table
        exclude = self._excludes
        crowd = a.iscrowd and not self.takes_crowds
        if kind not in EXTENT_KINDS or crowd or label is None or (exclude and kind in REGION_KINDS):
            return self._without_row(a, exclude=exclude), None
        try:
            box, codes = canvas.box(a)
            row, grown = self.row(head, label, box, canvas, a)
        except AnnotationFault as fault:
            return failed(fault.code, fault.message, fault.json_path), None
        except AnnotationSkip as skip:
            return skipped(skip.code, skip.message), None
        return self._outcome(a, codes, grown=grown), row.encode("utf-8")

    def _outcome(self, a: Annotation, codes: tuple[str, ...], *, grown: bool) -> Outcome:
        if a.kind in _COST and not _fills_its_box(a.geometry):
            codes += _COST[a.kind]
        return outcome_in_box_table(a, (*codes, "L_BOX_GROWN") if grown else codes, self.kept_of(a))

    def kept_of(self, annotation: Annotation) -> frozenset[str]:
        """The fields of this annotation that its row tells."""
        return self.kept

    def _without_row(self, annotation: Annotation, *, exclude: bool) -> Outcome:
        kind = annotation.kind
        if kind not in EXTENT_KINDS:
            return skipped("S_POINT_UNGROUPED" if kind == "point" else "S_KIND_UNSUPPORTED")
        if exclude and kind in REGION_KINDS:
            return skipped("S_SEGMENTATION_EXCLUDED")
        if annotation.iscrowd and not self.takes_crowds:
            return skipped("S_CROWD")
        return self.class_failure(annotation)

    def ordinary(self, outcomes: Mapping[str, tuple[Outcome, Outcome]]) -> BoxTexts:
        """What makes the rows, behind their heads, of ordinary annotations; by default none is ordinary."""
        return box_texts("edges", {}, (b"",) * 5, outcomes)

    @abstractmethod
    def head(self, record: Record, placement: Placement) -> str:
        """Cells before a box that all rows of the record share."""

    @abstractmethod
    def row(self, head: str, label: str, box: Box, canvas: Canvas, annotation: Annotation) -> tuple[str, bool]:
        """One row, and whether the box was grown to the unit of the dialect.

        Raises AnnotationSkip for a box that the consumer would not take.
        """

    @abstractmethod
    def encoded(self, placement: Placement, head: str, rows: list[bytes], outcomes: list[Outcome]) -> Encoded:
        """The record's streams; without rows it is a negative."""


def _fills_its_box(geometry: object) -> bool:
    """Whether a rotated box is its own enclosing box, within EPS: then nothing is flattened."""
    if not isinstance(geometry, RotatedBox):
        return False
    corners = geometry.corners()
    x0, y0, x1, y1 = geometry.enclosing().to_xyxy()
    return all(min(x - x0, x1 - x) <= EPS for x in corners[0::2]) and all(
        min(y - y0, y1 - y) <= EPS for y in corners[1::2]
    )
