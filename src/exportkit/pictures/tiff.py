"""TIFF, BigTIFF and DNG (TIFF 6.0; DNG 1.7)."""

from __future__ import annotations

from typing import Final

from exportkit.pictures.facts import PictureHeader
from exportkit.pictures.ifd import ORIENTATION, Directory, valid_orientation
from exportkit.pictures.window import Window

__all__ = ["is_tiff", "read_tiff"]

_WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC, _SAMPLES, _DNG_VERSION = 256, 257, 258, 262, 277, 50706
# Offsets and byte counts of strips, and of tiles.
_PIECES: Final = ((273, 279), (324, 325))
_MOST_PIECES: Final = 4096
_PALETTE: Final = 3


def is_tiff(start: bytes) -> bool:
    """Tell whether a file beginning with `start` claims to be TIFF."""
    return start.startswith((b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"MM\0+\0\x08\0\0"))


def read_tiff(window: Window) -> PictureHeader:
    """Read the first directory: the picture that general readers open, also in a DNG (where it may be a preview)."""
    directory = Directory(window)
    samples = directory.number(_SAMPLES, 1)
    grey = samples in {1, 2} and directory.number(_PHOTOMETRIC) != _PALETTE
    return PictureHeader(
        format="dng" if _DNG_VERSION in directory else "tif",
        stored_width=directory.number(_WIDTH),
        stored_height=directory.number(_HEIGHT),
        orientation=valid_orientation(directory.number(ORIENTATION, 1)),
        channels=1 if grey else 4 if samples == 4 else 3,
        bits=min(directory.number(_BITS, 1), 64),
        declared_end=max(_end_of_pieces(directory, *tags) for tags in _PIECES),
    )


def _end_of_pieces(directory: Directory, offsets: int, lengths: int) -> int:
    """Return where the last strip or tile ends; of very many, the last ones in order are looked at."""
    if directory.count(offsets) != directory.count(lengths):
        return 0
    pieces = zip(directory.numbers(offsets, _MOST_PIECES), directory.numbers(lengths, _MOST_PIECES), strict=False)
    return max((start + length for start, length in pieces), default=0)
