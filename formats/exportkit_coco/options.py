"""Options of the COCO writer."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from exportkit.writing import WriterOptions

__all__ = ["CocoOptions"]


class CocoOptions(WriterOptions):
    """``--to coco:key=value,…`` (formats, section 5.1)."""

    #: Where image ids come from; ``auto`` takes the records' ids where all can be image ids.
    ids: Literal["auto", "source", "sequential"] = "auto"
    #: Number of the first category.
    category_ids: Literal["one", "zero"] = "one"
    #: What objects with nothing but a box get beside segmented ones.
    boxes: Literal["rectangle", "separate", "empty"] = "rectangle"
    #: How masks are written; ``polygon`` follows the edges of their pixels.
    masks: Literal["rle", "polygon"] = "rle"
    #: Round every pixel value to so many decimals; by default values stay as the source gave them.
    precision: int | None = Field(default=None, ge=0, le=9)
    #: Add ``source_id`` to every annotation whose source had an id.
    source_ids: bool = False
    #: ``tree`` keeps the folders of the source names.
    names: Literal["tree", "flat"] = "tree"
    #: ``exclude`` leaves polygons and masks out.
    segmentation: Literal["instance", "exclude"] = "instance"
