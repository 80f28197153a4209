"""One kind of shape in place of another, as the user asks."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from exportkit.errors import AnnotationFault
from exportkit.records import Annotation, Box, LazyRegion, Mask, Part, Polygon, Record, RotatedBox

__all__ = ["ToBoxes", "ToPolygons", "to_boxes", "to_polygons"]


class ToBoxes(msgspec.Struct, frozen=True):
    """Makes boxes of polygons, masks and rotated boxes: the declared box, else the tight one.

    What cannot be read stays as it is, so that its writer says what is wrong.
    """

    name: ClassVar[str] = "to_boxes"

    def __call__(self, record: Record) -> Record:
        return _with(record, tuple(map(_as_box, record.annotations)))

    def plain(self) -> Any:
        """The value in a recipe."""
        return True


class ToPolygons(msgspec.Struct, frozen=True):
    """Makes polygons of boxes and rotated boxes (their corners) and of masks (along the edges of their pixels)."""

    name: ClassVar[str] = "to_polygons"

    def __call__(self, record: Record) -> Record:
        return _with(record, tuple(map(_as_polygon, record.annotations)))

    def plain(self) -> Any:
        """The value in a recipe."""
        return True


def to_boxes() -> ToBoxes:
    """Make boxes of regions and rotated boxes."""
    return ToBoxes()


def to_polygons() -> ToPolygons:
    """Make polygons of boxes, rotated boxes and masks."""
    return ToPolygons()


def _as_box(annotation: Annotation) -> Annotation:
    if annotation.kind == "rotated_box":
        if not isinstance(annotation.geometry, RotatedBox):
            return annotation
        box = annotation.geometry.enclosing()
    elif annotation.kind in {"polygon", "mask"}:
        if isinstance(annotation.box, Box):
            box = annotation.box
        else:
            region = _region(annotation)
            if region is None:
                return annotation
            box = region.tight_box()
    else:
        return annotation
    return msgspec.structs.replace(annotation, kind="box", box=box, region=None, geometry=None, area=None)


def _as_polygon(annotation: Annotation) -> Annotation:
    kind = annotation.kind
    if kind == "rotated_box" and isinstance(annotation.geometry, RotatedBox):
        polygon = Polygon((Part(annotation.geometry.corners()),))
    elif kind == "box" and isinstance(annotation.box, Box) and annotation.box.width > 0 and annotation.box.height > 0:
        x0, y0, x1, y1 = annotation.box.to_xyxy()
        polygon = Polygon((Part((x0, y0, x1, y0, x1, y1, x0, y1)),))
    elif kind == "mask" and isinstance(region := _region(annotation), Mask):
        polygon = region.to_polygon()
    else:
        return annotation
    return msgspec.structs.replace(annotation, kind="polygon", region=polygon, geometry=None)


def _region(annotation: Annotation) -> Polygon | Mask | None:
    region = annotation.region
    try:
        found = region.get() if isinstance(region, LazyRegion) else region
    except AnnotationFault:
        return None
    return found if isinstance(found, (Polygon, Mask)) else None


def _with(record: Record, annotations: tuple[Annotation, ...]) -> Record:
    return msgspec.structs.replace(record, annotations=annotations)
