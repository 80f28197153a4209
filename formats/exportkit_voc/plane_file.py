"""A segmentation plane as a stranger reads it: a PNG of palette indices (W3C PNG, sections 5, 9 and 11)."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple

__all__ = ["MOST_PIXELS", "PlaneFile", "PlaneUnreadable", "read_plane", "value_pairs"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_END = 33
_PALETTE_COLOUR = 3
_DEPTHS = frozenset({1, 2, 4, 8})
#: Pillow takes larger pictures for an attack and refuses them.
MOST_PIXELS = 178_956_970
#: Rows are held whole; none that is wider is looked at.
_WIDEST = 1 << 20
#: Bytes of pixels that are looked at in one go; memory does not depend on the size that a header claims.
_BAND = 1 << 20


class PlaneUnreadable(Exception):
    """The file is no PNG with all of its pixels; the message says why."""


class PlaneFile(NamedTuple):
    """What a header says, and the compressed pixels."""

    width: int
    height: int
    #: Bits a pixel, and whether pixels are indices into a palette: then it has mode ``P`` for Pillow.
    depth: int
    has_palette: bool
    interlaced: bool
    pixels: list[memoryview]

    @property
    def is_judgeable(self) -> bool:
        """Whether its pixels are looked at: their order and their number are usual."""
        return not self.interlaced and self.width <= _WIDEST and self.width * self.height <= MOST_PIXELS


def read_plane(data: bytes) -> PlaneFile:
    """Read header and chunks; raises :class:`PlaneUnreadable`. No pixel is decoded."""
    if data[:8] != _SIGNATURE or data[12:16] != b"IHDR" or len(data) < _HEADER_END:
        raise PlaneUnreadable("it is no PNG")
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    depth, colour, interlaced = data[24], data[25], data[28] != 0
    if not (width and height):
        raise PlaneUnreadable("it has no size")
    is_palette = colour == _PALETTE_COLOUR and depth in _DEPTHS
    return PlaneFile(width, height, depth, is_palette, interlaced, list(_pixel_chunks(data)))


def _pixel_chunks(data: bytes) -> Iterator[memoryview]:
    view, place = memoryview(data), _HEADER_END
    while place + 12 <= len(data):
        length, kind = int.from_bytes(view[place : place + 4], "big"), bytes(view[place + 4 : place + 8])
        if kind == b"IEND":
            return
        if kind == b"IDAT" and length:
            yield view[place + 8 : place + 8 + length]
        place += 12 + length
    raise PlaneUnreadable("it is cut")


def value_pairs(one: PlaneFile, other: PlaneFile) -> set[tuple[int, int]]:
    """The distinct pairs of values of a pixel in two planes of one size that can be judged.

    Raises :class:`PlaneUnreadable` for damaged pixels.
    """
    found: set[int] = set()
    for band, beside in zip(_bands(one), _bands(other), strict=True):
        both = bytearray(2 * len(band))
        both[0::2], both[1::2] = band, beside
        # Four neighbouring pixels are one number: areas of one value have few distinct ones.
        both += both[-2:] * (-len(band) % 4)
        found.update(memoryview(both).cast("Q") if both.strip(b"\0") else (0,))
    fours = [four.to_bytes(8, sys.byteorder) for four in found]
    return {(four[place], four[place + 1]) for four in fours for place in (0, 2, 4, 6)}


def _bands(plane: PlaneFile) -> Iterator[bytes]:
    """All pixels as bytes, some whole rows at a time."""
    stride = 1 + (plane.width * plane.depth + 7) // 8
    rows = max(1, _BAND // (plane.width + 1))
    source = _Inflated(plane.pixels)
    above = bytes(stride - 1)
    for first in range(0, plane.height, rows):
        raw = source.read(stride * min(rows, plane.height - first))
        if any(raw[::stride]):
            unfiltered = []
            for place in range(0, len(raw), stride):
                above = _unfiltered(raw[place], raw[place + 1 : place + stride], above)
                unfiltered.append(above)
            raw = b"".join(unfiltered)
        else:
            above = raw[len(raw) - stride + 1 :]
            plain = bytearray(raw)
            del plain[::stride]
            raw = bytes(plain)
        yield raw if plane.depth == 8 else _unpacked(raw, stride - 1, plane.width, plane.depth)


class _Inflated:
    """Compressed pixels, decompressed as far as they are asked for."""

    def __init__(self, chunks: Iterable[memoryview]) -> None:
        self._chunks = iter(chunks)
        self._stream = zlib.decompressobj()

    def read(self, size: int) -> bytes:
        made = bytearray()
        while len(made) < size:
            given = self._stream.unconsumed_tail or next(self._chunks, b"")
            try:
                part = self._stream.decompress(given, size - len(made))
            except zlib.error:
                raise PlaneUnreadable("its pixels are damaged") from None
            if not (part or given):
                raise PlaneUnreadable("pixels are missing")
            made += part
        return bytes(made)


def _unfiltered(kind: int, row: bytes, above: bytes) -> bytes:
    """Undo the filter of a row whose pixels have at most one byte."""
    if kind == 0:
        return row
    if kind == 1:
        return bytes([value & 255 for value in accumulate(row)])
    if kind == 2:
        return bytes([(value + up) & 255 for value, up in zip(row, above, strict=True)])
    if kind not in {3, 4}:
        raise PlaneUnreadable("a row has a filter that there is not")
    made = bytearray()
    left = corner = 0
    for value, up in zip(row, above, strict=True):
        left = (value + ((left + up) // 2 if kind == 3 else _nearest(left, up, corner))) & 255
        corner = up
        made.append(left)
    return bytes(made)


def _nearest(left: int, up: int, corner: int) -> int:
    """Paeth's predictor."""
    to_left, to_up, to_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
    if to_left <= to_up and to_left <= to_corner:
        return left
    return up if to_up <= to_corner else corner


def _unpacked(rows: bytes, stride: int, width: int, depth: int) -> bytes:
    """One byte for each pixel, where several share one."""
    shifts, most = range(8 - depth, -1, -depth), (1 << depth) - 1
    table = [bytes((value >> shift) & most for shift in shifts) for value in range(256)]
    return b"".join(
        b"".join([table[value] for value in rows[place : place + stride]])[:width]
        for place in range(0, len(rows), stride)
    )
