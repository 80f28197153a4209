"""One labelled object of a picture (or other medium), as every writer sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from exportkit.errors import AnnotationFault
    from exportkit.records.box import Box, RotatedBox
    from exportkit.records.keypoints import Keypoints, Point
    from exportkit.records.region import LazyRegion, Mask, Polygon

__all__ = ["EXTENT_KINDS", "KINDS", "LABELLED_KINDS", "REGION_KINDS", "Annotation"]

#: Every kind of annotation, in the order of the record's specification.
KINDS = (
    "box",
    "rotated_box",
    "polygon",
    "mask",
    "keypoints",
    "point",
    "polyline",
    "cuboid",
    "point_set",
    "tag",
    "caption",
    "relation",
    "group",
    "text_range",
    "audio_range",
    "video_range",
    "time_range",
    "prompt",
    "answer",
)
#: Kinds whose label enters the class map.
LABELLED_KINDS = frozenset(KINDS[:10])
#: Kinds that cover an area of the picture.
EXTENT_KINDS = frozenset(KINDS[:5])
#: Kinds whose extent is a region rather than a rectangle.
REGION_KINDS = frozenset({"polygon", "mask"})


class Annotation(msgspec.Struct, frozen=True, gc=False):
    """One annotation, frozen.

    Geometry is in absolute pixels of the display picture: 0-based, origin at the top-left corner of the
    top-left pixel, x right, y down, extents half-open. It is kept as the source gave it and judged when a
    writer reads it (through :class:`exportkit.records.Canvas`), because a writer answers only for the
    parts that it reads: a broken region beside a good box costs nothing where only boxes are written.
    """

    #: Position in its source list; names the annotation where the source gave no id.
    index: int
    #: One of :data:`KINDS`.
    kind: str
    #: Class name exactly as given; None for kinds that need no class.
    label: str | None
    #: The declared (or, for ``box``, the only) box; a fault if its values could not be read.
    box: Box | AnnotationFault | None = None
    #: Polygon or mask, read on first use.
    region: LazyRegion | Polygon | Mask | AnnotationFault | None = None
    #: Geometry of the remaining kinds: RotatedBox, Keypoints, Point, or the pass-through value.
    geometry: RotatedBox | Keypoints | Point | AnnotationFault | Any = None
    #: Source id, or None.
    id: int | str | None = None
    iscrowd: bool = False
    difficult: bool = False
    truncated: bool = False
    occluded: bool = False
    #: Declared area in square pixels as the source gave it (any JSON value; judged by the canvas), or None.
    area: Any = None
    score: float | None = None
    group_id: int | str | None = None
    track_id: int | str | None = None
    frame: int | None = None
    #: JSON object as bytes exactly as in the source, or a mapping; empty when there are none.
    attributes: Any = None
    #: How many source annotations this one stands for (key points of one group are one object).
    weight: int = 1
    #: JSON path of the annotation in its line; None means ``$.data.annotations[index]``.
    path: str | None = None
    #: Notice codes given by normalisation (``N_CLASS_DEFAULT`` …).
    notices: tuple[str, ...] = ()

    @property
    def json_path(self) -> str:
        """JSON path of this annotation within its bundle line."""
        return self.path if self.path is not None else f"$.data.annotations[{self.index}]"
