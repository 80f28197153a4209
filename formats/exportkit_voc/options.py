"""Options of the Pascal VOC writer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from exportkit.writing import ActsIn, WriterOptions

__all__ = ["Coordinates", "VocOptions"]

Coordinates = Literal["one", "zero", "float"]


def _as_text(value: Any) -> Any:
    return str(value) if type(value) is int else value


class VocOptions(WriterOptions):
    """``--to voc:key=value,…`` (formats, section 5.3)."""

    task: Literal["detect", "segment"] = Field(
        default="detect",
        description="detect writes boxes and ImageSets/Main; segment adds segmentation planes and their lists.",
    )
    border: Annotated[int, Field(ge=0, le=5), ActsIn(task=("segment",))] = Field(
        default=0,
        description="Width in pixels of the void rim around each object in the planes.",
    )
    robndbox: Literal["no", "yes"] = Field(
        default="no",
        description="yes adds the unclipped rotated box: centre, sides and clockwise angle in radians, 0-based.",
    )
    segmentation: Literal["instance", "exclude"] = Field(
        default="instance",
        description="exclude leaves polygons and masks out.",
    )
    coords: Coordinates = Field(
        default="one",
        description="one: 1-based inclusive ints; zero: 0-based half-open ints; float: 0-based, unrounded.",
    )
    year: Annotated[Literal["2007", "2008", "2009", "2010", "2012"], BeforeValidator(_as_text)] = Field(
        default="2012",
        description="Year in folder names.",
    )
    root: Literal["devkit", "flat"] = Field(
        default="devkit",
        description="flat omits VOCdevkit/VOC<year>.",
    )
    images: Literal["keep", "transcode"] = Field(
        default="keep",
        description="transcode makes JPEGs of other pictures, since loaders append .jpg to the id.",
    )
