"""JPEG, and the multi-picture files (MPO) that begin like one (ITU-T T.81; CIPA DC-007)."""

from __future__ import annotations

from typing import Final

from exportkit.pictures.facts import PictureHeader, PictureUnreadable
from exportkit.pictures.ifd import Directory, read_orientation
from exportkit.pictures.window import Window

__all__ = ["is_jpeg", "read_jpeg"]

_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_SCAN, _END, _APP1, _APP2 = 0xDA, 0xD9, 0xE1, 0xE2
_PICTURE_COUNT: Final = 0xB001


def is_jpeg(start: bytes) -> bool:
    """Tell whether a file beginning with `start` claims to be JPEG."""
    return start.startswith(b"\xff\xd8\xff")


def read_jpeg(window: Window) -> PictureHeader:
    """Read the markers up to the first scan."""
    frame: bytes | None = None
    orientation = pictures = 0
    gain_map = False
    at = 2
    while True:
        marker, at = _next_marker(window, at)
        if marker in _ALONE:
            continue
        if marker in {_SCAN, _END}:
            break
        length = window.number(at, 2)
        if length < 2:
            raise PictureUnreadable("a JPEG segment has an impossible length")
        if marker in _FRAMES and frame is None:
            frame = window.read(at + 2, 6)
        elif marker == _APP1 and window.peek(at + 2, 4) == b"Exif":
            orientation = orientation or read_orientation(window, at + 2)
        elif marker == _APP1:
            gain_map = gain_map or b' hdrgm:Version="' in window.peek(at + 2, min(length - 2, 4096))
        elif marker == _APP2 and window.peek(at + 2, 4) == b"MPF\0":
            pictures = pictures or _count_pictures(window, at + 6)
        at += length
    if frame is None:
        raise PictureUnreadable("the JPEG has no frame header")
    samples = frame[5]
    return PictureHeader(
        # Pillow's distinction: a second picture that is only a gain map leaves the file an ordinary JPEG.
        format="mpo" if pictures > 1 and not gain_map else "jpg",
        stored_width=int.from_bytes(frame[3:5], "big"),
        stored_height=int.from_bytes(frame[1:3], "big"),
        orientation=orientation or 1,
        channels=samples if samples in {1, 4} else 3,
        bits=frame[0],
    )


def _next_marker(window: Window, at: int) -> tuple[int, int]:
    """Return the code of the next marker and the offset behind it; bytes that belong nowhere are passed over."""
    while True:
        ahead = window.peek(at, 2)
        if len(ahead) < 2:
            raise PictureUnreadable("the JPEG ends before its first scan")
        if ahead[0] == 0xFF and ahead[1] not in {0x00, 0xFF}:
            return ahead[1], at + 2
        at += 1


def _count_pictures(window: Window, base: int) -> int:
    try:
        return Directory(window, base).number(_PICTURE_COUNT)
    except PictureUnreadable:
        return 0
