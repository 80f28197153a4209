"""The annotations of one picture, converted one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from exportkit.compat.synapse_sdk.utils.converters.dm.tools.segmentation import MaskEncodingError
from exportkit.compat.synapse_sdk.utils.converters.dm.types import (
    AuditEntry,
    AuditOutcome,
    FailureDetail,
    normalize_export_identifier,
)
from exportkit.compat.synapse_sdk.utils.converters.geometry import (
    by_id,
    finite_numbers,
    has_rotation,
    mask_of,
    points_of,
)
from exportkit.compat.synapse_sdk.utils.converters.yolo.records import (
    TASKS,
    DetectRecord,
    PoseRecord,
    SegmentRecord,
    TaskMetrics,
    YOLOConversionResult,
)
from exportkit.records import PERSON_17, Box

__all__ = ["Picture"]

Fractions = tuple[float, float, float, float]

_TOOLS = {"bounding_box", "polygon", "segmentation", "keypoint"}


class Picture:
    """Collects the records and the account of a picture of ``width`` × ``height`` pixels."""

    def __init__(self, item_id: str, width: int, height: int, segmentation_mode: str) -> None:
        if any(type(side) is not int or side <= 0 for side in (width, height)):
            raise ValueError("The width and the height of a picture must be positive integers.")
        self._item_id = item_id
        self._width = width
        self._height = height
        self._mode = segmentation_mode
        self._audits: list[AuditEntry] = []
        self._failures: list[FailureDetail] = []
        self._metrics = {task: TaskMetrics() for task in TASKS}
        self._detect: list[DetectRecord] = []
        self._segment: list[SegmentRecord] = []
        self._pose: list[PoseRecord] = []

    def convert(self, annotations: Mapping[str, Any]) -> YOLOConversionResult:
        """Convert everything. What cannot be written is audited or fails by itself."""
        for annotation in by_id(annotations.get("bounding_box", ())):
            self._box(annotation)
        for annotation in by_id(annotations.get("polygon", ())):
            self._outline(annotation)
        for annotation in by_id(annotations.get("segmentation", ())):
            self._mask(annotation)
        self._groups(by_id(annotations.get("keypoint", ())))
        for tool in sorted(set(annotations) - _TOOLS):
            if isinstance(annotations[tool], Sequence) and not isinstance(annotations[tool], (str, bytes)):
                for annotation in by_id(annotations[tool]):
                    self._audit(annotation, tool, "skipped", "UNSUPPORTED_ANNOTATION_TYPE")
        self._segment.sort(key=lambda record: (record.annotation_id, record.component_index, record.points))
        records: list[tuple[str, Sequence[DetectRecord | SegmentRecord | PoseRecord]]] = [
            ("detect", self._detect),
            ("segment", self._segment),
            ("pose", self._pose),
        ]
        names = {task: tuple(sorted({record.class_name for record in found})) for task, found in records}
        result = YOLOConversionResult(
            self._detect, self._segment, self._pose, names, self._audits, self._failures, self._metrics
        )
        result.validate()
        return result

    def _box(self, annotation: Mapping[str, Any]) -> None:
        metrics = self._seen("detect")
        try:
            record = DetectRecord(_id_of(annotation), _class_of(annotation), self._fractions(annotation.get("data")))
        except ValueError as error:
            self._fail(metrics, annotation, "INVALID_GEOMETRY", error)
            return
        self._detect.append(record)
        lost = ["ROTATION_DROPPED"] if has_rotation(annotation) else []
        metrics.write(1, lost)
        for reason in lost:
            self._audit(annotation, "bounding_box", "lossy", reason)

    def _outline(self, annotation: Mapping[str, Any]) -> None:
        metrics = self._seen("segment")
        try:
            points = points_of(annotation.get("data"), "A polygon")
            if not all(self._is_inside(x, y) for x, y in points):
                raise ValueError("A polygon must lie inside its picture.")
            fractions = tuple((x / self._width, y / self._height) for x, y in points)
            if len(set(fractions)) < 3:
                raise ValueError("A polygon needs at least three distinct points.")
            record = SegmentRecord(_id_of(annotation), 0, _class_of(annotation), fractions)
        except ValueError as error:
            self._fail(metrics, annotation, "INVALID_GEOMETRY", error)
            return
        self._segment.append(record)
        metrics.write(1)

    def _mask(self, annotation: Mapping[str, Any]) -> None:
        metrics = self._seen("segment")
        if self._mode != "instance":
            excluded = self._mode == "exclude"
            reason = "SEGMENTATION_EXCLUDED" if excluded else "SEMANTIC_SEGMENTATION_UNSUPPORTED"
            self._skip(metrics, annotation, "segmentation", reason)
            return
        try:
            name = _class_of(annotation)
            mask = mask_of(annotation, self._width, self._height)
        except MaskEncodingError as error:
            self._fail(metrics, annotation, "INVALID_MASK_ENCODING", error)
            return
        except ValueError as error:
            self._fail(metrics, annotation, "INVALID_GEOMETRY", error)
            return
        if mask is None:
            self._skip(metrics, annotation, "segmentation", "MASK_CONTOUR_UNREPRESENTABLE")
            return
        # Along the edges of the pixels: the outline keeps the area, and a line one pixel wide has one.
        outlines = mask.to_polygon()
        for place, part in enumerate(outlines.parts):
            corners = zip(part.outer[0::2], part.outer[1::2], strict=True)
            points = tuple((x / self._width, y / self._height) for x, y in corners)
            self._segment.append(SegmentRecord(_id_of(annotation), place, name, points))
        lost = ["MASK_HOLE_DROPPED"] if outlines.has_holes else []
        metrics.write(len(outlines.parts), lost)
        for reason in lost:
            self._audit(annotation, "segmentation", "lossy", reason)

    def _groups(self, annotations: Sequence[Mapping[str, Any]]) -> None:
        groups: dict[str, list[Mapping[str, Any]]] = {}
        for annotation in annotations:
            group_id = annotation.get("group_id")
            if isinstance(group_id, str) and group_id:
                groups.setdefault(group_id, []).append(annotation)
            else:
                self._skip(self._seen("pose"), annotation, "keypoint", "KEYPOINT_GROUP_INVALID")
        for group_id in sorted(groups):
            metrics = self._seen("pose")
            try:
                joints = self._joints(groups[group_id])
                record = PoseRecord(group_id, PERSON_17.name, self._pose_box(groups[group_id], joints), joints)
            except ValueError:
                self._skip(metrics, {"id": group_id}, "keypoint_group", "KEYPOINT_PROFILE_UNSUPPORTED")
                continue
            self._pose.append(record)
            metrics.write(1)

    def _joints(self, group: Sequence[Mapping[str, Any]]) -> tuple[tuple[float, float, int], ...]:
        """All joints in their order; those that are missing or not labelled are zeros."""
        found: dict[str, tuple[float, float, int]] = {}
        for annotation in group:
            name = _class_of(annotation)
            if name in found or name not in PERSON_17.points:
                raise ValueError(f"{name!r} is no joint of a person, or there twice.")
            x, y = finite_numbers(annotation.get("data"), 2, "A joint")
            visibility = annotation.get("visibility")
            if type(visibility) is not int or not 0 <= visibility <= 2:
                raise ValueError("A joint needs a visibility of 0, 1 or 2.")
            if not self._is_inside(x, y):
                raise ValueError("A joint must lie inside its picture.")
            found[name] = (x / self._width, y / self._height, visibility) if visibility else (0.0, 0.0, 0)
        return tuple(found.get(name, (0.0, 0.0, 0)) for name in PERSON_17.points)

    def _pose_box(self, group: Sequence[Mapping[str, Any]], joints: Sequence[tuple[float, float, int]]) -> Fractions:
        """The box that a group brings, else the one around its labelled joints."""
        given = (annotation.get("group_bbox", annotation.get("bounding_box")) for annotation in group)
        if (explicit := next((box for box in given if box is not None), None)) is not None:
            return self._fractions(explicit)
        labelled = [(x, y) for x, y, visibility in joints if visibility > 0]
        if not labelled:
            raise ValueError("A person needs a labelled joint, or a box.")
        xs, ys = zip(*labelled, strict=True)
        left, top, right, bottom = min(xs), min(ys), max(xs), max(ys)
        if right <= left or bottom <= top:
            raise ValueError("The joints of a person must span an area.")
        return (left + right) / 2, (top + bottom) / 2, right - left, bottom - top

    def _fractions(self, data: object) -> Fractions:
        box = Box(*finite_numbers(data, 4, "A box"))
        if box.width <= 0 or box.height <= 0 or not (self._is_inside(box.x, box.y) and self._is_inside(box.x1, box.y1)):
            raise ValueError("A box must have an area, and lie inside its picture.")
        return box.to_cxcywh_normalized(self._width, self._height)

    def _is_inside(self, x: float, y: float) -> bool:
        return 0 <= x <= self._width and 0 <= y <= self._height

    def _seen(self, task: str) -> TaskMetrics:
        self._metrics[task].annotations_seen += 1
        return self._metrics[task]

    def _skip(self, metrics: TaskMetrics, annotation: Mapping[str, Any], tool: str, reason: str) -> None:
        metrics.skip(reason)
        self._audit(annotation, tool, "skipped", reason)

    def _fail(self, metrics: TaskMetrics, annotation: Mapping[str, Any], reason: str, error: ValueError) -> None:
        metrics.fail(reason)
        self._failures.append(
            {
                "item_id": self._item_id,
                "annotation_id": _id_of(annotation),
                "reason_code": reason,
                "message": str(error),
            }
        )

    def _audit(self, annotation: Mapping[str, Any], tool: str, outcome: AuditOutcome, reason: str) -> None:
        self._audits.append(
            {
                "item_id": self._item_id,
                "annotation_id": _id_of(annotation),
                "source_type": tool,
                "outcome": outcome,
                "reason_code": reason,
            }
        )


def _id_of(annotation: Mapping[str, Any]) -> str:
    return str(annotation.get("id", ""))


def _class_of(annotation: Mapping[str, Any]) -> str:
    return normalize_export_identifier(annotation.get("classification"))
