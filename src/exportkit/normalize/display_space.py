"""Geometry drawn on a picture's stored pixels, brought into display space (formats, section 1, "EXIF policy")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from exportkit.errors import AnnotationFault
from exportkit.records import Annotation, Box, Keypoints, LazyRegion, Mask, Point, Polygon, Record, RotatedBox
from exportkit.records.turn import Turn

__all__ = ["turned"]


def turned(record: Record, orientation: int, stored_width: int, stored_height: int) -> Record:
    """``record`` with its geometry turned by the EXIF ``orientation`` (1 to 8) of its file. Pure.

    The stored size is the file's before orientation, in pixels; the record's own size is not touched. Regions stay
    unread and faults stay faults, at the same JSON paths; declared areas stand, for a turn changes none. What is
    not drawn on the picture (cuboids, ranges, texts) stays as it is. Orientation 1 changes nothing.
    """
    if orientation == 1:
        return record
    turn = Turn(orientation, stored_width, stored_height)
    return msgspec.structs.replace(
        record, annotations=tuple(_annotation(annotation, turn) for annotation in record.annotations)
    )


def _annotation(annotation: Annotation, turn: Turn) -> Annotation:
    box = annotation.box
    return msgspec.structs.replace(
        annotation,
        box=turn.box(box) if isinstance(box, Box) else box,
        region=_region(annotation.region, turn),
        geometry=_geometry(annotation, turn),
    )


def _region(region: Any, turn: Turn) -> Any:
    if isinstance(region, LazyRegion):
        return msgspec.structs.replace(region, turns=(*region.turns, turn), _judged=None)
    if isinstance(region, (Polygon, Mask)):
        try:
            return turn.region(region)
        except AnnotationFault as fault:
            return fault
    return region


def _geometry(annotation: Annotation, turn: Turn) -> Any:
    geometry = annotation.geometry
    if annotation.kind == "polyline" and isinstance(geometry, (tuple, list)):
        return turn.points(tuple(geometry))
    turners: dict[type, Callable[[Any], Any]] = {
        RotatedBox: turn.rotated_box,
        Keypoints: turn.keypoints,
        Point: turn.key_point,
    }
    turner = turners.get(type(geometry))
    return geometry if turner is None else turner(geometry)
