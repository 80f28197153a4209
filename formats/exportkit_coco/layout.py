"""Where the files of a dataset lie: the specification's folders, those of COCO 2017, those of Roboflow."""

from __future__ import annotations

from typing import Literal

import msgspec

from exportkit.writing import NamingRule
from exportkit_coco.options import CocoOptions
from exportkit_coco.roles import BOXES, CAPTIONS, INSTANCES, KEYPOINTS, PANOPTIC, STUFF, Role

__all__ = ["Layout", "layout_of", "naming_of"]

_ROLES = (INSTANCES, BOXES, KEYPOINTS, CAPTIONS, STUFF, PANOPTIC)


class Layout(msgspec.Struct, frozen=True):
    """Templates of paths; the word of a split and the name of a role are put into them."""

    pictures: str
    file: str
    #: Words of splits and names of roles that are others here.
    words: dict[str, str] = {}

    def picture(self, split: str, name: str) -> str:
        """Path of a picture."""
        return f"{self.pictures.format(split=self._word(split))}/{name}"

    def path(self, role: Role, split: str) -> str:
        """Path of a role file."""
        return self.file.format(role=self._word(role.name), split=self._word(split))

    def planes(self, split: str) -> str:
        """Folder of the panoptic PNG files: that of their role file, without its ending, as panopticapi expects."""
        return self.path(PANOPTIC, split).removesuffix(".json")

    def _word(self, word: str) -> str:
        return self.words.get(word, word)


_LAYOUTS: dict[Literal["roles", "2017", "roboflow"], Layout] = {
    "roles": Layout("images/{split}", "annotations/{role}_{split}.json"),
    "2017": Layout("{split}2017", "annotations/{role}_{split}2017.json"),
    "roboflow": Layout("{split}", "{split}/_{role}.coco.json", {"val": "valid", "instances": "annotations"}),
}


def layout_of(options: CocoOptions) -> Layout:
    """The layout that was asked for."""
    return _LAYOUTS[options.layout]


def naming_of(options: CocoOptions) -> NamingRule:
    """How pictures are called: with their folders, but flat where annotation files stand beside them.

    There the stems of these files are taken, so that no picture stands in their place.
    """
    layout = _LAYOUTS[options.layout]
    if options.layout != "roboflow":
        return NamingRule(layout=options.names or "tree")
    stems = frozenset(layout.path(role, "").lstrip("/").removesuffix(".json") for role in _ROLES)
    return NamingRule(layout=options.names or "flat", refused_folders=stems, reserved_stems=stems)
