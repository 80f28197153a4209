"""The media of an item in the DM schemas, and which original belongs to which (formats, section 1.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from exportkit.normalize.item import FilePlace, Item
from exportkit.normalize.kinds import MEDIUM_BY_PREFIX

__all__ = ["medium_of", "natural_order", "place_of", "specs_of"]

_DIGITS = re.compile(r"([0-9]+)")


def natural_order(names: Iterable[str]) -> list[str]:
    """``names`` sorted so that ``image_2`` stands before ``image_10``."""
    return sorted(names, key=_natural)


def _natural(name: str) -> tuple[Any, ...]:
    # Digits are compared by length and then as text: the same order as by value, for any number of digits.
    parts = _DIGITS.split(name)
    numbers = ((len(part.lstrip("0")), part.lstrip("0")) for part in parts[1::2])
    return (tuple(zip(parts[0::2], [*numbers, (0, "")], strict=True)), name)


def medium_of(media_id: str) -> str | None:
    """The type of a media id ``<type>_<n>``, or None for a type of no known name."""
    return MEDIUM_BY_PREFIX.get(media_id.rpartition("_")[0] or media_id)


def specs_of(item: Item, medium: str) -> list[str]:
    """Names of the item's data specs of one medium, in natural order."""
    return natural_order(place.spec for place in item.files if medium_of(place.spec) == medium)


def place_of(item: Item, media_id: str, *, alone: bool) -> FilePlace | None:
    """The original of one medium: the chosen entry where the item has one medium, else that of the same name."""
    if alone:
        return item.chosen
    return next((place for place in item.files if place.spec == media_id), None)
