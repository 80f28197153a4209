"""What a row of each task holds: from one annotation to its rows (formats, sections 5.0 and 5.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from exportkit.errors import AnnotationSkip
from exportkit.records import PERSON_17, Annotation, Canvas, Mask, Part, Polygon, Shape, Skeleton
from exportkit.records.simplification import simplified
from exportkit_yolo.box_cost import box_cost
from exportkit_yolo.options import YoloOptions
from exportkit_yolo.rectangle import limited, smallest_rectangle
from exportkit_yolo.rows import box_outline, box_row, grown_outline, outline_row, outlines

__all__ = ["DetectRows", "Drawn", "ObbRows", "PoseRows", "SegmentRows", "TaskRows"]

#: Kinds of which a rectangle stands for a region.
_REGIONS = frozenset({"polygon", "mask"})
#: Six decimals tell so many places apart.
_UNITS = 1_000_000
_SEAMS = frozenset({"L_HOLES_BRIDGED", "L_HOLES_DROPPED", "L_PARTS_JOINED", "L_PARTS_SPLIT"})


class Drawn:
    """Rows of one annotation, their codes, and for a degraded shape the source and what stands for it."""

    __slots__ = ("codes", "degraded", "rows")

    def __init__(
        self,
        rows: Sequence[bytes],
        codes: tuple[str, ...],
        degraded: tuple[tuple[str, ...], Shape, Shape] | None = None,
    ) -> None:
        self.rows = rows
        self.codes = codes
        #: Codes, the source's shape, the shape that was written; None where nothing is to be measured.
        self.degraded = degraded


class TaskRows(Protocol):
    """Makes the rows of one annotation that covers an area and is no crowd.

    ``measured`` asks for the shapes also where a rectangle stands for a region. Raises AnnotationFault or
    AnnotationSkip where the annotation has no row.
    """

    def of(self, annotation: Annotation, index: int, canvas: Canvas, *, measured: bool) -> Drawn:
        """The rows of ``annotation``, whose class has the number ``index``."""


class DetectRows:
    """``c cx cy w h``: the object's box."""

    def of(self, annotation: Annotation, index: int, canvas: Canvas, *, measured: bool) -> Drawn:
        """One row."""
        del measured
        box, codes = canvas.box(annotation)
        codes += box_cost(annotation)
        row, grown = box_row(index, box, canvas.width, canvas.height)
        if grown:
            codes += ("L_BOX_GROWN",)
        return Drawn([row], codes)


class SegmentRows:
    """``c x1 y1 … xn yn``: outlines, with holes and parts as the options say."""

    def __init__(self, options: YoloOptions) -> None:
        self._options = options

    def of(self, annotation: Annotation, index: int, canvas: Canvas, *, measured: bool) -> Drawn:
        """One row, or one for each part."""
        del measured
        polygon, codes = self._polygon(annotation, canvas)
        drawn, simpler = self._simplified(annotation, polygon)
        rings, cost = outlines(drawn, self._options)
        cost += simpler
        if len(rings) > 1 or _may_vanish(polygon, canvas):
            wider = [grown_outline(ring, canvas.width, canvas.height) for ring in rings]
            if any(wider):
                codes += ("L_BOX_GROWN",)
                rings = [wide or ring for wide, ring in zip(wider, rings, strict=True)]
        rows = [outline_row(index, ring, canvas.width, canvas.height) for ring in rings]
        degraded = None
        if cost:
            # Rows of one object cover what any of them covers, so they are one shape of several parts.
            written = Polygon(tuple(Part(tuple(ring)) for ring in rings))
            degraded = ((*[code for code in cost if code in _SEAMS][:1], *simpler), polygon, written)
        return Drawn(rows, codes + cost, degraded)

    def _simplified(self, annotation: Annotation, polygon: Polygon) -> tuple[Polygon, tuple[str, ...]]:
        """The outline of a mask with no more points than the tolerance asks for."""
        tolerance = self._options.tolerance
        if not tolerance or annotation.region is None or annotation.kind == "polygon":
            return polygon, ()
        fewer = simplified(polygon, tolerance)
        return fewer, () if fewer is polygon else ("L_SIMPLIFIED",)

    def _polygon(self, annotation: Annotation, canvas: Canvas) -> tuple[Polygon, tuple[str, ...]]:
        kind = annotation.kind
        if kind == "rotated_box":
            polygon, codes = canvas.polygon_of_rotated(annotation)
            return polygon, (*codes, "N_ROTATION_AS_POLYGON")
        if kind == "box" or (kind == "keypoints" and annotation.region is None):
            box, codes = canvas.box(annotation)
            code = "N_BOX_AS_POLYGON" if kind == "box" else "L_KEYPOINTS_DROPPED"
            return Polygon((Part(box_outline(box)),)), (*codes, code)
        region, codes = canvas.region(annotation)
        if kind != "polygon":
            codes += ("N_MASK_AS_POLYGON" if kind == "mask" else "L_KEYPOINTS_DROPPED",)
        return region.to_polygon() if isinstance(region, Mask) else region, codes


class PoseRows:
    """``c cx cy w h`` and ``x y v`` for each point of the dataset's one skeleton."""

    def __init__(self, skeleton: Skeleton | None) -> None:
        # A dataset of boxes alone still needs a shape for its rows, and Person-17 is what trainers start from.
        self.skeleton = skeleton or PERSON_17
        self._none = b" 0 0 0" * len(self.skeleton.points)

    def of(self, annotation: Annotation, index: int, canvas: Canvas, *, measured: bool) -> Drawn:
        """One row; objects without key points have all of them at ``0 0 0``."""
        if annotation.kind != "keypoints":
            drawn = DetectRows().of(annotation, index, canvas, measured=measured)
            codes = (*drawn.codes, "N_NO_KEYPOINTS") if annotation.kind == "box" else drawn.codes
            return Drawn([drawn.rows[0] + self._none], codes, drawn.degraded)
        keypoints, codes = canvas.keypoints(annotation)
        if not self.skeleton.fits(keypoints):
            raise AnnotationSkip(
                "S_SKELETON_DIFFERENT",
                f"Its points are not the {len(self.skeleton.points)} points of the dataset's skeleton.",
            )
        box, box_codes = canvas.box(annotation)
        row, grown = box_row(index, box, canvas.width, canvas.height)
        codes = (*dict.fromkeys((*codes, *box_codes)), *(("L_BOX_GROWN",) if grown else ()))
        if annotation.region is not None:
            codes += ("L_REGION_DROPPED",)
        points = [
            b" %.6f %.6f %d" % (x / canvas.width, y / canvas.height, v) if v else b" 0 0 0"
            for x, y, v in keypoints.points
        ]
        return Drawn([row + b"".join(points)], codes)


class ObbRows:
    """``c x1 y1 x2 y2 x3 y3 x4 y4``: the corners of a box, a rotated box, or the smallest rectangle of a region."""

    def of(self, annotation: Annotation, index: int, canvas: Canvas, *, measured: bool) -> Drawn:
        """One row; corners are limited to the picture."""
        kind = annotation.kind
        region: Polygon | Mask | None = None
        if kind == "rotated_box":
            polygon, codes = canvas.polygon_of_rotated(annotation)
            corners = canvas.rotated(annotation)[0].corners() if not codes else smallest_rectangle(polygon)
        elif kind in _REGIONS:
            region, codes = canvas.region(annotation)
            corners = smallest_rectangle(region.to_polygon() if isinstance(region, Mask) else region)
            codes += ("L_REGION_TO_OBB",)
        else:
            box, codes = canvas.box(annotation)
            corners = box_outline(box)
            codes += box_cost(annotation)
        ring: Sequence[float] = limited(corners, canvas.width, canvas.height)
        across, down = abs(ring[0] - ring[4]) + abs(ring[2] - ring[6]), abs(ring[1] - ring[5]) + abs(ring[3] - ring[7])
        if across * _UNITS <= 2 * canvas.width or down * _UNITS <= 2 * canvas.height:
            wider = grown_outline(ring, canvas.width, canvas.height)
            if wider is not None:
                ring, codes = wider, (*codes, "L_BOX_GROWN")
        rows = [outline_row(index, ring, canvas.width, canvas.height)]
        if region is None or not measured:
            return Drawn(rows, codes)
        return Drawn(rows, codes, (("L_REGION_TO_OBB",), region, Polygon((Part(tuple(ring)),))))


def _may_vanish(polygon: Polygon, canvas: Canvas) -> bool:
    """Whether a shape is so thin that six decimals may give both of its sides one number."""
    x0, y0, x1, y1 = polygon.bounds()
    return (x1 - x0) * _UNITS <= canvas.width or (y1 - y0) * _UNITS <= canvas.height
