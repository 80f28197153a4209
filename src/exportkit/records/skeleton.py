"""Skeletons: which key points an object has, and which of them are joined."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from exportkit.records.keypoints import Keypoints

__all__ = ["PERSON_17", "Skeleton"]

#: The words ``left`` and ``right`` where they stand alone: beside ``_``, blanks, digits or a capital letter.
_SIDE = re.compile(r"(?:(?<![A-Za-z])(?:[Ll]eft|[Rr]ight|LEFT|RIGHT)(?![a-z])|(?<=[a-z])(?:Left|Right)(?![a-z]))")
_OTHER = {"left": "right", "Left": "Right", "LEFT": "RIGHT"}
_OTHER |= {right: left for left, right in _OTHER.items()}


class Skeleton(msgspec.Struct, frozen=True, gc=False):
    """Ordered point names and the edges between them; ``edges`` are 0-based pairs (COCO writes them 1-based).

    ``flip`` is the flip map where its source gives one: the index each point takes when the picture is mirrored.
    """

    name: str
    points: tuple[str, ...]
    edges: tuple[tuple[int, int], ...] = ()
    flip: tuple[int, ...] | None = None

    def flip_map(self) -> tuple[int, ...] | None:
        """Return the index each point takes when the picture is mirrored; None if nothing tells a side.

        Where none is given, points pair by swapping the words left and right in their names; unpaired ones map to
        themselves.
        """
        if self.flip is not None:
            return self.flip
        index = {name: position for position, name in enumerate(self.points)}
        if not any(_SIDE.search(name) for name in self.points):
            return None
        return tuple(index.get(_mirrored(name), position) for position, name in enumerate(self.points))

    @classmethod
    def of(cls, keypoints: Keypoints, known: Skeleton | None = None) -> Skeleton:
        """Return the skeleton of one object; ``known`` is the one that the user gave for all.

        Points that have the names of Person-17, and 17 points without names, are Person-17. Other points without
        names are called by their numbers from 1.
        """
        names = keypoints.names
        if known is not None and names == known.points:
            return known
        if names == PERSON_17.points or (not names and len(keypoints.points) == len(PERSON_17.points)):
            return PERSON_17
        names = names or tuple(str(number) for number in range(1, len(keypoints.points) + 1))
        return cls(keypoints.skeleton or "observed", names, keypoints.edges)

    def fits(self, keypoints: Keypoints) -> bool:
        """Whether an object has these points, in this order; points without names fit by their number."""
        if keypoints.names:
            return keypoints.names == self.points
        return len(keypoints.points) == len(self.points)

    @classmethod
    def of_observed(cls, names: set[str]) -> Skeleton:
        """Return Person-17 if all observed point names are in it, else the names in code-point order without edges."""
        if names and names <= set(PERSON_17.points):
            return PERSON_17
        return cls("observed", tuple(sorted(names)))


def _mirrored(name: str) -> str:
    return _SIDE.sub(lambda found: _OTHER[found.group()], name)


def _person_points() -> tuple[str, ...]:
    parts = ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    return ("nose", *(f"{side}_{part}" for part in parts for side in ("left", "right")))


#: The person of COCO key points (wire contract, section 25).
PERSON_17 = Skeleton(
    name="person",
    points=_person_points(),
    edges=(
        (15, 13),
        (13, 11),
        (16, 14),
        (14, 12),
        (11, 12),
        (5, 11),
        (6, 12),
        (5, 6),
        (5, 7),
        (6, 8),
        (7, 9),
        (8, 10),
        (1, 2),
        (0, 1),
        (0, 2),
        (1, 3),
        (2, 4),
        (3, 5),
        (4, 6),
    ),
)
