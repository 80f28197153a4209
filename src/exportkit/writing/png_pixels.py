"""Pixels of a PNG file, read a band of rows at a time by a reader of our own (W3C PNG, sections 5, 9 and 11)."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple

__all__ = ["MOST_PIXELS", "PngFile", "PngUnreadable", "bands", "read_png"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_END = 33
_PALETTE_COLOUR = 3
#: Channels of each colour type.
_CHANNELS = {0: 1, 2: 3, _PALETTE_COLOUR: 1, 4: 2, 6: 4}
_DEPTHS = frozenset({1, 2, 4, 8})
#: Pillow takes larger pictures for an attack and refuses them.
MOST_PIXELS = 178_956_970
#: Rows are held whole; none that is wider is looked at.
_WIDEST = 1 << 20
#: Bytes of pixels that are looked at in one go; memory does not depend on the size that a header claims.
_BAND = 1 << 20


class PngUnreadable(Exception):
    """The file is no PNG with all of its pixels; the message says why."""


class PngFile(NamedTuple):
    """What a header says, and the compressed pixels."""

    width: int
    height: int
    #: Bits a channel, channels a pixel (0 where no colour has this number), and whether pixels are indices into a
    #: palette: then it has mode ``P`` for Pillow.
    depth: int
    channels: int
    has_palette: bool
    interlaced: bool
    pixels: list[memoryview]

    @property
    def is_judgeable(self) -> bool:
        """Whether its pixels are looked at: their order, their number and their depth are usual."""
        return (
            not self.interlaced
            and self.width <= _WIDEST
            and self.width * self.height <= MOST_PIXELS
            and self.channels > 0
            and (self.depth == 8 or (self.channels == 1 and self.depth in _DEPTHS))
        )


def read_png(data: bytes) -> PngFile:
    """Read header and chunks; raises :class:`PngUnreadable`. No pixel is decoded."""
    if data[:8] != _SIGNATURE or data[12:16] != b"IHDR" or len(data) < _HEADER_END:
        raise PngUnreadable("it is no PNG")
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    depth, colour, interlaced = data[24], data[25], data[28] != 0
    if not (width and height):
        raise PngUnreadable("it has no size")
    is_palette = colour == _PALETTE_COLOUR and depth in _DEPTHS
    channels = _CHANNELS.get(colour, 0)
    return PngFile(width, height, depth, channels, is_palette, interlaced, list(_pixel_chunks(data)))


def _pixel_chunks(data: bytes) -> Iterator[memoryview]:
    view, place = memoryview(data), _HEADER_END
    while place + 12 <= len(data):
        length, kind = int.from_bytes(view[place : place + 4], "big"), bytes(view[place + 4 : place + 8])
        if kind == b"IEND":
            return
        if kind == b"IDAT" and length:
            yield view[place + 8 : place + 8 + length]
        place += 12 + length
    raise PngUnreadable("it is cut")


def bands(png: PngFile) -> Iterator[bytes]:
    """All pixels of a file that can be judged, some whole rows at a time: one byte a channel, without padding.

    Raises :class:`PngUnreadable` for damaged pixels.
    """
    stride = 1 + (png.width * png.depth * png.channels + 7) // 8
    rows = max(1, _BAND // (png.width * png.channels + 1))
    source = _Inflated(png.pixels)
    above = bytes(stride - 1)
    for first in range(0, png.height, rows):
        raw = source.read(stride * min(rows, png.height - first))
        if any(raw[::stride]):
            unfiltered = []
            for place in range(0, len(raw), stride):
                above = _unfiltered(raw[place], raw[place + 1 : place + stride], above, png.channels)
                unfiltered.append(above)
            raw = b"".join(unfiltered)
        else:
            above = raw[len(raw) - stride + 1 :]
            plain = bytearray(raw)
            del plain[::stride]
            raw = bytes(plain)
        yield raw if png.depth == 8 else _unpacked(raw, stride - 1, png.width, png.depth)


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
                raise PngUnreadable("its pixels are damaged") from None
            if not (part or given):
                raise PngUnreadable("pixels are missing")
            made += part
        return bytes(made)


def _unfiltered(kind: int, row: bytes, above: bytes, step: int) -> bytes:
    """Undo the filter of a row whose pixels have ``step`` bytes (one where several pixels share a byte)."""
    if kind == 0:
        return row
    if kind == 2:
        return bytes([(value + up) & 255 for value, up in zip(row, above, strict=True)])
    made = bytearray(len(row))
    if kind == 1:
        for channel in range(step):
            made[channel::step] = bytes([value & 255 for value in accumulate(row[channel::step])])
        return bytes(made)
    if kind not in {3, 4}:
        raise PngUnreadable("a row has a filter that there is not")
    for channel in range(step):
        made[channel::step] = _predicted(kind, row[channel::step], above[channel::step])
    return bytes(made)


def _predicted(kind: int, row: bytes, above: bytes) -> bytes:
    """One channel of a row whose bytes are told by their neighbours."""
    made = bytearray()
    left = corner = 0
    for value, up in zip(row, above, strict=True):
        if value or left != up or up != corner:
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
