"""``labelmap.txt``: a colour for each class."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from exportkit_voc.palette import LAST_INDEX, palette_color

__all__ = ["label_map", "why_no_label_map"]

_UNHOLDABLE = re.compile("[:#\x00-\x1f\x7f-\x9f]")


def why_no_label_map(names: Sequence[str]) -> str | None:
    """Why these classes have no label map, or None (formats, section 5.3)."""
    if len(names) > LAST_INDEX:
        return f"there are {len(names)} classes, more than {LAST_INDEX}"
    bad = next((name for name in names if _UNHOLDABLE.search(name)), None)
    return None if bad is None else f"the class {ascii(bad)[:120]} holds ':', '#' or a control character"


def label_map(names: Sequence[str]) -> bytes:
    """Lines ``name:r,g,b:parts:actions``, background first, then the classes in index order."""
    return "".join(_lines(names)).encode()


def _lines(names: Sequence[str]) -> Iterator[str]:
    for index, name in enumerate(("background", *names)):
        red, green, blue = palette_color(index)
        yield f"{name}:{red},{green},{blue}::\n"
