"""How many decimals of a pixel value are written."""

from __future__ import annotations

from exportkit.records import Box, Canvas, Number, decimal_text

__all__ = ["Precision"]


class Precision:
    """Option ``precision=0…9`` of COCO and CSV; without it values are written as they are (formats, section 1.1)."""

    def __init__(self, decimals: int | None) -> None:
        self.decimals = decimals
        #: The last decimal that is written, in pixels.
        self._unit: Number = 1 if not decimals else 10.0**-decimals

    def near(self, value: Number) -> Number:
        """The value rounded half-even; an integral result becomes an int."""
        if self.decimals is None or type(value) is int:
            return value
        near = round(value, self.decimals)
        return int(near) if near == int(near) else near

    def text(self, value: Number) -> str:
        """The rounded value as decimal text without an exponent."""
        return decimal_text(self.near(value))

    def edges(self, low: Number, high: Number, limit: int) -> tuple[Number, Number, bool]:
        """Both edges of a side rounded, apart and within ``limit`` (0: no limit), and whether that took growing.

        A side that vanishes grows to the last decimal that is written (``L_BOX_GROWN``).
        """
        first, last = self.near(low), self.near(high)
        if last > first:
            return first, last, False
        if limit and first + self._unit > limit:
            return self.near(limit - self._unit), limit, True
        return first, self.near(first + self._unit), True

    def side(self, low: Number, length: Number, limit: int) -> tuple[Number, Number, bool]:
        """As :meth:`edges`, for a side given by its start and length: rounded start, rounded length, grown."""
        first, last, grown = self.edges(low, low + length, limit)
        return first, self.near(last - first), grown

    def box(self, box: Box, canvas: Canvas) -> tuple[Box, bool]:
        """The box with rounded edges within the picture, and whether a side was grown for it."""
        if self.decimals is None:
            return box, False
        x, width, wider = self.side(box.x, box.width, canvas.width)
        y, height, higher = self.side(box.y, box.height, canvas.height)
        return Box(x, y, width, height), wider or higher
