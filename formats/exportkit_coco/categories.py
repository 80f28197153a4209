"""The list ``categories`` of each role file."""

from __future__ import annotations

import json
from collections.abc import Iterator

from exportkit.errors import UsageError
from exportkit.records import Skeleton
from exportkit.writing import Plan
from exportkit.writing.palette import palette_color
from exportkit_coco.options import CocoOptions
from exportkit_coco.roles import CAPTIONS, KEYPOINTS, PANOPTIC, Role

__all__ = ["Categories"]


class Categories:
    """Classes by name, with their numbers, the skeletons of their objects, and whether objects are told apart.

    Raises UsageError where ``things`` names no class, and where the source has not one number for each class.
    """

    def __init__(self, options: CocoOptions, plan: Plan) -> None:
        self._names = plan.classes
        self._numbers = numbers = _numbers(options, plan)
        self.ids: dict[str | None, int] = {name: numbers[index] for name, index in plan.class_index.items()}
        #: Pairs of the source's number and the one that is written, where any two differ.
        self.renumbered = [(old, numbers[index]) for index, old in plan.class_numbers.items() if old != numbers[index]]
        unknown = [name for name in options.things or () if name not in plan.class_index]
        if unknown:
            raise UsageError(f"things names {unknown[0]!a}, which is no class of the dataset; name its classes only.")
        things = plan.class_index.keys() if options.things is None else options.things
        #: Numbers of the classes whose objects are not told apart in panoptic segments.
        self.stuff = frozenset(numbers[index] for name, index in plan.class_index.items() if name not in things)
        #: Of each class with key points the skeleton that most of its objects have.
        self.skeletons = {label: skeletons[0] for label, skeletons in plan.skeletons.items() if skeletons}

    def of(self, role: Role) -> str:
        """The finished list: of key points the classes with a skeleton, of captions none, else the whole class map."""
        return f"[{','.join(self._entries(role))}]"

    def _entries(self, role: Role) -> Iterator[str]:
        for index, name in enumerate(self._names) if role != CAPTIONS else ():
            number = self._numbers[index]
            entry = f'"id":{number},"name":{json.dumps(name)},"supercategory":""'
            if role == PANOPTIC:
                color = ",".join(map(str, palette_color(index + 1)))
                yield f'{{{entry},"isthing":{number not in self.stuff:d},"color":[{color}]}}'
            elif role != KEYPOINTS:
                yield f"{{{entry}}}"
            elif name in self.skeletons:
                yield f"{{{entry},{_skeleton_keys(self.skeletons[name])}}}"


def _numbers(options: CocoOptions, plan: Plan) -> list[int]:
    """The number of each class, in index order."""
    count = len(plan.classes)
    if options.category_ids != "source":
        first = 1 if options.category_ids == "one" else 0
        return list(range(first, first + count))
    if len(plan.class_numbers) != count:
        raise UsageError(
            "category_ids=source needs one whole number for each class, the category_id beside it in the annotations, "
            "and no number for two classes; use category_ids=one."
        )
    return [plan.class_numbers[index] for index in range(count)]


def _skeleton_keys(skeleton: Skeleton) -> str:
    """``keypoints`` and ``skeleton``, whose pairs count points from 1."""
    points = json.dumps(skeleton.points, separators=(",", ":"))
    edges = [[one + 1, other + 1] for one, other in skeleton.edges]
    return f'"keypoints":{points},"skeleton":{json.dumps(edges, separators=(",", ":"))}'
