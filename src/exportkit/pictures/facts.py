"""What a picture's header tells."""

from __future__ import annotations

from typing import Final

import msgspec

__all__ = ["EXTENSIONS", "PictureHeader", "PictureUnreadable"]

#: Extensions, in lower case, that do not contradict a format; the format itself is its usual one. A camera's
#: multi-picture JPEG is commonly named jpg, and raw pictures and TIFF share their container.
EXTENSIONS: Final[dict[str, frozenset[str]]] = {
    "avif": frozenset({"avif", "avifs"}),
    "bmp": frozenset({"bmp", "dib"}),
    "dng": frozenset({"dng", "tif", "tiff"}),
    "gif": frozenset({"gif"}),
    "heic": frozenset({"heic", "heics", "heif", "heifs", "hif"}),
    "heif": frozenset({"heif", "heifs", "heic", "heics", "hif", "avif"}),
    "jp2": frozenset({"jp2", "jpx", "jpf", "jpm", "mj2", "j2k", "j2c", "jpc"}),
    "jpg": frozenset({"jpg", "jpeg", "jpe", "jfif", "jif"}),
    "mpo": frozenset({"mpo", "jpg", "jpeg", "jpe", "jps"}),
    "png": frozenset({"png", "apng"}),
    "pnm": frozenset({"pnm", "pbm", "pgm", "ppm", "pam"}),
    "tif": frozenset({"tif", "tiff"}),
    "webp": frozenset({"webp"}),
}


class PictureUnreadable(Exception):
    """The bytes are no picture of a known format, or its header is damaged. The message says which."""


class PictureHeader(msgspec.Struct, frozen=True, gc=False):
    """Facts that stand in a header; nothing was decoded, so the pixels may still be damaged.

    `stored_width` and `stored_height` are pixels as stored, both at least 1; `orientation` is the EXIF number that
    turns them for display. `channels` is 1 (grey), 3 (colour, palette, unknown) or 4 (colour and alpha, CMYK).
    `bits` is the depth of one sample, 0 when unknown. `declared_end` is the least size in bytes that the header
    demands of its file, 0 when it demands none.
    """

    format: str
    stored_width: int
    stored_height: int
    orientation: int = 1
    channels: int = 3
    bits: int = 8
    declared_end: int = 0

    @property
    def width(self) -> int:
        """Width in pixels as displayed, orientation applied."""
        return self.stored_height if self.orientation >= 5 else self.stored_width

    @property
    def height(self) -> int:
        """Height in pixels as displayed, orientation applied."""
        return self.stored_width if self.orientation >= 5 else self.stored_height
