"""The objects of one picture: their elements in its XML file, and their place in its planes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from math import floor
from typing import NamedTuple

from exportkit.errors import AnnotationFault, AnnotationSkip
from exportkit.records import EXTENT_KINDS, REGION_KINDS, Annotation, Box, Canvas, Mask, Part, Polygon, decimal_text
from exportkit.records.runs import Runs
from exportkit.writing import Outcome, Plan, failed, lossy, skipped, written
from exportkit_voc.annotation_xml import Corners, attributes_xml, object_xml, rotated_xml
from exportkit_voc.box_cost import box_cost
from exportkit_voc.options import Coordinates, VocOptions
from exportkit_voc.palette import LAST_INDEX, VOID
from exportkit_voc.planes import Planes
from exportkit_voc.xml_text import is_representable

__all__ = ["ObjectRules", "PictureObjects", "class_fault", "outcome_of", "settled"]


class ObjectRules(NamedTuple):
    """What holds for the objects of every picture."""

    options: VocOptions
    plan: Plan
    #: Class name → its index and the beginning of its objects; only of classes that XML can hold.
    heads: Mapping[str | None, tuple[int, str]]


class _Extent(NamedTuple):
    """What is written of an annotation's geometry."""

    box: Box
    codes: tuple[str, ...]
    #: What the planes show; None where that is nothing.
    region: Polygon | Mask | None = None
    #: The finished ``robndbox`` element.
    rotated: str = ""


class PictureObjects:
    """Takes annotations in source order; an object's number is its place among those that are written.

    ``planes`` is None where the picture has none.
    """

    def __init__(self, rules: ObjectRules, canvas: Canvas, planes: Planes | None) -> None:
        self._rules, self._canvas, self._planes = rules, canvas, planes
        self._excludes = rules.options.segmentation == "exclude"
        self.texts: list[bytes] = []
        #: Class index → whether one of its objects is not difficult.
        self.present: dict[int, bool] = {}
        #: Whether a polygon or a mask is among the objects of a picture with planes.
        self.segmented = False

    def take_text(self, text: bytes, index: int) -> None:
        """Add an ordinary object, not difficult, of the class with this index."""
        self.texts.append(text)
        self.present[index] = True

    def take(self, position: int, annotation: Annotation) -> Outcome:
        """Add the object of the annotation at ``position`` of its record; what became of it."""
        try:
            return self._take(position, annotation)
        except AnnotationFault as fault:
            return failed(fault.code, fault.message, fault.json_path)
        except AnnotationSkip as skip:
            return skipped(skip.code, skip.message)

    def _take(self, position: int, annotation: Annotation) -> Outcome:
        kind = annotation.kind
        if kind not in EXTENT_KINDS:
            return skipped("S_POINT_UNGROUPED" if kind == "point" else "S_KIND_UNSUPPORTED")
        if self._excludes and kind in REGION_KINDS:
            return skipped("S_SEGMENTATION_EXCLUDED")
        known = self._rules.heads.get(annotation.label)
        if known is None:
            return _class_failure(annotation.label or "")
        index, head = known
        extent = self._extent(annotation)
        runs = self._runs(annotation, index, extent.region)
        corners, grown = _corners(extent.box, self._canvas, self._rules.options.coords)
        codes = extent.codes
        if grown and not extent.rotated:
            codes += ("L_BOX_GROWN",)
        difficult = int(annotation.difficult)
        if annotation.iscrowd:
            difficult = 1
            codes += ("L_CROWD_AS_DIFFICULT",)
        attributes, dropped = attributes_xml(annotation)
        if dropped:
            codes += ("L_ATTRIBUTES_DROPPED",)
        self.texts.append(object_xml(head, annotation, difficult, corners, attributes, extent.rotated).encode())
        self.present[index] = self.present.get(index, False) or not difficult
        if self._planes is not None and extent.region is not None:
            self._planes.paint(position, len(self.texts), VOID if annotation.iscrowd else index + 1, runs)
            self.segmented = self.segmented or kind in REGION_KINDS
        return outcome_of(codes)

    def _extent(self, annotation: Annotation) -> _Extent:
        """Read what is written; raises AnnotationFault or AnnotationSkip before anything is."""
        canvas, kind = self._canvas, annotation.kind
        if self._planes is not None and kind in REGION_KINDS:
            box, region, codes = canvas.box_and_region(annotation)
            return _Extent(box, codes, region)
        box, codes = canvas.box(annotation)
        void = self._void(annotation, box) if self._planes is not None and annotation.iscrowd else None
        if kind == "rotated_box" and self._rules.options.robndbox == "yes":
            # The whole box stands beside the clipped one, so nothing is lost.
            return _Extent(box, (), void, rotated_xml(canvas.rotated(annotation)[0]))
        return _Extent(box, codes + box_cost(annotation), void)

    def _void(self, annotation: Annotation, box: Box) -> Polygon | Mask:
        """What a crowd without a polygon or mask of its own kind covers."""
        if annotation.kind == "rotated_box":
            return self._canvas.polygon_of_rotated(annotation)[0]
        if annotation.kind == "keypoints" and annotation.region is not None:
            return self._canvas.region(annotation)[0]
        x0, y0, x1, y1 = box.to_xyxy()
        return Polygon((Part((x0, y0, x1, y0, x1, y1, x0, y1)),))

    def _runs(self, annotation: Annotation, index: int, region: Polygon | Mask | None) -> Runs:
        """Row-major runs of the pixels to be painted; none where 8 bits cannot tell the object or its class."""
        number = len(self.texts) + 1
        if region is None or number > LAST_INDEX or (index >= LAST_INDEX and not annotation.iscrowd):
            return ()
        canvas = self._canvas
        if isinstance(region, Polygon):
            mask = Mask.from_polygon(region, canvas.width, canvas.height, canvas.max_pixels)
            return mask.runs if mask is not None else ()
        return region.row_runs()


def settled(
    annotations: Sequence[Annotation], outcomes: list[Outcome], planes: Planes
) -> Iterator[tuple[int, str, float]]:
    """Add to the outcomes what the planes show of each object, and measure it: position, code, IoU.

    The IoU is taken on pixels, of what can be seen against what the region covers.
    """
    for drawing in planes.drawings():
        position, annotation = drawing.position, annotations[drawing.position]
        codes: tuple[str, ...] = ()
        if not drawing.visible:
            codes = ("L_REGION_NOT_DRAWN",)
        else:
            if annotation.kind == "polygon" and not annotation.iscrowd:
                codes += ("L_RASTERISED",)
            if drawing.visible < drawing.covered:
                codes += ("L_REGION_COVERED",)
        outcomes[position] = outcome_of(outcomes[position].codes + codes)
        for code in codes:
            yield position, code, drawing.share


def class_fault(name: str) -> str | None:
    """Why a class name cannot be written, or None."""
    return None if is_representable(name) else "XML 1.0 cannot hold a control character or noncharacter in it"


@lru_cache(maxsize=1024)
def outcome_of(codes: tuple[str, ...]) -> Outcome:
    """Written, with notices at most, or lossy."""
    if not codes:
        return written()
    return lossy(*codes) if any(code.startswith("L_") for code in codes) else written(*codes)


def _class_failure(name: str) -> Outcome:
    fault = class_fault(name)
    shown = ascii(name[:120])
    if fault is not None:
        return failed("E_CLASS_UNREPRESENTABLE", f"The class {shown} cannot be written: {fault}; rename it.")
    return failed("E_CLASS_UNKNOWN", f"The class {shown} is not in the class map; add it to the list.")


def _corners(box: Box, canvas: Canvas, coords: Coordinates) -> tuple[Corners, bool]:
    """``xmin, ymin, xmax, ymax`` in this mode, and whether the box was grown to one pixel."""
    if coords == "one":
        xmin, ymin, xmax, ymax, grown = box.to_voc_inclusive(canvas.width, canvas.height)
        return (xmin, ymin, xmax, ymax), grown
    x0, y0, x1, y1 = box.to_xyxy()
    if coords == "float":
        return (decimal_text(x0), decimal_text(y0), decimal_text(x1), decimal_text(y1)), False
    xmin, xmax, wider = _half_open(x0, x1, canvas.width)
    ymin, ymax, higher = _half_open(y0, y1, canvas.height)
    return (xmin, ymin, xmax, ymax), wider or higher


def _half_open(low: float, high: float, limit: int) -> tuple[int, int, bool]:
    """Edges rounded half-up and limited to 0…``limit``; a side that vanishes becomes one pixel, inside the picture."""
    first, last = min(floor(low + 0.5), limit), min(floor(high + 0.5), limit)
    if first < last:
        return first, last, False
    first = min(floor((low + high) / 2), limit - 1)
    return first, first + 1, True
