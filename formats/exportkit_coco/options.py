"""Options of the COCO writer."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from exportkit.writing import WriterOptions

__all__ = ["CocoOptions"]


class CocoOptions(WriterOptions):
    """``--to coco:key=value,…`` (formats, section 5.1)."""

    ids: Literal["auto", "source", "sequential"] = Field(
        default="auto",
        description="Where image ids come from; auto takes the records' ids where all can be image ids.",
    )
    category_ids: Literal["one", "zero"] = Field(
        default="one",
        description="Number of the first category.",
    )
    boxes: Literal["rectangle", "separate", "empty"] = Field(
        default="rectangle",
        description="What objects with nothing but a box get beside segmented ones.",
    )
    masks: Literal["rle", "polygon"] = Field(
        default="rle",
        description="How masks are written; polygon follows the edges of their pixels.",
    )
    #: Round every pixel value to so many decimals; by default values stay as the source gave them.
    precision: int | None = Field(default=None, ge=0, le=9)
    source_ids: bool = Field(
        default=False,
        description="Add source_id to every annotation whose source had an id.",
    )
    names: Literal["tree", "flat"] = Field(
        default="tree",
        description="tree keeps the folders of the source names.",
    )
    segmentation: Literal["instance", "exclude"] = Field(
        default="instance",
        description="exclude leaves polygons and masks out.",
    )
