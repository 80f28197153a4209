"""Regions of one picture as pixels, and what sharing a grid with others costs them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from exportkit.errors import AnnotationFault
from exportkit.records import Annotation, Canvas, Mask, iou
from exportkit.records.runs import Runs
from exportkit.records.simplification import simplified
from exportkit.writing import Outcome
from exportkit_coco.entry import outcome_of

__all__ = ["MEASURED", "Cost", "Region", "drawn", "ensure_pixels", "settle", "shape_cost"]


class Region(NamedTuple):
    """The pixels of one annotation."""

    #: Position among the record's annotations.
    position: int
    #: Number of its category.
    category: int
    is_crowd: bool
    #: Row-major; none where it covers no pixel's centre.
    runs: Runs
    #: Whether it was a polygon.
    is_rasterised: bool


#: Codes of shapes that are measured against their source.
MEASURED = frozenset({"L_RASTERISED", "L_SIMPLIFIED"})


class Cost(NamedTuple):
    """A code that an annotation gets, and the IoU on pixels of what is written for it and its region, if that is
    measured.
    """

    position: int
    code: str
    share: float | None = None


def drawn(position: int, annotation: Annotation, category: int, canvas: Canvas) -> Region:
    """Draw the region of an annotation; raises AnnotationFault or AnnotationSkip by the rules of the canvas."""
    region, _ = canvas.region(annotation)
    if isinstance(region, Mask):
        return Region(position, category, annotation.iscrowd, region.row_runs(), False)
    mask = Mask.from_polygon(region, canvas.width, canvas.height, canvas.max_pixels)
    return Region(position, category, annotation.iscrowd, mask.runs if mask is not None else (), True)


def ensure_pixels(region: Region) -> None:
    """Raise AnnotationFault for a region between the centres of pixels."""
    if not region.runs:
        raise AnnotationFault(
            "E_MASK_EMPTY", "The region covers no pixel's centre, so COCO has no form for it; make it larger."
        )


def shape_cost(position: int, annotation: Annotation, canvas: Canvas, tolerance: float) -> Cost:
    """What it costs a polygon, or a rotated box, to be written as pixels, or a mask as a simpler outline."""
    is_turned = annotation.kind == "rotated_box"
    source = (canvas.polygon_of_rotated if is_turned else canvas.region)(annotation)[0]
    if isinstance(source, Mask):
        return Cost(position, "L_SIMPLIFIED", iou(source, simplified(source.to_polygon(), tolerance)))
    mask = Mask.from_polygon(source, canvas.width, canvas.height, canvas.max_pixels)
    return Cost(position, "L_RASTERISED", iou(source, mask) if mask is not None else 0.0)


def settle(outcomes: list[Outcome], costs: Iterable[Cost]) -> Sequence[tuple[int, str, float]]:
    """Add codes to the outcomes, and give the measures as the core sums them: the least of each code."""
    overlaps: dict[tuple[int, str], float] = {}
    for position, code, share in costs:
        outcome = outcomes[position]
        if code not in outcome.codes:
            settled = outcome_of((*outcome.codes, code))
            # Outcomes without a message are shared; one with a message is the annotation's own.
            told = Outcome(settled.status, settled.codes, outcome.message, outcome.json_path)
            outcomes[position] = told if outcome.message else settled
        if share is not None:
            overlaps[position, code] = min(share, overlaps.get((position, code), 1.0))
    return [(position, code, share) for (position, code), share in overlaps.items()]
