"""PNG files of a palette and 8 bits a pixel, mode ``P`` to Pillow."""

from __future__ import annotations

from functools import cache

from exportkit.writing.png import FILTER_BYTES, png_file
from exportkit_voc.palette import palette

__all__ = ["FILTER_BYTES", "palette_png"]

_palette = cache(palette)


def palette_png(width: int, height: int, rows: bytes | bytearray) -> bytes:
    """A whole file; ``rows`` are ``height`` times a filter byte 0 and ``width`` palette indices."""
    return png_file(width, height, "P", (rows,), _palette())
