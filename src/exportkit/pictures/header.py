"""The size of a picture from its first bytes, told by content and never by extension."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from exportkit.pictures.bmp import is_bmp, read_bmp
from exportkit.pictures.facts import EXTENSIONS, PictureHeader, PictureUnreadable
from exportkit.pictures.gif import is_gif, read_gif
from exportkit.pictures.heif import is_heif, read_heif
from exportkit.pictures.jpeg import is_jpeg, read_jpeg
from exportkit.pictures.jpeg2000 import is_jpeg2000, read_jpeg2000
from exportkit.pictures.png import is_png, read_png
from exportkit.pictures.pnm import is_pnm, read_pnm
from exportkit.pictures.tiff import is_tiff, read_tiff
from exportkit.pictures.webp import is_webp, read_webp
from exportkit.pictures.window import Window

__all__ = ["EXTENSIONS", "PictureHeader", "PictureUnreadable", "probe"]

_FAMILIES: Final[tuple[tuple[Callable[[bytes], bool], Callable[[Window], PictureHeader]], ...]] = (
    (is_jpeg, read_jpeg),
    (is_png, read_png),
    (is_webp, read_webp),
    (is_gif, read_gif),
    (is_tiff, read_tiff),
    (is_heif, read_heif),
    (is_jpeg2000, read_jpeg2000),
    (is_bmp, read_bmp),
    (is_pnm, read_pnm),
)
_LARGEST_SIDE: Final = 2**31 - 1


def probe(source: int | bytes | memoryview) -> PictureHeader:
    """Read the header of a picture, given as a file descriptor or as its bytes (formats, section 1.4).

    No pixel is decoded, at most 256 KiB are read, and the position of a descriptor stays where it is. Raises
    PictureUnreadable, whose message names the reason and quotes nothing of the content.
    """
    window = Window(source)
    start = window.peek(0, 16)
    for claims, read in _FAMILIES:
        if claims(start):
            header = read(window)
            if not (1 <= header.stored_width <= _LARGEST_SIDE and 1 <= header.stored_height <= _LARGEST_SIDE):
                raise PictureUnreadable("the header declares an impossible size")
            return header
    raise PictureUnreadable("the content is no picture of a known format" if start else "the file is empty")
