"""An object's geometry as COCO has it: bbox, area and segmentation."""

from __future__ import annotations

import msgspec

from exportkit.errors import AnnotationFault
from exportkit.records import Annotation, Box, Canvas, Keypoints, Mask, Number, Part, Polygon, decimal_text
from exportkit.records.simplification import simplified
from exportkit.writing.precision import Precision
from exportkit_coco.options import CocoOptions

__all__ = ["Shapes"]

#: ``bbox``, ``area`` and ``segmentation`` as JSON, and the codes of what that took.
Shape = tuple[str, str, str, tuple[str, ...]]


class Shapes:
    """Writes geometry under the options; ``rectangle`` gives box-only objects the ring of their corners."""

    def __init__(self, options: CocoOptions, max_pixels: int, *, rectangle: bool) -> None:
        self._precision = Precision(options.precision)
        self._rounds = options.precision is not None
        self._masks_as_polygons = options.masks == "polygon"
        self._tolerance = options.tolerance
        self._lists_runs = options.rle == "uncompressed"
        self._max_pixels = max_pixels
        self._rectangle = rectangle

    def of(self, annotation: Annotation, canvas: Canvas, kind: str = "") -> Shape:
        """Write an annotation as one of its kind, or of ``kind``, which tells the parts that are read.

        Raises AnnotationFault or AnnotationSkip by the rules of the canvas.
        """
        kind = kind or annotation.kind
        if kind == "box":
            box, codes = canvas.box(annotation)
            segmentation = "[]"
            if self._rectangle and not annotation.iscrowd:
                segmentation = self._ring_of_box(box, canvas)
                codes += ("N_BOX_AS_POLYGON",)
            area, more = canvas.area(annotation, box)
            return self._shape(box, area, segmentation, codes + more, canvas)
        if kind == "rotated_box":
            return self._rotated(annotation, canvas)
        box, region, codes = canvas.box_and_region(annotation)
        area, more = canvas.area(annotation, region)
        segmentation, cost = self._segmentation(annotation, region, canvas)
        return self._shape(box, area, segmentation, codes + more + cost, canvas)

    def points(self, keypoints: Keypoints) -> str:
        """``[x1,y1,v1,…]`` in pixels; points that are not labelled are zero."""
        near = self._precision.near
        return f"[{','.join([decimal_text(near(value)) for value in keypoints.flat()])}]"

    def _rotated(self, annotation: Annotation, canvas: Canvas) -> Shape:
        """The corners as a polygon and the enclosing box, both clipped; the area is the box's own while it is whole."""
        turned, _ = canvas.rotated(annotation)
        polygon, codes = canvas.polygon_of_rotated(annotation)
        area, more = canvas.area(annotation, polygon if codes else turned)
        box, cut = canvas.box(annotation)
        codes += tuple(code for code in cut if code not in codes)
        segmentation, cost = self._segmentation(annotation, polygon, canvas)
        notice = () if annotation.iscrowd else ("N_ROTATION_AS_POLYGON",)
        return self._shape(box, area, segmentation, codes + more + notice + cost, canvas)

    def _shape(self, box: Box, area: Number, segmentation: str, codes: tuple[str, ...], canvas: Canvas) -> Shape:
        if not self._rounds:
            bbox, size = f"[{box.x},{box.y},{box.width},{box.height}]", f"{area}"
            if "e" in bbox or "e" in size:
                bbox, size = f"[{','.join(map(decimal_text, box.to_xywh()))}]", decimal_text(area)
            return bbox, size, segmentation, codes
        x, width, wider = self._precision.side(box.x, box.width, canvas.width)
        y, height, higher = self._precision.side(box.y, box.height, canvas.height)
        if wider or higher:
            codes += ("L_BOX_GROWN",)
        # An area that rounds to nothing stays as it is: evaluation divides by it.
        area = self._precision.near(area) or area
        return f"[{','.join(map(decimal_text, (x, y, width, height)))}]", decimal_text(area), segmentation, codes

    # -- segmentation ----------------------------------------------------------------------------------

    def _ring_of_box(self, box: Box, canvas: Canvas) -> str:
        if self._rounds:
            left, right, _ = self._precision.edges(box.x, box.x + box.width, canvas.width)
            top, bottom, _ = self._precision.edges(box.y, box.y + box.height, canvas.height)
        else:
            left, top, right, bottom = box.to_xyxy()
        x0, y0, x1, y1 = map(decimal_text, (left, top, right, bottom))
        return f"[[{x0},{y0},{x1},{y0},{x1},{y1},{x0},{y1}]]"

    def _segmentation(
        self, annotation: Annotation, region: Polygon | Mask, canvas: Canvas
    ) -> tuple[str, tuple[str, ...]]:
        """A list of rings has no place for holes and no crowd; then it is pixels (formats, section 5.1)."""
        crowd = annotation.iscrowd
        if isinstance(region, Mask):
            if self._masks_as_polygons and not crowd and not (outline := region.to_polygon()).has_holes:
                fewer = simplified(outline, self._tolerance) if self._tolerance else outline
                lost = () if fewer is outline else ("L_SIMPLIFIED",)
                return self._rings(fewer), ("N_MASK_AS_POLYGON", *lost)
            return self.runs(region, is_crowd=crowd), ()
        if not crowd and not region.has_holes:
            return self._rings(region), ()
        mask = Mask.from_polygon(region, canvas.width, canvas.height, self._max_pixels)
        if mask is None:
            raise AnnotationFault(
                "E_MASK_EMPTY", "The region covers no pixel's centre, so COCO has no form for it; make it larger."
            )
        return self.runs(mask, is_crowd=crowd), ("L_RASTERISED",)

    def runs(self, mask: Mask, *, is_crowd: bool) -> str:
        """Run lengths: compressed text unless a list is asked for; a list for a crowd, as COCO itself writes crowds."""
        counts = mask.to_coco_counts() if is_crowd or self._lists_runs else mask.to_coco_compressed()
        return msgspec.json.encode({"size": [mask.height, mask.width], "counts": counts}).decode("ascii")

    def _rings(self, polygon: Polygon) -> str:
        if not self._rounds:
            return polygon.rings_json().decode("ascii")
        near = self._precision.near
        rounded = Polygon(tuple([Part(tuple(map(near, part.outer))) for part in polygon.parts]))
        return rounded.rings_json().decode("ascii")
