"""Options of the COCO writer."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from exportkit.writing import WriterOptions

__all__ = ["CocoOptions"]


def _names(value: object) -> object:
    """``cat+dog`` as a list of names."""
    return tuple(filter(None, value.split("+"))) if isinstance(value, str) else value


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
    masks: Literal["rle", "polygon"] = Field(
        default="rle",
        description="How masks are written; polygon follows the edges of their pixels.",
    )
    rle: Literal["compressed", "uncompressed"] = Field(
        default="compressed",
        description="How run lengths are written; those of crowds are a list in any case.",
    )
    #: Round every pixel value to so many decimals; by default values stay as the source gave them.
    precision: int | None = Field(default=None, ge=0, le=9)
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
    things: Annotated[tuple[str, ...] | None, BeforeValidator(_names)] = Field(
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
