"""Image file directories: the tag lists of TIFF, and of EXIF in every other format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from exportkit.pictures.facts import PictureUnreadable
from exportkit.pictures.window import Window

__all__ = ["Directory", "read_orientation"]

ORIENTATION: Final = 274
_MOST_ENTRIES: Final = 4096
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 6: 1, 7: 1, 8: 2, 9: 4, 13: 4, 16: 8, 17: 8, 18: 8}  # whole-number types


class Directory:
    """The first directory of a TIFF structure that begins at `base`; only whole numbers are read.

    Raises PictureUnreadable when there is no such structure. All offsets in it count from `base`.
    """

    def __init__(self, window: Window, base: int = 0) -> None:
        start = window.read(base, 8)
        orders: dict[bytes, Literal["little", "big"]] = {b"II": "little", b"MM": "big"}
        order = orders.get(start[:2])
        version = int.from_bytes(start[2:4], order or "big")
        if order is None or version not in {42, 43}:
            raise PictureUnreadable("the TIFF structure has no valid beginning")
        self._window = window
        self._base = base
        self._order: Final = order
        self.is_big: Final = version == 43
        self._entries: Final = dict(self._read_entries())

    def __contains__(self, tag: int) -> bool:
        return tag in self._entries

    def number(self, tag: int, default: int = 0) -> int:
        """Return the first value of a tag."""
        values = self.numbers(tag, 1)
        return values[0] if values else default

    def count(self, tag: int) -> int:
        """Return how many values a tag declares."""
        return self._entries[tag][1] if tag in self._entries else 0

    def numbers(self, tag: int, most: int) -> list[int]:
        """Return the values of a tag, the last `most` of them when there are more; empty for an absent tag."""
        kind, count, inline = self._entries.get(tag, (0, 0, b""))
        size = _SIZES.get(kind, 0)
        if not size or not count:
            return []
        taken = min(count, most)
        skipped = (count - taken) * size
        if count * size <= len(inline):
            data = inline[skipped : count * size]
        else:
            data = self._window.read(self._base + int.from_bytes(inline, self._order) + skipped, taken * size)
        return [int.from_bytes(data[at : at + size], self._order) for at in range(0, len(data), size)]

    def _read_entries(self) -> Iterator[tuple[int, tuple[int, int, bytes]]]:
        """Yield (tag, (type, count, the four or eight bytes of value or offset))."""
        word, counter = (8, 8) if self.is_big else (4, 2)
        first = self._number(self._base + (8 if self.is_big else 4), word)
        entries = self._number(self._base + first, counter)
        size = 4 + 2 * word
        for index in range(min(entries, _MOST_ENTRIES)):
            entry = self._window.read(self._base + first + counter + index * size, size)
            tag, kind = (int.from_bytes(entry[at : at + 2], self._order) for at in (0, 2))
            yield tag, (kind, int.from_bytes(entry[4 : 4 + word], self._order), entry[4 + word :])

    def _number(self, offset: int, length: int) -> int:
        return self._window.number(offset, length, self._order)


def read_orientation(window: Window, base: int) -> int:
    """Return the EXIF orientation, 1 to 8, of the EXIF block at `base`; 1 when it tells none or is damaged.

    Damaged EXIF costs no picture: readers show it unturned.
    """
    try:
        if window.peek(base, 6) in {b"Exif\0\0", b"Exif\0\xff"}:
            base += 6
        return valid_orientation(Directory(window, base).number(ORIENTATION, 1))
    except PictureUnreadable:
        return 1


def valid_orientation(value: int) -> int:
    """Return `value` when it is 1 to 8, else 1."""
    return value if 1 <= value <= 8 else 1
