"""The line of a box in a YOLO label file."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, Field

from exportkit.records import Box

__all__ = ["YOLOAnnotation"]


class YOLOAnnotation(BaseModel):
    """A box: its centre and its size as fractions of the picture, its class as a number from 0 on."""

    class_id: int = Field(ge=0)
    cx: float = Field(ge=0, le=1)
    cy: float = Field(ge=0, le=1)
    w: float = Field(ge=0, le=1)
    h: float = Field(ge=0, le=1)

    def to_line(self) -> str:
        """The line without its end, six decimals to a fraction."""
        return " ".join([str(self.class_id), *(f"{value:.6f}" for value in (self.cx, self.cy, self.w, self.h))])

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Read a line; what follows its five numbers is not looked at. Raises ValueError where one is missing."""
        parts = line.split()
        if len(parts) < 5:
            raise ValueError(f"{line.strip()!r} is no line of a box; give a class and four fractions.")
        cx, cy, w, h = map(float, parts[1:5])
        return cls(class_id=int(parts[0]), cx=cx, cy=cy, w=w, h=h)

    def to_absolute(self, width: int, height: int) -> tuple[float, float, float, float]:
        """``(x, y, width, height)`` in pixels, of a picture of that size."""
        w, h = self.w * width, self.h * height
        return self.cx * width - w / 2, self.cy * height - h / 2, w, h

    @classmethod
    def from_absolute(
        cls, class_id: int, x: float, y: float, w: float, h: float, img_width: int, img_height: int
    ) -> Self:
        """Take x, y, width and height in pixels."""
        cx, cy, nw, nh = Box(x, y, w, h).to_cxcywh_normalized(img_width, img_height)
        return cls(class_id=class_id, cx=cx, cy=cy, w=nw, h=nh)
