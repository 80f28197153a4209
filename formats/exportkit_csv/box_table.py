"""Dialects that hold one class and one box a row."""

from __future__ import annotations

from abc import abstractmethod

from exportkit.errors import AnnotationFault, AnnotationSkip
from exportkit.records import EPS, EXTENT_KINDS, REGION_KINDS, Annotation, Box, Canvas, Record, RotatedBox
from exportkit.writing import Encoded, Outcome, Placement, failed, skipped
from exportkit_csv.outcomes import has_flags, outcome_in_box_table, outcome_of
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
    """Rows of boxes. Crowds are left out, since these dialects have no word for "ignore"."""

    def encode(self, record: Record, placement: Placement) -> Encoded:
        if record.medium != "image":
            return Encoded([skipped("S_MEDIA_UNSUPPORTED")] * len(record.annotations))
        canvas = Canvas(record.width, record.height, self.plan.invalid, self.plan.max_pixels)
        head = self.head(record, placement)
        rows: list[str] = []
        outcomes: list[Outcome] = []
        labels, row_of, box_of = self.labels, self.row, canvas.box
        exclude = self.options.segmentation == "exclude"
        for a in record.annotations:
            kind = a.kind
            label = labels.get(a.label)  # type: ignore[arg-type]  # None is in no table
            if kind not in EXTENT_KINDS or a.iscrowd or label is None or (exclude and kind in REGION_KINDS):
                outcomes.append(self._without_row(a, exclude=exclude))
                continue
            try:
                box, codes = box_of(a)
            except AnnotationFault as fault:
                outcomes.append(failed(fault.code, fault.message, fault.json_path))
                continue
            except AnnotationSkip as skip:
                outcomes.append(skipped(skip.code, skip.message))
                continue
            row, grown = row_of(head, label, box, canvas)
            rows.append(row)
            attributes = a.attributes
            if codes or grown or kind == "rotated_box" or has_flags(a):
                outcomes.append(_outcome(a, codes, grown=grown))
            elif not attributes:
                outcomes.append(_PLAIN[kind])
            elif type(attributes) is dict:
                outcomes.append(_WITH_ATTRIBUTES[kind])
            else:
                outcomes.append(_outcome(a, codes, grown=grown))
        return self.encoded(placement, head, rows, outcomes)

    def _without_row(self, annotation: Annotation, *, exclude: bool) -> Outcome:
        kind = annotation.kind
        if kind not in EXTENT_KINDS:
            return skipped("S_POINT_UNGROUPED" if kind == "point" else "S_KIND_UNSUPPORTED")
        if exclude and kind in REGION_KINDS:
            return skipped("S_SEGMENTATION_EXCLUDED")
        if annotation.iscrowd:
            return skipped("S_CROWD")
        return self.class_failure(annotation)

    @abstractmethod
    def head(self, record: Record, placement: Placement) -> str:
        """Cells before a box that all rows of the record share."""

    @abstractmethod
    def row(self, head: str, label: str, box: Box, canvas: Canvas) -> tuple[str, bool]:
        """One row, and whether the box was grown to the unit of the dialect."""

    @abstractmethod
    def encoded(self, placement: Placement, head: str, rows: list[str], outcomes: list[Outcome]) -> Encoded:
        """The record's streams; without rows it is a negative."""


def _outcome(a: Annotation, codes: tuple[str, ...], *, grown: bool) -> Outcome:
    if a.kind in _COST and not _fills_its_box(a.geometry):
        codes += _COST[a.kind]
    return outcome_in_box_table(a, (*codes, "L_BOX_GROWN") if grown else codes)


def _fills_its_box(geometry: object) -> bool:
    """Whether a rotated box is its own enclosing box, within EPS: then nothing is flattened."""
    if not isinstance(geometry, RotatedBox):
        return False
    corners = geometry.corners()
    x0, y0, x1, y1 = geometry.enclosing().to_xyxy()
    return all(min(x - x0, x1 - x) <= EPS for x in corners[0::2]) and all(
        min(y - y0, y1 - y) <= EPS for y in corners[1::2]
    )
