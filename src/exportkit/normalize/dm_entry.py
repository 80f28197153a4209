"""One annotation of the DM schemas, V1 or V2, before it is read by its tool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from exportkit.errors import AnnotationFault, AnnotationSkip
from exportkit.normalize.dm_value import pass_through, v1_value
from exportkit.normalize.fields import annotation_id, class_name, judge_numbers
from exportkit.normalize.kinds import tool_kind
from exportkit.normalize.options import InputOptions
from exportkit.normalize.seed_geometry import polyline, turned
from exportkit.records import LABELLED_KINDS, Annotation
from exportkit.records.box import Box, parse_box
from exportkit.records.keypoints import Point, parse_point
from exportkit.records.numbers import check_number, quoted
from exportkit.records.region import LazyRegion, RegionForm

__all__ = ["DmEntry", "Medium", "read_entry", "v1_entry", "v2_entry"]

_VISIBILITY = {"missing": 0, "occluded": 1, "visible": 2}
_ABSENT: Any = object()


class Medium(msgspec.Struct, frozen=True):
    """What reading an annotation must know of its medium: its type and the grid of its masks."""

    kind: str = "image"
    grid: tuple[int, int] | None = None


class DmEntry(msgspec.Struct, frozen=True):
    """One annotation in the form of DM V2, whichever schema it came from."""

    index: int
    path: str
    tool: Any
    id: int | str | None
    #: The class as given; ``_ABSENT`` where there is no such key.
    classification: Any
    attributes: dict[str, Any]
    data: Any
    rotation: Any = None
    visibility: Any = None
    encoding: Any = None
    group_id: Any = None
    #: JSON path of the geometry below the annotation, for messages.
    data_path: str = ".data"


def v1_entry(index: int, path: str, record: Mapping[str, Any], data: Mapping[str, Any], medium: Medium) -> DmEntry:
    """Join a V1 annotation with its data record. Raises AnnotationFault for a classification that is no object."""
    classification = record.get("classification")
    if classification is None:
        classification = {}
    if not isinstance(classification, dict):
        text = f"classification must be an object, not {quoted(classification)}."
        raise AnnotationFault("E_ANNOTATION", text, ".classification")
    attributes = {key: value for key, value in classification.items() if key != "class"}
    tool = record.get("tool")
    visibility = attributes.pop("visibility", None) if tool == "keypoint" else None
    coordinate = data.get("coordinate")
    value, encoding, at, rotation = coordinate, None, ".coordinate", None
    kind = tool_kind(tool, medium.kind)
    if kind == "mask":
        value, at = data.get("pixel_indices"), ".pixel_indices"
        encoding = _v1_encoding(data)
    elif kind == "tag":
        value = {}
    elif kind in {"box", "polygon", "polyline", "point"}:
        value, rotation = _v1_coordinate(kind, coordinate)
    elif kind is not None:
        value = v1_value(kind, data)
    return DmEntry(
        index, path, tool, annotation_id(record), classification.get("class", _ABSENT), attributes, value,
        rotation, visibility, encoding, None, at,
    )  # fmt: skip


def _v1_encoding(data: Mapping[str, Any]) -> Any:
    if "isCompressed" not in data and "compressionFormat" not in data:
        return data.get("encoding")
    if data.get("isCompressed") is True:
        return "dm_rle" if data.get("compressionFormat") in {"rle", None} else data["compressionFormat"]
    return "raw_indices" if not data.get("isCompressed") else data.get("isCompressed")


def _v1_coordinate(kind: str, coordinate: Any) -> tuple[Any, Any]:
    """Value in V2 form and rotation."""
    if isinstance(coordinate, dict) and kind == "box":
        return {key: value for key, value in coordinate.items() if key != "rotation"}, coordinate.get("rotation")
    if isinstance(coordinate, dict) and kind == "point":
        return [coordinate.get("x"), coordinate.get("y")], None
    if isinstance(coordinate, list) and all(isinstance(point, dict) for point in coordinate):
        return [[point.get("x"), point.get("y")] for point in coordinate], None
    return coordinate, None


def v2_entry(index: int, path: str, tool: str, source: Mapping[str, Any]) -> DmEntry:
    """Read a V2 annotation. Raises AnnotationFault for attrs that are no list of name and value."""
    attributes = _v2_attributes(source.get("attrs"))
    rotation = attributes.pop("rotation", None) if tool == "bounding_box" else None
    visibility = source.get("visibility")
    if tool == "keypoint" and visibility is None:
        visibility = attributes.pop("visibility", None)
    return DmEntry(
        index, path, tool, annotation_id(source), source.get("classification", _ABSENT), attributes,
        source.get("data"), rotation, visibility, source.get("encoding"), source.get("group_id"),
    )  # fmt: skip


def _v2_attributes(attrs: Any) -> dict[str, Any]:
    if attrs is None:
        return {}
    if not isinstance(attrs, list) or not all(isinstance(a, dict) and isinstance(a.get("name"), str) for a in attrs):
        raise AnnotationFault("E_ANNOTATION", "attrs must be a list of objects with name and value.", ".attrs")
    return {attribute["name"]: attribute.get("value") for attribute in attrs}


def read_entry(entry: DmEntry, medium: Medium, options: InputOptions) -> Annotation:
    """Read one annotation by its tool. Raises AnnotationFault or AnnotationSkip (``S_KIND_UNKNOWN``)."""
    kind = tool_kind(entry.tool, medium.kind)
    if kind is None:
        raise AnnotationSkip("S_KIND_UNKNOWN", f"{quoted(entry.tool)} names no known tool for {medium.kind} media.")
    label = _label(kind, entry.classification)
    judge_numbers(entry.attributes, ".classification")
    if entry.data is None and kind != "tag":
        raise AnnotationFault("E_ANNOTATION", f"A {entry.tool} needs its geometry, and none is given.", entry.data_path)
    kind, geometry = _geometry(kind, entry, medium, options)
    group = entry.group_id if isinstance(entry.group_id, (int, str)) and not isinstance(entry.group_id, bool) else None
    return Annotation(
        index=entry.index,
        kind=kind,
        label=label,
        id=entry.id,
        group_id=group,
        attributes=entry.attributes or None,
        path=entry.path,
        **geometry,
    )


def _label(kind: str, value: Any) -> str | None:
    if kind in LABELLED_KINDS:
        if value is _ABSENT:
            raise AnnotationFault("E_CLASS_MISSING", "The annotation names no class.", ".classification")
        return class_name(value, ".classification")
    return None if value is _ABSENT or value is None or value == "" else class_name(value, ".classification")


def _geometry(kind: str, entry: DmEntry, medium: Medium, options: InputOptions) -> tuple[str, dict[str, Any]]:
    if kind == "tag":
        return kind, {}
    if kind == "polygon":
        return kind, {"region": LazyRegion(entry.data, "rings_xy", entry.data_path)}
    if kind == "mask":
        return kind, {"region": _mask(entry, medium)}
    try:
        if kind == "box":
            return _box(entry, options)
        if kind == "point":
            return kind, {"geometry": _point(entry)}
        if kind == "polyline":
            return kind, {"geometry": polyline(entry.data, entry.data_path)}
    except AnnotationFault as fault:
        return kind, {"box" if kind == "box" else "geometry": fault}
    return kind, {"geometry": pass_through(kind, entry.data)}


def _box(entry: DmEntry, options: InputOptions) -> tuple[str, dict[str, Any]]:
    if entry.rotation is None:
        return "box", {"box": parse_box(entry.data, entry.data_path)}
    try:
        box = parse_box(entry.data, entry.data_path)
        made = turned(box, check_number(entry.rotation, f"{entry.data_path}.rotation"), options)
    except AnnotationFault as fault:
        return "rotated_box", {"geometry": fault}
    return ("box", {"box": made}) if isinstance(made, Box) else ("rotated_box", {"geometry": made})


def _point(entry: DmEntry) -> Point:
    if not isinstance(entry.data, list) or len(entry.data) != 2:
        raise AnnotationFault("E_ANNOTATION", f"A key point needs x and y, not {quoted(entry.data)}.", entry.data_path)
    visibility = 2 if entry.visibility is None else entry.visibility
    if isinstance(visibility, str):
        visibility = _VISIBILITY.get(visibility, visibility)
    x, y = entry.data
    return parse_point(x, y, visibility, entry.data_path)


def _mask(entry: DmEntry, medium: Medium) -> LazyRegion | AnnotationFault:
    form: dict[str, RegionForm] = {"raw_indices": "row_indices", "dm_rle": "row_runs"}
    encoding = entry.encoding
    if encoding is None and isinstance(entry.data, dict):
        return LazyRegion(entry.data, "rle", entry.data_path)
    if not isinstance(encoding, str) or encoding not in form:
        text = f"{quoted(encoding)} is no known encoding of a mask; give raw_indices or dm_rle."
        return AnnotationFault("E_MASK_ENCODING", text, ".encoding")
    width, height = medium.grid or (None, None)
    return LazyRegion(entry.data, form[encoding], entry.data_path, width, height)
