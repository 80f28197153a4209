"""Tools that draw on a picture or in a cloud of points."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from exportkit.compat.synapse_sdk.utils.converters.dm.tools.tool import Tool

__all__ = [
    "BoundingBox3DProcessor",
    "BoundingBoxProcessor",
    "KeypointProcessor",
    "PolygonProcessor",
    "PolylineProcessor",
    "Segmentation3DProcessor",
    "normalize_keypoint_visibility",
]

_VISIBILITIES = ("missing", "occluded", "visible")
_SIDES = ("x", "y", "width", "height")
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class BoundingBoxProcessor(Tool):
    """``[x, y, width, height]`` in pixels. The rotation, in radians, is the first attribute."""

    tool_name = "bounding_box"

    def to_v2(self, v1_annotation: Mapping[str, Any], v1_data: Mapping[str, Any]) -> dict[str, Any]:
        converted = super().to_v2(v1_annotation, v1_data)
        if "rotation" in (coordinate := v1_data.get("coordinate", {})):
            converted["attrs"].insert(0, {"name": "rotation", "value": coordinate["rotation"]})
        return converted

    def to_v1(self, v2_annotation: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        annotation, data = super().to_v1(v2_annotation)
        if "rotation" in annotation["classification"]:
            data["coordinate"]["rotation"] = annotation["classification"].pop("rotation")
        return annotation, data

    def read(self, v1_data: Mapping[str, Any]) -> Any:
        coordinate = v1_data.get("coordinate", {})
        return [coordinate.get(side, 0) for side in _SIDES]

    def write(self, data: Any) -> dict[str, Any]:
        given = list(data or ())
        return {"coordinate": dict(zip(_SIDES, [*given, 0, 0, 0, 0], strict=False))}


class _Points(Tool):
    """``[[x, y], …]`` in pixels."""

    def to_v1(self, v2_annotation: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        annotation, data = super().to_v1(v2_annotation)
        for place, point in enumerate(data["coordinate"]):
            point["id"] = _point_id(str(data["id"]), place)
        return annotation, data

    def read(self, v1_data: Mapping[str, Any]) -> Any:
        points = v1_data.get("coordinate", [])
        return [[point.get("x", 0), point.get("y", 0)] for point in points if isinstance(point, dict)]

    def write(self, data: Any) -> dict[str, Any]:
        points = [point for point in data or () if isinstance(point, (list, tuple)) and len(point) >= 2]
        return {"coordinate": [{"x": point[0], "y": point[1]} for point in points]}


class PolygonProcessor(_Points):
    """A closed ring."""

    tool_name = "polygon"


class PolylineProcessor(_Points):
    """An open line."""

    tool_name = "polyline"


class KeypointProcessor(Tool):
    """``[x, y]`` in pixels, with a ``visibility`` of 0, 1 or 2 where there is one."""

    tool_name = "keypoint"
    own_keys = frozenset({"class", "visibility"})

    def to_v2(self, v1_annotation: Mapping[str, Any], v1_data: Mapping[str, Any]) -> dict[str, Any]:
        converted = super().to_v2(v1_annotation, v1_data)
        if "visibility" in (classification := v1_annotation.get("classification") or {}):
            converted["visibility"] = normalize_keypoint_visibility(classification["visibility"])
        return converted

    def to_v1(self, v2_annotation: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        annotation, data = super().to_v1(v2_annotation)
        if "visibility" in v2_annotation:
            visibility = normalize_keypoint_visibility(v2_annotation["visibility"])
            named = annotation["classification"].get("visibility", visibility)
            if normalize_keypoint_visibility(named) != visibility:
                raise ValueError("KEYPOINT_PROFILE_UNSUPPORTED: a keypoint has two visibilities.")
            annotation["classification"]["visibility"] = _VISIBILITIES[visibility]
        return annotation, data

    def read(self, v1_data: Mapping[str, Any]) -> Any:
        coordinate = v1_data.get("coordinate", {})
        return [coordinate.get("x", 0), coordinate.get("y", 0)]

    def write(self, data: Any) -> dict[str, Any]:
        return {"coordinate": {"x": data[0], "y": data[1]} if isinstance(data, list) and len(data) >= 2 else {}}


class BoundingBox3DProcessor(Tool):
    """Position, scale and rotation; the rotation is a quaternion, or Euler angles in radians."""

    tool_name = "3d_bounding_box"

    def read(self, v1_data: Mapping[str, Any]) -> Any:
        return _three_parts(v1_data.get("psr", {}))

    def write(self, data: Any) -> dict[str, Any]:
        return {"psr": _three_parts(data or {})}


class Segmentation3DProcessor(Tool):
    """The indices of points."""

    tool_name = "3d_segmentation"

    def read(self, v1_data: Mapping[str, Any]) -> Any:
        return {"points": v1_data.get("points", [])}

    def write(self, data: Any) -> dict[str, Any]:
        return {"points": (data or {}).get("points", [])}


def normalize_keypoint_visibility(value: object) -> int:
    """0 for missing, 1 for occluded, 2 for visible. Raises ValueError for anything else."""
    if isinstance(value, str) and value in _VISIBILITIES:
        return _VISIBILITIES.index(value)
    if type(value) is int and 0 <= value <= 2:
        return value
    raise ValueError(f"KEYPOINT_PROFILE_UNSUPPORTED: {value!r} is no visibility; it is missing, occluded or visible.")


def _three_parts(given: Mapping[str, Any]) -> dict[str, Any]:
    return {part: given.get(part, {"x": 0, "y": 0, "z": 0}) for part in ("position", "scale", "rotation")}


def _point_id(annotation_id: str, place: int) -> str:
    """Ten letters and digits, the same in every run."""
    digest = hashlib.sha256(f"{annotation_id}:{place}".encode()).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:10])
