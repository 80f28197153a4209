"""Words that name a kind of annotation: kinds themselves, DM tools and usual synonyms."""

from __future__ import annotations

from exportkit.records import KINDS

__all__ = ["KIND_BY_WORD", "MEDIA_BY_KEY", "MEDIUM_BY_PREFIX", "PASS_THROUGH", "tool_kind"]

#: Kinds whose value is kept as it came (formats, section 1.2).
PASS_THROUGH = frozenset({"text_range", "audio_range", "video_range", "time_range", "prompt", "answer"})

#: DM tools whose kind does not depend on the medium (formats, section 1.3).
_TOOLS = {
    "bounding_box": "box",
    "polygon": "polygon",
    "polyline": "polyline",
    "keypoint": "point",
    "relation": "relation",
    "classification": "tag",
    "3d_bounding_box": "cuboid",
    "3d_segmentation": "point_set",
    "named_entity": "text_range",
    "time_range": "time_range",
    "prompt": "prompt",
    "answer": "answer",
}
_SEGMENTATION = {"image": "mask", "video": "video_range", "audio": "audio_range"}
_SYNONYMS = {
    "bbox": "box",
    "rectangle": "box",
    "obb": "rotated_box",
    "rle": "mask",
    "line": "polyline",
    "segmentation": "mask",
    "annotationGroup": "group",
}

#: What the ``type``, ``kind`` or ``tool`` of a seed annotation may say.
KIND_BY_WORD = {kind: kind for kind in KINDS} | _TOOLS | _SYNONYMS

#: Medium by the type part of a media id (``image_1``), and by the media array of DM V2.
MEDIUM_BY_PREFIX = {medium: medium for medium in ("image", "video", "pcd", "text", "audio", "prompt", "data")}
MEDIA_BY_KEY = {f"{medium}s": medium for medium in MEDIUM_BY_PREFIX}


def tool_kind(tool: object, medium: str) -> str | None:
    """The kind that a DM tool makes in one medium, or None for a tool of no known name."""
    if not isinstance(tool, str):
        return None
    return _SEGMENTATION.get(medium) if tool == "segmentation" else _TOOLS.get(tool)
