"""PNG files of a palette and 8 bits a pixel, mode ``P`` to Pillow (W3C PNG, section 11.2)."""

from __future__ import annotations

import struct
import zlib
from functools import cache

from exportkit_voc.palette import palette

__all__ = ["FILTER_BYTES", "palette_png"]

#: Every row of pixels begins with one byte that names its filter; 0 is none, which suits areas of one value best.
FILTER_BYTES = 1
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PALETTE_COLOUR = 3


def palette_png(width: int, height: int, rows: bytes | bytearray) -> bytes:
    """A whole file; ``rows`` are ``height`` times a filter byte 0 and ``width`` palette indices."""
    header = struct.pack(">IIBBBBB", width, height, 8, _PALETTE_COLOUR, 0, 0, 0)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", header),
            _palette_chunk(),
            _chunk(b"IDAT", _compressed(rows)),
            _chunk(b"IEND", b""),
        )
    )


def _compressed(rows: bytes | bytearray) -> bytes:
    # Planes are runs of equal values: looking for nothing else is faster, and packs them better.
    packer = zlib.compressobj(strategy=zlib.Z_RLE)
    return packer.compress(rows) + packer.flush()


@cache
def _palette_chunk() -> bytes:
    return _chunk(b"PLTE", palette())


def _chunk(kind: bytes, data: bytes) -> bytes:
    return b"".join((struct.pack(">I", len(data)), kind, data, struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))))
