"""``labelmap.txt``: a colour for each class."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

__all__ = ["label_map", "palette_color", "why_no_label_map"]

#: Planes hold 8 bits, of which 0 is background and 255 void.
_MOST_CLASSES = 254
_UNHOLDABLE = re.compile("[:#\x00-\x1f\x7f-\x9f]")


def palette_color(index: int) -> tuple[int, int, int]:
    """Entry of the VOC palette: the bits of the index dealt to the high bits of red, green and blue in turn."""
    red = green = blue = 0
    for place in range(8):
        bit = 7 - place
        red |= (index >> (3 * place) & 1) << bit
        green |= (index >> (3 * place + 1) & 1) << bit
        blue |= (index >> (3 * place + 2) & 1) << bit
    return red, green, blue


def why_no_label_map(names: Sequence[str]) -> str | None:
    """Why these classes have no label map, or None (formats, section 5.3)."""
    if len(names) > _MOST_CLASSES:
        return f"there are {len(names)} classes, more than {_MOST_CLASSES}"
    bad = next((name for name in names if _UNHOLDABLE.search(name)), None)
    return None if bad is None else f"the class {ascii(bad)[:120]} holds ':', '#' or a control character"


def label_map(names: Sequence[str]) -> bytes:
    """Lines ``name:r,g,b:parts:actions``, background first, then the classes in index order."""
    return "".join(_lines(names)).encode()


def _lines(names: Sequence[str]) -> Iterator[str]:
    for index, name in enumerate(("background", *names)):
        red, green, blue = palette_color(index)
        yield f"{name}:{red},{green},{blue}::\n"
