"""Which file of a split holds which kinds of object, and how their ids are counted."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from exportkit.records import REGION_KINDS
from exportkit.writing import Plan
from exportkit_coco.options import CocoOptions

__all__ = [
    "BOXES",
    "CAPTIONS",
    "INSTANCES",
    "KEYPOINTS",
    "PANOPTIC",
    "STUFF",
    "Role",
    "Roles",
    "is_segmented",
    "numbered_kinds",
    "roles_of",
]

_BOX = frozenset({"box"})
_KEYPOINTS = frozenset({"keypoints"})
_OBJECTS = frozenset({"box", "rotated_box", "polygon", "mask", "keypoints"})


class Role(msgspec.Struct, frozen=True):
    """One kind of annotation file (formats, section 5.1)."""

    name: str
    #: Position in :func:`numbered_kinds` of the set that counts its annotation ids.
    numbering: int


INSTANCES, _REGIONS, BOXES = Role("instances", 0), Role("instances", 1), Role("boxes", 2)
KEYPOINTS, CAPTIONS, STUFF = Role("person_keypoints", 3), Role("captions", 4), Role("stuff", 5)
#: Its entries are pictures: they have no ids of their own.
PANOPTIC = Role("panoptic", 6)


class Roles(msgspec.Struct, frozen=True):
    """The files of a dataset."""

    #: Objects with a region, and those with nothing but a box: one role, or two where these are kept apart.
    objects: Role
    boxes: Role
    #: Those that are written, in the order of the specification.
    written: tuple[Role, ...]
    #: For kinds that become one entry of one file as they are: the numbering of that file.
    plain: Mapping[str, int]


def numbered_kinds(options: CocoOptions) -> tuple[frozenset[str], ...]:
    """Kinds that are counted together, see the numbering of each role.

    Objects with key points are among those with a region and among those with nothing but a box: only the object
    itself tells, so that ids have gaps where the two are kept apart.
    """
    semantic = REGION_KINDS if options.segmentation == "semantic" else frozenset[str]()
    objects = _OBJECTS if options.segmentation == "instance" else _OBJECTS - REGION_KINDS
    captions = frozenset({"caption"})
    return objects, objects - _BOX, _BOX | _KEYPOINTS, _KEYPOINTS, captions, semantic, frozenset()


def is_segmented(options: CocoOptions, plan: Plan) -> bool:
    """Whether the dataset has an object that is written with a region of its own."""
    kinds = numbered_kinds(options)[_REGIONS.numbering] - _KEYPOINTS
    return bool(_outlined(options, plan)) or any(plan.kinds.get(kind) for kind in kinds)


def _outlined(options: CocoOptions, plan: Plan) -> int:
    """Objects with key points that are written with their region."""
    return plan.outlined if options.segmentation != "exclude" else 0


def roles_of(options: CocoOptions, plan: Plan) -> Roles:
    """The roles of a dataset: those that have an annotation, or ``instances`` where none has one."""
    numberings = numbered_kinds(options)
    apart = options.boxes == "separate" and is_segmented(options, plan)
    objects, boxes = (_REGIONS, BOXES) if apart else (INSTANCES, INSTANCES)
    candidates = (objects, *((boxes,) if apart else ()), KEYPOINTS, CAPTIONS, STUFF)
    # Where the two are kept apart, an object with key points and a region has more than a box.
    bare = plan.kinds.get("box", 0) + plan.kinds.get("keypoints", 0) - _outlined(options, plan)
    written = [
        role
        for role in candidates
        if (bare if role is BOXES else any(plan.kinds.get(kind) for kind in numberings[role.numbering]))
    ] or [objects]
    if options.panoptic:
        written.append(PANOPTIC)
    plain = dict.fromkeys(numberings[objects.numbering] - _KEYPOINTS, objects.numbering)
    plain["box"] = boxes.numbering
    if options.panoptic:
        plain = {kind: numbering for kind, numbering in plain.items() if kind not in REGION_KINDS}
    return Roles(objects, boxes, tuple(written), plain)
