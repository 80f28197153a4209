"""The shape of each bundle line that the fast path reads. The only place where these keys are typed.

A type that is narrower than the law (``None``, or no text where text is tolerated) sends the line the
general way; it never refuses input by itself.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Raw

from exportkit.normalize.shape import Shape

__all__ = ["DataUnit", "FileEntry", "FileMeta", "RleShape", "SeedAnnotation", "SeedData", "SeedLine"]

_INT64 = Meta(ge=-(2**63) + 1, le=2**63 - 1)
_FILLED = Meta(min_length=1)

#: A coordinate, size or score within ±1,000,000 (formats, section 2.4).
Number = Annotated[int, Meta(ge=-1_000_000, le=1_000_000)] | Annotated[float, Meta(ge=-1e6, le=1e6)]
Integer = Annotated[int, _INT64]
Text = Annotated[str, _FILLED]
Identity = Integer | Text


class FileMeta(Shape, frozen=True, gc=False):
    """``meta`` of a file entry: its declared size in pixels."""

    width: Integer | None = None
    height: Integer | None = None


class FileEntry(Shape, frozen=True, gc=False):
    """One original of an item (wire, section 24)."""

    file_name_original: str | None = None
    url: str | None = None
    bundle_path: str | None = None
    is_primary: bool | None = None
    meta: FileMeta | None = None
    size: Integer | None = None
    sha256: str | None = None


class DataUnit(Shape, frozen=True, gc=False):
    """What the line says about the picture itself."""

    id: Identity | None = None
    name: str | None = None
    width: Integer | None = None
    height: Integer | None = None
    split: Text | None = None
    group: Identity | None = None
    files: None = None


Scalar = str | Annotated[int, _INT64] | float | bool | None
#: What an attribute ordinarily is; deeper values go the general way.
AttributeValue = Scalar | list[Scalar] | dict[str, Scalar]


class RleShape(Shape, frozen=True, gc=False):
    """A region as COCO run lengths; unread."""

    size: Raw
    counts: Raw


class SeedAnnotation(Shape, frozen=True, gc=False):
    """One annotation of the seed schema (formats, section 1.3); geometry stays unread."""

    id: Identity | None = None
    category: str = ""
    bbox: tuple[Number, Number, Number, Number] | None = None
    #: Rings, each unread, or run lengths.
    segmentation: list[Raw] | RleShape | None = None
    area: int | float | None = None
    iscrowd: bool | Annotated[int, Meta(ge=0, le=1)] = False
    attributes: dict[str, AttributeValue] | None = None
    difficult: bool = False
    truncated: bool = False
    occluded: bool = False
    score: Number | None = None
    group_id: Identity | None = None
    track_id: Identity | None = None
    frame: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None
    # What follows decides about kind or geometry and is left to the general way.
    type: None = None
    kind: None = None
    tool: None = None
    box: None = None
    rotation: None = None
    obb: None = None
    polygon: None = None
    polygons: None = None
    points: None = None
    holes: None = None
    rle: None = None
    mask: None = None
    keypoints: None = None


class SeedData(Shape, frozen=True, gc=False):
    """``data`` of a line in the seed schema."""

    annotations: list[SeedAnnotation]
    split: Text | None = None
    group: Identity | None = None
    annotation_data: None = None
    data_unit: None = None


class SeedLine(Shape, frozen=True, gc=False):
    """One bundle line in the seed schema (wire, sections 16 and 23)."""

    data: SeedData
    id: Identity | None = None
    pgh_id: Identity | None = None
    status_label: str | int | None = None
    data_unit: DataUnit | None = None
    files_manifest: dict[str, FileEntry] | None = None
    split: Text | None = None
    group: Identity | None = None
    file: None = None
    files: None = None
