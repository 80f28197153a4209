"""How much of a degraded shape is still covered: measured by writers, summed by the core."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zlib import crc32

import msgspec

from exportkit.errors import AnnotationFault, AnnotationSkip
from exportkit.native import core
from exportkit.records import EPS, Annotation, Box, Canvas, Mask, Number, Polygon, RotatedBox, Shape, iou
from exportkit.writing.outcome import Outcome

__all__ = ["OverlapSum", "Worst", "box_overlaps", "is_sampled", "overlap_of", "sampled"]

#: One record in so many is measured where a box stands for a region.
SAMPLE = 16
#: IoU is summed in whole millionths, so that sums do not depend on the order of shards.
UNIT = 1_000_000
_LISTED = 5
#: What it costs a kind to be written as a box.
_COSTS = {"polygon": "L_REGION_DROPPED", "mask": "L_REGION_DROPPED", "rotated_box": "L_ROTATION_FLATTENED"}


class Worst(msgspec.Struct, frozen=True, order=True):
    """One of the objects that lost most; ``iou`` in 0…1."""

    iou: float
    #: Record id as text, then as given: the text orders ids of both types.
    order: str
    record: int | str
    annotation: int | str


class OverlapSum(msgspec.Struct):
    """IoU of what was written against the source, over the objects with one code that were measured."""

    count: int = 0
    #: Sum and least in millionths.
    total: int = 0
    least: int = UNIT
    #: The lowest few, in ascending order.
    worst: list[Worst] = []

    def take(self, value: float, record: int | str, annotation: int | str) -> None:
        """Add one object."""
        units = round(value * UNIT)
        self.count += 1
        self.total += units
        self.least = min(self.least, units)
        if len(self.worst) < _LISTED or units / UNIT <= self.worst[-1].iou:
            self._keep([Worst(units / UNIT, _order(record), record, annotation)])

    def add(self, other: OverlapSum) -> None:
        """Add the objects of another sum."""
        self.count += other.count
        self.total += other.total
        self.least = min(self.least, other.least)
        self._keep(other.worst)

    def _keep(self, found: Sequence[Worst]) -> None:
        self.worst = sorted([*self.worst, *found], key=lambda w: (w.iou, w.order, str(w.annotation)))[:_LISTED]

    def plain(self) -> dict[str, object]:
        """Count, mean, least and the worst examples, as plain data."""
        return {
            "count": self.count,
            "mean": round(self.total / self.count / UNIT, 6) if self.count else None,
            "min": self.least / UNIT,
            "worst": [{"record": w.record, "annotation": w.annotation, "iou": w.iou} for w in self.worst],
        }


def _order(record: int | str) -> str:
    return f"0{record:+021d}" if isinstance(record, int) else f"1{record}"


def is_sampled(item_id: int | str) -> bool:
    """Whether a record belongs to the fixed sample: every sixteenth by a hash of its id."""
    return crc32(str(item_id).encode("utf-8", "replace")) % SAMPLE == 0


def sampled(item_ids: list[int | str]) -> list[bool]:
    """Whether each of these records belongs to the sample."""
    return core.sampled(item_ids, SAMPLE) if core is not None else [*map(is_sampled, item_ids)]


def overlap_of(source: Polygon | Mask | RotatedBox, made: Shape, area: Number | None = None) -> float:
    """IoU of a shape and what is written for it, in 0…1; ``area`` is that of the source, if it is known.

    Where a box holds the whole shape, the areas alone tell; otherwise both shapes are compared by their pixels.
    """
    if isinstance(made, Box) and made.width and made.height:
        x0, y0, x1, y1 = source.bounds() if isinstance(source, Polygon) else _bounds(source)
        left, top, right, bottom = made.x - EPS, made.y - EPS, made.x + made.width + EPS, made.y + made.height + EPS
        if left <= x0 and top <= y0 and x1 <= right and y1 <= bottom:
            if area is None:
                area = source.pixel_count() if isinstance(source, Mask) else source.area()
            return min(float(area / (made.width * made.height)), 1.0)
    return iou(source, made)


def _bounds(shape: Mask | RotatedBox) -> tuple[float, float, float, float]:
    box = shape.tight_box() if isinstance(shape, Mask) else shape.enclosing()
    return box.x, box.y, box.x + box.width, box.y + box.height


def box_overlaps(
    annotations: Iterable[Annotation], outcomes: Sequence[Outcome], canvas: Canvas
) -> list[tuple[int, str, float]]:
    """For each object whose box stands for a region or a rotated box: position, code, IoU.

    A shape that cannot be read is not measured: a writer of boxes does not answer for it.
    """
    found = []
    for position, annotation in enumerate(annotations):
        code = _COSTS.get(annotation.kind)
        if code is None or code not in outcomes[position].codes:
            continue
        try:
            source = canvas.rotated(annotation)[0] if code == "L_ROTATION_FLATTENED" else canvas.region(annotation)[0]
            # A declared area that is right spares the search for crossings of the outline with itself.
            area, _ = canvas.area(annotation, source)
            found.append((position, code, overlap_of(source, canvas.box(annotation)[0], area)))
        except (AnnotationFault, AnnotationSkip):
            continue
    return found
