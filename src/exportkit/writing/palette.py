"""The palette of Pascal VOC, which tells consumers and people the same colour for the same number."""

from __future__ import annotations

__all__ = ["palette", "palette_color"]


def palette_color(index: int) -> tuple[int, int, int]:
    """Entry of the VOC palette: the bits of the index dealt to the high bits of red, green and blue in turn."""
    red = green = blue = 0
    for place in range(8):
        bit = 7 - place
        red |= (index >> (3 * place) & 1) << bit
        green |= (index >> (3 * place + 1) & 1) << bit
        blue |= (index >> (3 * place + 2) & 1) << bit
    return red, green, blue


def palette() -> bytes:
    """The first 256 entries, three bytes each."""
    return b"".join(bytes(palette_color(index)) for index in range(256))
