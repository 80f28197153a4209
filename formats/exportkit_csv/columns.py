"""The columns of the long table and what stands in them (formats, section 5.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

__all__ = ["LONG_COLUMNS", "LONG_HEADER", "ColumnType"]

#: ``rings``: parts of rings of points x, y. ``points``: key points x, y, v. ``json``: text that is a JSON object.
ColumnType = Literal["text", "int64", "int32", "float64", "bool", "rings", "points", "json"]

#: Type by name, in order. Groups and tracks are text, since some sources number them and others name them.
LONG_COLUMNS: Mapping[str, ColumnType] = {
    "split": "text",
    "image_id": "int64",
    "image": "text",
    "image_width": "int32",
    "image_height": "int32",
    "id": "int64",
    "kind": "text",
    "label": "text",
    "label_id": "int64",
    "x": "float64",
    "y": "float64",
    "width": "float64",
    "height": "float64",
    "rotation": "float64",
    "polygons": "rings",
    "rle": "json",
    "keypoints": "points",
    "score": "float64",
    "iscrowd": "bool",
    "difficult": "bool",
    "truncated": "bool",
    "occluded": "bool",
    "group_id": "text",
    "track_id": "text",
    "frame": "int64",
    "attributes": "json",
}
LONG_HEADER = ",".join(LONG_COLUMNS)
