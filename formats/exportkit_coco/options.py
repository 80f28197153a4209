"""Options of the COCO writer."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from exportkit.writing import ActsIn, WriterOptions

__all__ = ["CocoOptions"]


def _names(value: object) -> object:
    """``cat+dog`` as a list of names."""
    return tuple(filter(None, value.split("+"))) if isinstance(value, str) else value


#: Where polygons and masks are written at all.
_REGIONS = ActsIn(segmentation=("instance", "semantic"))


class CocoOptions(WriterOptions):
    """``--to coco:key=value,…`` (formats, section 5.1)."""

    ids: Literal["auto", "source", "sequential"] = Field(
        default="auto",
        description="Where image ids come from; auto takes the records' ids where all can be image ids.",
    )
    category_ids: Literal["one", "zero", "source"] = Field(
        default="one",
        description="Number of the first category, or the category_id of the source's annotations.",
    )
    boxes: Literal["rectangle", "separate", "empty"] = Field(
        default="rectangle",
        description="What objects with nothing but a box get beside segmented ones.",
    )
    masks: Annotated[Literal["rle", "polygon"], _REGIONS] = Field(
        default="rle",
        description="How masks are written; polygon follows the edges of their pixels.",
    )
    tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False), ActsIn(masks=("polygon",))] = Field(
        default=0.0,
        description="Pixels by which the outline of a mask may leave the edges of its pixels; 0 keeps every corner.",
    )
    rle: Annotated[Literal["compressed", "uncompressed"], _REGIONS] = Field(
        default="compressed",
        description="How run lengths are written; those of crowds are a list in any case.",
    )
    precision: Annotated[int, Field(ge=0, le=9)] | None = Field(
        default=None,
        description="Decimals to which every pixel value is rounded; by default values stay as the source gave them.",
    )
    source_ids: bool = Field(
        default=False,
        description="Add source_id to every annotation whose source had an id.",
    )
    names: Literal["tree", "flat"] | None = Field(
        default=None,
        description="tree keeps the folders of the source names; by default all layouts do but roboflow.",
    )
    segmentation: Literal["instance", "semantic", "exclude"] = Field(
        default="instance",
        description="semantic joins the polygons and masks of a class in stuff_, exclude leaves them out.",
    )
    panoptic: bool = Field(
        default=False,
        description="Add panoptic_ with a PNG file for each picture.",
    )
    things: Annotated[tuple[str, ...] | None, BeforeValidator(_names), ActsIn(panoptic=(True,))] = Field(
        default=None,
        description="Classes whose objects panoptic_ tells apart, joined by '+'; by default all.",
    )
    layout: Literal["roles", "2017", "roboflow"] = Field(
        default="roles",
        description="Folders of annotations and pictures.",
    )

    @model_validator(mode="after")
    def _regions_to_draw(self) -> Self:
        if self.panoptic and self.segmentation == "exclude":
            raise ValueError("panoptic=yes draws regions, and segmentation=exclude leaves them out; choose one")
        return self
