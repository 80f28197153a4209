"""One payload with every tool that pictures have, in both schemas, and its picture."""

from __future__ import annotations

import struct
import zlib
from typing import Any, Final

from exportkit.compat.synapse_sdk.utils.converters.dm import convert_v1_to_v2

__all__ = ["FIRST_SCHEMA", "SECOND_SCHEMA", "picture"]

WIDTH, HEIGHT = 8, 6
_FLAGS: Final = {"isLocked": False, "isVisible": True, "isValid": True, "isDrawCompleted": True}
_POINTS: Final = [{"x": 1, "y": 1, "id": "p1"}, {"x": 6.5, "y": 1, "id": "p2"}, {"x": 6.5, "y": 4.25, "id": "p3"}]
_MASK: Final = {"pixel_indices": [[9, 3], [17, 3]], "isCompressed": True, "compressionFormat": "rle"}
_INDICES: Final = {"pixel_indices": [40, 41], "isCompressed": False, "compressionFormat": None}

#: Tool, class with attributes, and data of each annotation.
_DRAWN: Final[list[tuple[str, dict[str, Any], dict[str, Any]]]] = [
    ("bounding_box", {"class": "car", "color": "red"}, {"coordinate": {"x": 1, "y": 1.5, "width": 3, "height": 2.25}}),
    (
        "bounding_box",
        {"class": "bus"},
        {"coordinate": {"x": 1, "y": 1, "width": 2, "height": 2, "rotation": 0.3}},
    ),
    ("polygon", {"class": "road"}, {"coordinate": _POINTS}),
    ("polyline", {"class": "lane"}, {"coordinate": _POINTS[:2]}),
    ("keypoint", {"class": "nose", "visibility": "visible"}, {"coordinate": {"x": 2, "y": 2}}),
    ("keypoint", {"class": "left_eye", "visibility": "occluded"}, {"coordinate": {"x": 5, "y": 4}}),
    ("keypoint", {"class": "left_ear"}, {"coordinate": {"x": 3, "y": 3}}),
    ("segmentation", {"class": "tree"}, _MASK),
    ("segmentation", {"class": "car"}, _INDICES),
    ("classification", {"class": "day", "weather": "rain"}, {}),
    ("relation", {"class": "near"}, {"annotationId": "a00", "targetAnnotationId": "a01"}),
]


def _row(number: int, tool: str, classification: dict[str, Any]) -> dict[str, Any]:
    label = [classification["class"]]
    return {"id": f"a{number:02}", "tool": tool, **_FLAGS, "classification": classification, "label": label}


FIRST_SCHEMA: Final[dict[str, Any]] = {
    "extra": {"image_1": {"width": WIDTH, "height": HEIGHT}},
    "annotations": {"image_1": [_row(number, tool, named) for number, (tool, named, _) in enumerate(_DRAWN)]},
    "annotationsData": {"image_1": [{"id": f"a{number:02}", **data} for number, (*_, data) in enumerate(_DRAWN)]},
    "relations": {"image_1": []},
    "annotationGroups": {"image_1": [{"id": "g1", "annotationIds": ["a04", "a05"]}]},
    "assignmentId": 7,
}
SECOND_SCHEMA: Final[dict[str, Any]] = dict(convert_v1_to_v2(FIRST_SCHEMA)["annotation_data"])


def picture() -> bytes:
    """A grey-free PNG of the size that the payload tells."""
    rows = b"".join(b"\0" + bytes(3 * WIDTH) for _ in range(HEIGHT))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
