"""PNG files of 8 bits a channel, written row by row (W3C PNG, sections 10 and 11.2)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from typing import Literal

__all__ = ["FILTER_BYTES", "png_file"]

#: Every row of pixels begins with one byte that names its filter; 0 is none, which suits areas of one value best.
FILTER_BYTES = 1
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {"RGB": 2, "P": 3}


def png_file(
    width: int, height: int, mode: Literal["RGB", "P"], rows: Iterable[bytes | bytearray], palette: bytes = b""
) -> bytes:
    """A whole file; ``rows`` together are ``height`` times a filter byte 0 and the channels of ``width`` pixels.

    Mode ``P`` needs a palette of three bytes an entry.
    """
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[mode], 0, 0, 0)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", palette) if palette else b"",
            _chunk(b"IDAT", _compressed(rows)),
            _chunk(b"IEND", b""),
        )
    )


def _compressed(rows: Iterable[bytes | bytearray]) -> bytes:
    # Areas of one value are runs of equal bytes: looking for nothing else is faster, and packs them better.
    packer = zlib.compressobj(strategy=zlib.Z_RLE)
    packed = [packer.compress(some) for some in rows]
    return b"".join((*packed, packer.flush()))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return b"".join((struct.pack(">I", len(data)), kind, data, struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))))
