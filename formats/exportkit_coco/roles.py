"""Which file of a split holds which kinds of object, and how their ids are counted."""

from __future__ import annotations

import msgspec

from exportkit.records import REGION_KINDS
from exportkit.writing import Plan
from exportkit_coco.options import CocoOptions

__all__ = ["Role", "is_segmented", "numbered_kinds", "roles_of"]

_BOX = frozenset({"box"})
_OBJECTS = frozenset({"box", "rotated_box", "polygon", "mask"})


class Role(msgspec.Struct, frozen=True):
    """One kind of annotation file (formats, section 5.1)."""

    name: str
    kinds: frozenset[str]
    #: Position in :func:`numbered_kinds` of the set that counts its annotation ids.
    numbering: int


def numbered_kinds(options: CocoOptions) -> tuple[frozenset[str], ...]:
    """Kinds that are counted together: all objects, those with a region, those with nothing but a box.

    Which of them a file uses depends on the plan, see :func:`roles_of`.
    """
    objects = _OBJECTS - REGION_KINDS if options.segmentation == "exclude" else _OBJECTS
    return objects, objects - _BOX, _BOX


def is_segmented(options: CocoOptions, plan: Plan) -> bool:
    """Whether the dataset has an object that is written with a region."""
    return any(plan.kinds.get(kind) for kind in numbered_kinds(options)[1])


def roles_of(options: CocoOptions, plan: Plan) -> tuple[Role, ...]:
    """The roles of a dataset: ``instances``, and ``boxes`` where box-only objects are kept apart."""
    objects, regions, boxes = numbered_kinds(options)
    if options.boxes != "separate" or not is_segmented(options, plan):
        return (Role("instances", objects, 0),)
    instances = Role("instances", regions, 1)
    return (instances, Role("boxes", boxes, 2)) if plan.kinds.get("box") else (instances,)
