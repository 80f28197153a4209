"""The parts of a Pascal VOC file."""

from __future__ import annotations

from pydantic import BaseModel

__all__ = ["PascalBndBox", "PascalObject", "PascalSize", "PascalSource"]


class PascalSize(BaseModel):
    """The size of a picture in pixels; ``depth`` is its number of channels."""

    width: int
    height: int
    depth: int = 3


class PascalBndBox(BaseModel):
    """The edges of a box in pixels, in the convention of whoever made it."""

    xmin: int
    ymin: int
    xmax: int
    ymax: int


class PascalObject(BaseModel):
    """An object; the flags are 0 or 1."""

    name: str
    pose: str = "Unspecified"
    truncated: int = 0
    difficult: int = 0
    bndbox: PascalBndBox
    occluded: int | None = None


class PascalSource(BaseModel):
    """Where a picture comes from."""

    database: str = "Unknown"
    annotation: str | None = None
    image: str | None = None
