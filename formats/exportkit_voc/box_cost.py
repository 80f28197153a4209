"""What it costs to write a box in place of another kind (formats, section 5.0)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from exportkit.errors import AnnotationFault, AnnotationSkip
from exportkit.records import EPS, Annotation, Canvas, RotatedBox, iou
from exportkit.writing import Outcome

__all__ = ["box_cost", "box_cost_of", "measured_boxes"]

_COST: Mapping[str, tuple[str, ...]] = {
    "box": (),
    "polygon": ("L_REGION_DROPPED",),
    "mask": ("L_REGION_DROPPED",),
    "keypoints": ("L_KEYPOINTS_DROPPED",),
}
_MEASURED = frozenset({"L_REGION_DROPPED", "L_ROTATION_FLATTENED"})


def box_cost(annotation: Annotation) -> tuple[str, ...]:
    """Codes of an annotation that covers an area and is written as its box."""
    cost = _COST.get(annotation.kind)
    if cost is not None:
        return cost
    box = annotation.geometry
    return ("L_ROTATION_FLATTENED",) if isinstance(box, RotatedBox) and _differs(box) else ()


def box_cost_of(kind: str) -> tuple[str, ...]:
    """The codes of a kind whose cost does not depend on its geometry."""
    return _COST[kind]


def measured_boxes(
    annotations: Sequence[Annotation], outcomes: Sequence[Outcome], canvas: Canvas
) -> Iterator[tuple[int, str, float]]:
    """Position, code and intersection over union of each box that stands for another shape.

    A shape that cannot be read has no measure: a writer of boxes does not answer for it.
    """
    for position, (annotation, outcome) in enumerate(zip(annotations, outcomes, strict=True)):
        for code in _MEASURED.intersection(outcome.codes):
            read = canvas.rotated if code == "L_ROTATION_FLATTENED" else canvas.region
            try:
                yield position, code, iou(read(annotation)[0], canvas.box(annotation)[0])
            except (AnnotationFault, AnnotationSkip):
                continue


def _differs(box: RotatedBox) -> bool:
    """Whether a corner is more than EPS away from every corner of the enclosing box."""
    corners, enclosing = box.corners(), box.enclosing()
    x0, y0, x1, y1 = enclosing.to_xyxy()
    return any(min(abs(x - x0), abs(x - x1)) > EPS for x in corners[::2]) or any(
        min(abs(y - y0), abs(y - y1)) > EPS for y in corners[1::2]
    )
