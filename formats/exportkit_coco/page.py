"""What one record gives to each file of its split."""

from __future__ import annotations

from collections.abc import Mapping

from exportkit_coco.options import CocoOptions
from exportkit_coco.roles import numbered_kinds

__all__ = ["Page", "numberings_of_kinds"]


def numberings_of_kinds(options: CocoOptions) -> Mapping[str, tuple[int, ...]]:
    """For each kind that is numbered, the numberings that count it."""
    numberings = numbered_kinds(options)
    kinds = frozenset[str]().union(*numberings)
    return {kind: tuple(place for place, own in enumerate(numberings) if kind in own) for kind in sorted(kinds)}


class Page:
    """Entries by the numbering of their file, and the last number that was given in each.

    An annotation is counted whether or not it fails later: ids are positions (formats, section 5.1).
    """

    __slots__ = ("entries", "image", "numbers")

    def __init__(self, image: int | str, bases: tuple[int, ...], numberings: int) -> None:
        self.image = image
        self.numbers = list(bases) or [0] * numberings
        self.entries: list[list[str]] = [[] for _ in range(numberings)]

    def add(self, numbering: int, body: str, number: int = 0) -> None:
        """Add an entry, by default with the number of the annotation that was counted last."""
        self.entries[numbering].append(f'{{"id":{number or self.numbers[numbering]},"image_id":{self.image},{body}')
