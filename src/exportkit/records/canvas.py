"""The picture that geometry is judged against, clipped to and measured on."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, NoReturn

import msgspec

from exportkit.errors import AnnotationFault, AnnotationSkip
from exportkit.records.annotation import Annotation
from exportkit.records.box import Box, RotatedBox
from exportkit.records.clipping import clipped_line
from exportkit.records.declared_area import area_of, is_near
from exportkit.records.keypoints import Keypoints, Point
from exportkit.records.line import line_of
from exportkit.records.mask import MAX_PIXELS, Mask
from exportkit.records.numbers import EPS, OVERSHOOT, Number, check_number
from exportkit.records.polygon import Part, Polygon
from exportkit.records.region import LazyRegion
from exportkit.records.ring import without_repeats

__all__ = ["Canvas", "Codes", "Invalid"]

#: What to do with geometry that is partly outside (formats, section 2.5): the option ``--invalid``.
Invalid = Literal["clip", "drop", "fail"]
#: ``L_`` and ``N_`` codes of one answer.
Codes = tuple[str, ...]

_NO_CODES: Codes = ()
_CLIPPED: Codes = ("L_CLIPPED",)
_MISMATCH: Codes = ("N_BOX_MISMATCH",)
_BOX = ".bbox"
#: Codes of a declared box that the derived one may replace; a bad number is never replaced.
_REPLACEABLE = frozenset({"E_BOX_SHAPE", "E_BOX_NEGATIVE", "E_BOX_ZERO_AREA", "E_OUTSIDE"})


class Canvas:
    """One picture of ``width`` × ``height`` pixels and the rule for what lies partly outside it.

    Each method answers for the parts of an annotation that it reads and for no others: a good declared box is
    returned without a look at the region beside it. Answers come with their codes. Geometry over an edge by at
    most EPS is set to the edge without a code. Raises AnnotationFault for what is wrong, and AnnotationSkip
    ``S_INVALID_DROPPED`` where ``invalid`` says so. A size of 0 is unknown: then only the left and the top edge
    bound anything.
    """

    __slots__ = ("_bottom", "_right", "height", "invalid", "max_pixels", "width")

    def __init__(self, width: int, height: int, invalid: Invalid = "clip", max_pixels: int = MAX_PIXELS) -> None:
        self.width = width
        self.height = height
        self.invalid = invalid
        self.max_pixels = max_pixels
        self._right: Number = width or math.inf
        self._bottom: Number = height or math.inf

    def box(self, annotation: Annotation) -> tuple[Box, Codes]:
        """Return the object's box (formats, section 5.0, "enc").

        The declared one if section 2.5 accepts it, else the tight box of region or key points, with
        ``N_BOX_MISMATCH`` where a broken one was declared; of a rotated box the enclosing one. Clipped.
        """
        box = annotation.box
        if type(box) is Box:
            x, y, width, height = box.x, box.y, box.width, box.height
            if (
                x >= 0
                and y >= 0
                and width >= EPS
                and height >= EPS
                and x + width <= self._right
                and y + height <= self._bottom
            ):
                return box, _NO_CODES
        if box is None:
            return self._derived_box(annotation)
        try:
            return self._declared_box(box)
        except AnnotationFault as fault:
            if fault.code not in _REPLACEABLE or annotation.kind == "box":
                raise
            try:
                derived, codes = self._derived_box(annotation)
            except AnnotationFault:
                raise fault from None
            return derived, (*_MISMATCH, *codes)

    def region(self, annotation: Annotation) -> tuple[Polygon | Mask, Codes]:
        """Return the region: a polygon clipped as in section 2.6, or a mask on exactly this picture's grid."""
        region = annotation.region
        if type(region) is LazyRegion:
            region = region.get(self.max_pixels)
        if type(region) is Polygon:
            x0, y0, x1, y1 = region.bounds()
            if x0 >= 0 and y0 >= 0 and x1 <= self._right and y1 <= self._bottom:
                return region, _NO_CODES
            return self._fitted(region, _region_path(annotation))
        if type(region) is Mask:
            self._check_grid(region, _region_path(annotation))
            return region, _NO_CODES
        if isinstance(region, AnnotationFault):
            _raise_again(region)
        raise AnnotationFault("E_ANNOTATION", "The annotation has no region; give a polygon or a mask.")

    def box_and_region(self, annotation: Annotation) -> tuple[Box, Polygon | Mask, Codes]:
        """Return both, for a writer that reads both.

        A declared box that has no area in common with its region is kept with ``N_BOX_MISMATCH`` (section 1.2).
        """
        region, region_codes = self.region(annotation)
        if annotation.box is None:
            return region.tight_box(), region, region_codes
        box, box_codes = self.box(annotation)
        if "N_BOX_MISMATCH" not in box_codes and not region.overlaps(box):
            box_codes += _MISMATCH
        codes = region_codes if not box_codes else (*dict.fromkeys((*region_codes, *box_codes)),)
        return box, region, codes

    def rotated(self, annotation: Annotation) -> tuple[RotatedBox, Codes]:
        """Return a rotated box unclipped: what a writer derives from it is clipped, not the box itself.

        Wholly outside is when its polygon is; partly outside it is subject to ``drop`` and ``fail``.
        """
        box = self._rotated_box(annotation)
        if not self._holds(box.corners()):
            self._fitted(_corner_polygon(box), _BOX)
        return box, _NO_CODES

    def polygon_of_rotated(self, annotation: Annotation) -> tuple[Polygon, Codes]:
        """Return the four corners of a rotated box as a polygon, clipped."""
        polygon = _corner_polygon(self._rotated_box(annotation))
        if self._holds(polygon.parts[0].outer):
            return polygon, _NO_CODES
        return self._fitted(polygon, _BOX)

    def keypoints(self, annotation: Annotation) -> tuple[Keypoints, Codes]:
        """Return the key points inside the picture (formats, section 2.8).

        One with v > 0 outside becomes ``0 0 0``, ``L_KEYPOINT_DROPPED``; ``E_OUTSIDE`` if none is left.
        """
        keypoints = annotation.geometry
        if isinstance(keypoints, AnnotationFault):
            _raise_again(keypoints)
        if not isinstance(keypoints, Keypoints):
            raise AnnotationFault("E_ANNOTATION", "The annotation has no key points; give x, y, v triplets.")
        if not keypoints.labelled and annotation.box is None and annotation.region is None:
            raise AnnotationFault(
                "E_KEYPOINT_NONE", "No key point is labelled and there is no box; give either.", ".keypoints"
            )
        if all(not v or (0 <= x <= self._right and 0 <= y <= self._bottom) for x, y, v in keypoints.points):
            return keypoints, _NO_CODES
        for x, y, v in keypoints.points:
            if v:
                check_number(x, ".keypoints")
                check_number(y, ".keypoints")
        return self._kept_points(keypoints)

    def point(self, annotation: Annotation) -> tuple[Point, Codes]:
        """Return a key point that belongs to no group; outside the picture it is ``E_OUTSIDE``."""
        point = annotation.geometry
        if isinstance(point, AnnotationFault):
            _raise_again(point)
        if not isinstance(point, Point):
            raise AnnotationFault("E_ANNOTATION", "The annotation has no point; give x and y.")
        check_number(point.x, ".point")
        check_number(point.y, ".point")
        kept, codes = self._kept_points(Keypoints(((point.x, point.y, point.v),)))
        return Point(*kept.points[0]), codes

    def polyline(self, annotation: Annotation) -> tuple[tuple[Number, ...], Codes]:
        """Return an open line ``(x1, y1, x2, y2, …)``, clipped as in section 2.6; one line stays one line."""
        points = annotation.geometry
        if isinstance(points, AnnotationFault):
            _raise_again(points)
        line = line_of(points)
        if line is None:
            raise AnnotationFault("E_ANNOTATION", "The annotation has no line; give at least two points.")
        if self._holds(line):
            return line, _NO_CODES
        for value in line:
            check_number(value, ".polyline")
        over = max(-min(line), max(line[0::2]) - self._right, max(line[1::2]) - self._bottom)
        clipped = clipped_line(line, self._right, self._bottom)
        if not clipped:
            raise AnnotationFault("E_OUTSIDE", f"The line lies outside {self._name()}; move or remove it.", ".polyline")
        if over <= OVERSHOOT:
            return clipped, _NO_CODES
        self._apply_rule("line", ".polyline")
        return clipped, _CLIPPED

    def area(self, annotation: Annotation, geometry: Box | RotatedBox | Polygon | Mask) -> tuple[Number, Codes]:
        """Return the area in square pixels of what is written (formats, section 1.2, "Area").

        The declared one if it is within 1 % of the exact or of the covered-pixel area, as given; else the
        computed one, with ``N_AREA_RECOMPUTED`` if another was declared.
        """
        declared = annotation.area
        if declared is None:
            return area_of(geometry), _NO_CODES
        if is_near(declared, geometry):
            return declared, _NO_CODES
        return area_of(geometry), ("N_AREA_RECOMPUTED",)

    def judge(self, annotation: Annotation) -> list[AnnotationFault]:
        """Read every part, whatever writers would read, and return what is wrong with each."""
        readers: list[Callable[[Annotation], Any]] = []
        if annotation.region is not None:
            readers.append(self.region)
        if annotation.box is not None or annotation.kind == "box":
            readers.append(self.box)
        if annotation.kind == "rotated_box":
            readers.append(self.rotated)
        elif annotation.kind == "keypoints":
            readers.append(self.keypoints)
        elif annotation.kind == "point":
            readers.append(self.point)
        elif isinstance(annotation.geometry, AnnotationFault):
            readers.append(_read_geometry)
        faults: dict[tuple[str, str], AnnotationFault] = {}
        for read in readers:
            try:
                read(annotation)
            except AnnotationFault as fault:
                faults.setdefault((fault.code, fault.json_path), fault)
            except AnnotationSkip:
                continue
        return list(faults.values())

    def _declared_box(self, box: Box | AnnotationFault) -> tuple[Box, Codes]:
        if isinstance(box, AnnotationFault):
            _raise_again(box)
        for index, value in enumerate(box.to_xywh()):
            check_number(value, f"{_BOX}[{index}]")
        _check_sides(box.width, box.height)
        x, width, cut_x = _fitted_side(box.x, box.width, self._right)
        y, height, cut_y = _fitted_side(box.y, box.height, self._bottom)
        if width < EPS or height < EPS:
            raise AnnotationFault("E_OUTSIDE", f"The box lies outside {self._name()}; move or remove it.", _BOX)
        if not (cut_x or cut_y):
            return Box(x, y, width, height), _NO_CODES
        self._apply_rule("box", _BOX)
        return Box(x, y, width, height), _CLIPPED

    def _derived_box(self, annotation: Annotation) -> tuple[Box, Codes]:
        if annotation.kind == "rotated_box":
            box, _ = self.rotated(annotation)
            return self._declared_box(box.enclosing())
        if annotation.region is not None:
            region, codes = self.region(annotation)
            return region.tight_box(), codes
        if annotation.kind == "keypoints":
            keypoints, codes = self.keypoints(annotation)
            derived = keypoints.tight_box(self._right, self._bottom)
            if derived is not None:
                return derived, codes
            raise AnnotationFault("E_KEYPOINT_NONE", "No key point is labelled, so there is no box.", ".keypoints")
        if isinstance(annotation.box, AnnotationFault):
            _raise_again(annotation.box)
        raise AnnotationFault("E_ANNOTATION", "The annotation has no box; give [x, y, width, height].")

    def _rotated_box(self, annotation: Annotation) -> RotatedBox:
        box = annotation.geometry
        if isinstance(box, AnnotationFault):
            _raise_again(box)
        if not isinstance(box, RotatedBox):
            raise AnnotationFault("E_ANNOTATION", "The annotation has no rotated box; give box and rotation.")
        for value in (box.cx, box.cy, box.width, box.height, box.theta):
            check_number(value, _BOX)
        _check_sides(box.width, box.height)
        return box

    def _holds(self, ring: tuple[Number, ...]) -> bool:
        return min(ring) >= 0 and max(ring[0::2]) <= self._right and max(ring[1::2]) <= self._bottom

    def _fitted(self, polygon: Polygon, json_path: str) -> tuple[Polygon, Codes]:
        """Cut a polygon that is not wholly inside."""
        x0, y0, x1, y1 = polygon.bounds()
        if max(-x0, -y0, x1 - self._right, y1 - self._bottom) <= OVERSHOOT:
            polygon, cut = self._snapped(polygon), False
        else:
            cut = True
        clipped = polygon.clipped(self._right, self._bottom)
        if clipped is None:
            raise AnnotationFault("E_OUTSIDE", f"The region lies outside {self._name()}; move or remove it.", json_path)
        if not cut:
            return clipped, _NO_CODES
        self._apply_rule("region", json_path)
        return clipped, _CLIPPED

    def _snapped(self, polygon: Polygon) -> Polygon:
        limits = (self._right, self._bottom)

        def snap(ring: tuple[Number, ...]) -> tuple[Number, ...]:
            return without_repeats([min(max(value, 0), limits[index % 2]) for index, value in enumerate(ring)])

        return Polygon(tuple(Part(snap(part.outer), tuple(map(snap, part.holes))) for part in polygon.parts))

    def _kept_points(self, keypoints: Keypoints) -> tuple[Keypoints, Codes]:
        points: list[tuple[Number, Number, int]] = []
        dropped = False
        for x, y, v in keypoints.points:
            if v and max(-x, -y, x - self._right, y - self._bottom) > OVERSHOOT:
                points.append((0, 0, 0))
                dropped = True
            elif v:
                points.append((min(max(x, 0), self._right), min(max(y, 0), self._bottom), v))
            else:
                points.append((0, 0, 0))
        kept = msgspec.structs.replace(keypoints, points=tuple(points))
        if not dropped:
            return kept, _NO_CODES
        if not kept.labelled:
            raise AnnotationFault("E_OUTSIDE", f"Every key point lies outside {self._name()}.", ".keypoints")
        self._apply_rule("key point", ".keypoints")
        return kept, ("L_KEYPOINT_DROPPED",)

    def _check_grid(self, mask: Mask, json_path: str) -> None:
        if self.width and (mask.width, mask.height) != (self.width, self.height):
            raise AnnotationFault(
                "E_MASK_SIZE",
                f"The mask's grid is {mask.width} × {mask.height}, the picture {self.width} × {self.height} pixels; "
                "draw the mask on the picture's grid.",
                json_path,
            )
        if mask.width * mask.height > self.max_pixels:
            raise AnnotationFault("E_MASK_SIZE", f"The mask's grid is over {self.max_pixels} pixels.", json_path)

    def _apply_rule(self, what: str, json_path: str) -> None:
        message = f"The {what} lies partly outside {self._name()}"
        if self.invalid == "drop":
            raise AnnotationSkip("S_INVALID_DROPPED", f"{message} and was dropped as --invalid drop asks.")
        if self.invalid == "fail":
            raise AnnotationFault("E_OUT_OF_BOUNDS", f"{message}; move it, or choose --invalid clip.", json_path)

    def _name(self) -> str:
        return f"the {self.width} × {self.height} picture" if self.width else "the picture"


def _fitted_side(start: Number, extent: Number, limit: Number) -> tuple[Number, Number, bool]:
    """Cut one side to 0…limit: start, extent, and whether more than float noise was cut off."""
    end = start + extent
    if start >= 0 and end <= limit:
        return start, extent, False
    cut = Box.from_edges(max(start, 0), 0, min(end, limit), 0)
    return max(start, 0), cut.width, max(-start, end - limit) > OVERSHOOT


def _check_sides(width: Number, height: Number) -> None:
    if width < 0 or height < 0:
        raise AnnotationFault("E_BOX_NEGATIVE", "The box has a negative side; give x, y of its top-left corner.", _BOX)
    if width < EPS or height < EPS:
        raise AnnotationFault("E_BOX_ZERO_AREA", f"The box is {width} × {height}; remove or redraw it.", _BOX)


def _corner_polygon(box: RotatedBox) -> Polygon:
    return Polygon((Part(box.corners()),))


def _region_path(annotation: Annotation) -> str:
    region = annotation.region
    return region.json_path if isinstance(region, LazyRegion) else ".segmentation"


def _read_geometry(annotation: Annotation) -> None:
    if isinstance(annotation.geometry, AnnotationFault):
        _raise_again(annotation.geometry)


def _raise_again(fault: AnnotationFault) -> NoReturn:
    """Raise a stored fault as a new one, so that no traceback piles up on the stored one."""
    raise AnnotationFault(fault.code, fault.message, fault.json_path)
