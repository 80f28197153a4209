"""The row of a picture in a COCO file."""

from __future__ import annotations

from pydantic import BaseModel, Field

__all__ = ["COCOImage"]


class COCOImage(BaseModel):
    """A picture: ``width`` and ``height`` in pixels, ``file_name`` relative to the folder of the file."""

    id: int = Field(gt=0)
    file_name: str = Field(min_length=1)
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    date_captured: str | None = None
    license: int | None = Field(default=None, gt=0)
    coco_url: str | None = None
    flickr_url: str | None = None
