"""The geometry of a seed annotation, key by key (formats, section 1.3); nothing of it is judged for bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from exportkit.errors import AnnotationFault
from exportkit.normalize.options import InputOptions
from exportkit.records.box import Box, RotatedBox, parse_box, parse_rotated_box
from exportkit.records.keypoints import Keypoints, Point, parse_keypoints, parse_point
from exportkit.records.numbers import check_number, quoted, rounded
from exportkit.records.region import LazyRegion
from exportkit.records.skeleton import PERSON_17, Skeleton

__all__ = [
    "GEOMETRY_KEYS",
    "polyline",
    "read_box",
    "read_keypoints",
    "read_point",
    "read_polyline",
    "read_region",
    "read_rotated_box",
    "turned",
]

_BOX_KEYS = ("bbox", "box")
_RING_KEYS = ("polygon", "polygons", "points")
_RLE_KEYS = ("rle", "mask")
#: Keys whose presence says that an annotation is meant to have a geometry.
GEOMETRY_KEYS = (*_BOX_KEYS, "obb", "rotation", "segmentation", *_RING_KEYS, *_RLE_KEYS, "keypoints", "polyline")

Source = Mapping[str, Any]


def read_box(source: Source) -> Box | AnnotationFault | None:
    """The declared box; a fault in place of one whose shape or numbers are wrong."""
    key = next((key for key in _BOX_KEYS if source.get(key) is not None), None)
    if key is None:
        return None
    try:
        return parse_box(source[key], f".{key}")
    except AnnotationFault as fault:
        return fault


def read_region(source: Source) -> tuple[str, LazyRegion] | None:
    """Kind (``polygon`` or ``mask``) and region by the first region key that is there; an empty list is none."""
    value = source.get("segmentation")
    if value is not None:
        if isinstance(value, list):
            return ("polygon", LazyRegion(value, "coco_rings", ".segmentation")) if value else None
        return "mask", LazyRegion(value, "rle", ".segmentation")
    for key in _RING_KEYS:
        value = source.get(key)
        if value is not None:
            holes = source.get("holes")
            return ("polygon", LazyRegion(value, "rings_xy", f".{key}", holes=holes)) if value != [] else None
    for key in _RLE_KEYS:
        value = source.get(key)
        if value is not None:
            return ("mask", LazyRegion(value, "rle", f".{key}")) if value != [] else None
    return None


def read_rotated_box(source: Source, options: InputOptions) -> RotatedBox | Box | AnnotationFault | None:
    """``obb`` or a box with ``rotation``; a turn that is a multiple of a full one gives a Box."""
    try:
        if source.get("obb") is not None:
            made = parse_rotated_box(source["obb"], ".obb")
            return made.unrotated() if made.is_axis_aligned else made
        if source.get("rotation") is None:
            return None
        box = read_box(source)
        if not isinstance(box, Box):
            return box
        return turned(box, check_number(source["rotation"], ".rotation"), options)
    except AnnotationFault as fault:
        return fault


def turned(box: Box, rotation: float, options: InputOptions) -> RotatedBox | Box:
    """``box`` turned by ``rotation``, read by the words of ``--input rotation=`` (formats, section 1.2)."""
    words = options.rotation_words
    theta: float = math.radians(rotation) if "deg" in words else rotation
    if "ccw" in words:
        theta = -theta
    made = RotatedBox.from_topleft(*box.to_xywh(), theta)
    if made.is_axis_aligned:
        return box
    if "topleft" not in words:
        return made
    right, down = box.width / 2, box.height / 2
    cx = box.x + right * math.cos(theta) - down * math.sin(theta)
    cy = box.y + right * math.sin(theta) + down * math.cos(theta)
    return RotatedBox(rounded(cx), rounded(cy), box.width, box.height, theta)


def read_keypoints(source: Source, options: InputOptions) -> Keypoints | AnnotationFault:
    """``keypoints`` with the names that the options, ``keypoint_names`` or ``skeleton`` give."""
    try:
        if options.skeleton is not None:
            return _on_skeleton(source, options.skeleton)
        names = _point_names(source)
        skeleton = source.get("skeleton")
        name = skeleton if isinstance(skeleton, str) else ""
        if isinstance(skeleton, dict) and isinstance(skeleton.get("name"), str):
            name = skeleton["name"]
        made = parse_keypoints(_in_order(source["keypoints"], names), skeleton=name, names=names)
        return msgspec.structs.replace(made, edges=_edges(skeleton, len(made.points)))
    except AnnotationFault as fault:
        return fault


def _edges(skeleton: Any, points: int) -> tuple[tuple[int, int], ...]:
    """Pairs under ``edges``, counted from 0, or ``skeleton``, counted from 1; none where they join no two points."""
    if not isinstance(skeleton, dict):
        return ()
    first = 0 if "edges" in skeleton else 1
    pairs = skeleton.get("edges", skeleton.get("skeleton"))
    if not isinstance(pairs, list):
        return ()
    ends = range(first, points + first)
    if not all(
        isinstance(pair, list) and len(pair) == 2 and all(type(e) is int and e in ends for e in pair) for pair in pairs
    ):
        return ()
    return tuple((one - first, other - first) for one, other in pairs)


def _on_skeleton(source: Source, skeleton: Skeleton) -> Keypoints:
    """``keypoints`` as points of the one skeleton of all objects, in its order also where the source has another."""
    listed = _listed_names(source)
    names = listed if listed is not None and sorted(listed) == sorted(skeleton.points) else skeleton.points
    made = parse_keypoints(_in_order(source["keypoints"], names), names=names)
    by_name = dict(zip(names, made.points, strict=True))
    return Keypoints(tuple(by_name[name] for name in skeleton.points), skeleton.name, skeleton.points)


def _listed_names(source: Source) -> tuple[str, ...] | None:
    """The names under ``keypoint_names`` or in ``skeleton``; None where there are none."""
    skeleton = source.get("skeleton")
    inside = (
        next((skeleton[key] for key in ("points", "names") if key in skeleton), None)
        if isinstance(skeleton, dict)
        else None
    )
    listed = source.get("keypoint_names", inside)
    if listed is None:
        return None
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        raise AnnotationFault("E_ANNOTATION", "keypoint_names must be a list of texts.", ".keypoint_names")
    return tuple(listed)


def _point_names(source: Source) -> tuple[str, ...]:
    listed = _listed_names(source)
    if listed is not None:
        return listed
    points = source["keypoints"]
    named = [point.get("name") for point in points if isinstance(point, dict)] if isinstance(points, list) else []
    names = {name for name in named if isinstance(name, str)}
    if not names:
        return ()
    if len(names) < len(named):
        raise AnnotationFault("E_KEYPOINT_GROUP", "Each key point needs a name of its own.", ".keypoints")
    return PERSON_17.points if names <= set(PERSON_17.points) else tuple(sorted(names))


def _in_order(points: Any, names: tuple[str, ...]) -> Any:
    """Points that are objects with a ``name``, brought into the order of ``names``; missing ones are not labelled."""
    if not isinstance(points, list) or not points or not all(isinstance(p, dict) and "name" in p for p in points):
        return points
    by_name = {point["name"]: point for point in points if isinstance(point["name"], str)}
    unknown = sorted(set(by_name) - set(names))
    if unknown or len(by_name) < len(points):
        what = f"{quoted(unknown[0])} is no point of the skeleton" if unknown else "a point name occurs twice"
        raise AnnotationFault(
            "E_KEYPOINT_COUNT", f"{what}; name each point of the skeleton at most once.", ".keypoints"
        )
    return [by_name.get(name, {"x": 0, "y": 0, "v": 0}) for name in names]


def read_point(source: Source) -> Point | AnnotationFault:
    """A single key point: ``point`` or ``points`` as ``[x, y]``, ``[x, y, v]`` or an object, or ``x`` and ``y``."""
    value = next((source[key] for key in ("point", "points", "keypoints") if source.get(key) is not None), source)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    try:
        if isinstance(value, Mapping) and "x" in value and "y" in value:
            return parse_point(value["x"], value["y"], value.get("v", value.get("visibility", 2)))
        if isinstance(value, list) and len(value) in {2, 3}:
            return parse_point(*value)
    except AnnotationFault as fault:
        return fault
    raise AnnotationFault("E_ANNOTATION", "A point needs x and y.")


def read_polyline(source: Source) -> tuple[tuple[float, float], ...] | AnnotationFault | None:
    """``polyline`` or, where the kind is said, ``points``: at least two distinct points in pixels, open."""
    key = next((key for key in ("polyline", "points") if source.get(key) is not None), None)
    if key is None:
        return None
    try:
        return polyline(source[key], f".{key}")
    except AnnotationFault as fault:
        return fault


def polyline(value: Any, path: str) -> tuple[tuple[float, float], ...]:
    """Read ``[x, y]`` pairs or flat numbers; equal neighbours are removed (formats, section 2.6)."""
    if not isinstance(value, list):
        raise AnnotationFault("E_ANNOTATION", f"{quoted(value)} is no list of points.", path)
    flat = [number for point in value for number in (point if isinstance(point, list) else [point])]
    if len(flat) % 2 or any(isinstance(point, list) and len(point) != 2 for point in value):
        raise AnnotationFault("E_POLYGON_ODD", "The points need an x and a y each.", path)
    numbers = [check_number(number, path) for number in flat]
    points = list(zip(numbers[0::2], numbers[1::2], strict=True))
    kept = [point for at, point in enumerate(points) if at == 0 or point != points[at - 1]]
    if len(kept) < 2:
        raise AnnotationFault("E_POLYGON_POINTS", "A polyline needs two distinct points.", path)
    return tuple(kept)
