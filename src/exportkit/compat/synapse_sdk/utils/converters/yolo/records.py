"""Objects of the three tasks as YOLO numbers them, and the account of a picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from exportkit.compat.synapse_sdk.utils.converters.dm.types import AuditEntry, FailureDetail

__all__ = [
    "TASKS",
    "DetectRecord",
    "PoseRecord",
    "SegmentRecord",
    "TaskMetrics",
    "YOLOConversionResult",
    "task_lines",
]

TASKS: Final = ("detect", "segment", "pose")


@dataclass(frozen=True, slots=True)
class DetectRecord:
    """A box: its centre and its size as fractions of the picture."""

    annotation_id: str
    class_name: str
    bbox: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class SegmentRecord:
    """An outline as fractions of the picture; a mask may have several."""

    annotation_id: str
    component_index: int
    class_name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class PoseRecord:
    """A person: box, and x, y and visibility of the 17 joints; x and y are fractions of the picture."""

    annotation_id: str
    class_name: str
    bbox: tuple[float, float, float, float]
    keypoints: tuple[tuple[float, float, int], ...]


@dataclass(slots=True)
class TaskMetrics:
    """What became of the annotations of a task."""

    annotations_seen: int = 0
    annotations_written: int = 0
    annotations_lossy: int = 0
    records_written: int = 0
    skipped: int = 0
    failed: int = 0
    reason_codes: dict[str, int] = field(default_factory=dict)
    loss_reason_codes: dict[str, int] = field(default_factory=dict)

    def skip(self, reason: str) -> None:
        """Count an annotation that is left out."""
        self.skipped += 1
        _count(self.reason_codes, reason)

    def fail(self, reason: str) -> None:
        """Count an annotation that could not be converted."""
        self.failed += 1
        _count(self.reason_codes, reason)

    def write(self, records: int, losses: Iterable[str] = ()) -> None:
        """Count an annotation that became ``records`` records."""
        self.annotations_written += 1
        self.records_written += records
        reasons = sorted(set(losses))
        self.annotations_lossy += bool(reasons)
        for reason in reasons:
            _count(self.loss_reason_codes, reason)

    def as_dict(self) -> dict[str, Any]:
        return {
            "annotations_seen": self.annotations_seen,
            "annotations_written": self.annotations_written,
            "annotations_lossy": self.annotations_lossy,
            "records_written": self.records_written,
            "skipped": self.skipped,
            "failed": self.failed,
            "reason_codes": dict(sorted(self.reason_codes.items())),
            "loss_reason_codes": dict(sorted(self.loss_reason_codes.items())),
        }

    def validate(self) -> None:
        """Raise AssertionError unless every annotation ended somewhere."""
        if self.annotations_seen != self.annotations_written + self.skipped + self.failed:
            raise AssertionError("Every annotation must be written, skipped or failed.")
        if not 0 <= self.annotations_lossy <= self.annotations_written:
            raise AssertionError("Only annotations that are written can have a loss.")


@dataclass(slots=True)
class YOLOConversionResult:
    """The records of a picture by task, sorted by the ids of their annotations, and its account."""

    detect: list[DetectRecord]
    segment: list[SegmentRecord]
    pose: list[PoseRecord]
    class_names: dict[str, tuple[str, ...]]
    audit: list[AuditEntry]
    failures: list[FailureDetail]
    metrics: dict[str, TaskMetrics]

    def validate(self) -> None:
        """Raise AssertionError unless the account adds up."""
        for metrics in self.metrics.values():
            metrics.validate()


def task_lines(
    records: Sequence[DetectRecord] | Sequence[SegmentRecord] | Sequence[PoseRecord], class_map: Mapping[str, int]
) -> list[str]:
    """The lines of a label file: the number of the class, then six decimals to a fraction."""
    return [" ".join([str(class_map[record.class_name]), *_values(record)]) for record in records]


def _values(record: DetectRecord | SegmentRecord | PoseRecord) -> list[str]:
    if isinstance(record, SegmentRecord):
        if len(set(record.points)) < 3:
            raise ValueError("An outline needs at least three distinct points.")
        return [f"{value:.6f}" for point in record.points for value in point]
    box = [f"{value:.6f}" for value in record.bbox]
    if isinstance(record, DetectRecord):
        return box
    if len(record.keypoints) != 17:
        raise ValueError("A person has 17 joints.")
    return [*box, *(text for x, y, seen in record.keypoints for text in (f"{x:.6f}", f"{y:.6f}", str(seen)))]


def _count(counts: dict[str, int], reason: str) -> None:
    counts[reason] = counts.get(reason, 0) + 1
