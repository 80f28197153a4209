"""Regions of the VGG Image Annotator: which shapes stand for an annotation, and what that costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from exportkit.records import EXTENT_KINDS, REGION_KINDS, Annotation, Canvas, Mask, Number, Part, Polygon, decimal_text
from exportkit.records.seams import join_rings
from exportkit.records.simplification import simplified
from exportkit.writing.precision import Precision

__all__ = ["VIA_KINDS", "Shapes", "shapes_of"]

#: Kinds that the tool draws.
VIA_KINDS = EXTENT_KINDS | {"polyline", "point"}


class Shapes(msgspec.Struct, frozen=True):
    """The ``region_shape_attributes`` of one annotation as JSON, one for each region, and its codes."""

    texts: tuple[str, ...]
    codes: tuple[str, ...]
    #: Codes, the source, and what is drawn, where these are not quite the same.
    degraded: tuple[tuple[str, ...], Polygon | Mask, Polygon] | None = None


def shapes_of(a: Annotation, canvas: Canvas, precision: Precision, tolerance: float) -> Shapes:
    """The regions of one annotation of :data:`VIA_KINDS`: a polygon's parts are regions of their own (section 5.4).

    Outlines of masks may leave the edges of their pixels by ``tolerance`` pixels.
    Raises AnnotationFault for bad geometry, AnnotationSkip where the user wants it dropped.
    """
    kind = a.kind
    if kind == "box":
        return _rect(a, canvas, precision)
    if kind == "rotated_box":
        polygon, codes = canvas.polygon_of_rotated(a)
        return Shapes(_polygons(polygon, precision), ("N_ROTATION_AS_POLYGON", *codes))
    if kind in REGION_KINDS:
        return _region(a, canvas, precision, tolerance)
    if kind == "keypoints":
        found = _rect(a, canvas, precision) if a.region is None else _region(a, canvas, precision, tolerance)
        return msgspec.structs.replace(found, codes=("L_KEYPOINTS_DROPPED", *found.codes))
    if kind == "polyline":
        line, codes = canvas.polyline(a)
        return Shapes((_outline("polyline", line, precision),), codes)
    point, codes = canvas.point(a)
    cx, cy = precision.text(point.x), precision.text(point.y)
    return Shapes((f'{{"name":"point","cx":{cx},"cy":{cy}}}',), codes)


def _rect(a: Annotation, canvas: Canvas, precision: Precision) -> Shapes:
    box, codes = canvas.box(a)
    box, grown = precision.box(box, canvas)
    x, y, width, height = map(decimal_text, box.to_xywh())
    text = f'{{"name":"rect","x":{x},"y":{y},"width":{width},"height":{height}}}'
    return Shapes((text,), (*codes, "L_BOX_GROWN") if grown else codes)


def _region(a: Annotation, canvas: Canvas, precision: Precision, tolerance: float) -> Shapes:
    source, codes = canvas.region(a)
    polygon = source.to_polygon() if isinstance(source, Mask) else source
    simpler: tuple[str, ...] = ()
    if isinstance(source, Mask):
        codes = ("N_MASK_AS_POLYGON", *codes)
        fewer = simplified(polygon, tolerance) if tolerance else polygon
        simpler = () if fewer is polygon else ("L_SIMPLIFIED",)
        polygon = fewer
    seams: tuple[str, ...] = ()
    if polygon.has_holes:
        polygon = Polygon(tuple(Part(tuple(join_rings(part.outer, part.holes))) for part in polygon.parts))
        seams = ("L_HOLES_BRIDGED",)
    if len(polygon.parts) > 1:
        seams += ("L_PARTS_SPLIT",)
    measured = (*seams[:1], *simpler)
    drawn = _polygons(polygon, precision)
    return Shapes(drawn, (*codes, *seams, *simpler), (measured, source, polygon) if measured else None)


def _polygons(polygon: Polygon, precision: Precision) -> tuple[str, ...]:
    return tuple(_outline("polygon", part.outer, precision) for part in polygon.parts)


def _outline(name: str, line: Sequence[Number], precision: Precision) -> str:
    def listed(numbers: Iterator[str]) -> str:
        return f"[{','.join(numbers)}]"

    xs, ys = listed(map(precision.text, line[0::2])), listed(map(precision.text, line[1::2]))
    return f'{{"name":"{name}","all_points_x":{xs},"all_points_y":{ys}}}'
