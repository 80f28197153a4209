"""A segmentation plane as a stranger reads it: a PNG of palette indices."""

from __future__ import annotations

import sys

from exportkit.writing.png_pixels import MOST_PIXELS, bands
from exportkit.writing.png_pixels import PngFile as PlaneFile
from exportkit.writing.png_pixels import PngUnreadable as PlaneUnreadable
from exportkit.writing.png_pixels import read_png as read_plane

__all__ = ["MOST_PIXELS", "PlaneFile", "PlaneUnreadable", "read_plane", "value_pairs"]


def value_pairs(one: PlaneFile, other: PlaneFile) -> set[tuple[int, int]]:
    """The distinct pairs of values of a pixel in two planes of one size that can be judged.

    Raises :class:`PlaneUnreadable` for damaged pixels.
    """
    found: set[int] = set()
    for band, beside in zip(bands(one), bands(other), strict=True):
        both = bytearray(2 * len(band))
        both[0::2], both[1::2] = band, beside
        # Four neighbouring pixels are one number: areas of one value have few distinct ones.
        both += both[-2:] * (-len(band) % 4)
        found.update(memoryview(both).cast("Q") if both.strip(b"\0") else (0,))
    fours = [four.to_bytes(8, sys.byteorder) for four in found]
    return {(four[place], four[place + 1]) for four in fours for place in (0, 2, 4, 6)}
