"""The COCO writer: ``annotations/instances_<split>.json`` over ``images/<split>/``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from math import isfinite
from typing import Any, ClassVar

from exportkit.errors import AnnotationFault, AnnotationSkip, UsageError
from exportkit.records import REGION_KINDS, Annotation, Canvas, Record, RotatedBox, decimal_text, quoted
from exportkit.writing import (
    Encoded,
    Fragments,
    NamingRule,
    Outcome,
    OutputFile,
    Placement,
    Plan,
    Writer,
    WriterOptions,
    failed,
    lossy,
    skipped,
    written,
)
from exportkit.writing.attributes import attribute_text, read_attributes
from exportkit_coco.options import CocoOptions
from exportkit_coco.ordinary import object_texts
from exportkit_coco.roles import Role, is_segmented, numbered_kinds, roles_of
from exportkit_coco.shape import Shapes

__all__ = ["CocoWriter"]

_HEAD = b'{"info":{"description":"","version":"1.0"},"licenses":[],"images":['
_FLAGS = ("difficult", "truncated", "occluded")
_NAMES = ("group_id", "track_id", "frame")


class CocoWriter(Writer):
    """COCO instances: boxes, polygons and masks of every object (formats, section 5.1).

    Pixels, 0-based, ``bbox`` as x, y, width, height. Each role file lists all pictures of its split and the
    whole class map; annotation ids ascend from 1 over all splits.
    """

    name: ClassVar[str] = "coco"
    summary: ClassVar[str] = "COCO instances: boxes, polygons and masks, for pycocotools and torchvision"
    options_model: ClassVar[type[WriterOptions]] = CocoOptions
    kinds: ClassVar[Mapping[str, str]] = {
        "box": "written",
        "rotated_box": "N_ROTATION_AS_POLYGON",
        "polygon": "written",
        "mask": "written",
        "point": "S_POINT_UNGROUPED",
    }

    options: CocoOptions

    def __init__(self, options: CocoOptions, plan: Plan) -> None:
        super().__init__(options, plan)
        if options.ids == "source" and not plan.ids_usable:
            raise UsageError(
                "ids=source needs record ids that are whole numbers from 1 to 2^53 - 1 with one picture each; "
                "use ids=auto or ids=sequential."
            )
        self._keeps_ids = plan.ids_usable and options.ids != "sequential"
        self._roles = roles_of(options, plan)
        self._role_of = {kind: role for role in self._roles for kind in role.kinds}
        rectangle = options.boxes == "rectangle" and is_segmented(options, plan)
        self._shapes = Shapes(options, plan.max_pixels, rectangle=rectangle)
        self._first_category = first = 1 if options.category_ids == "one" else 0
        self._categories: dict[str | None, int] = {name: first + index for name, index in plan.class_index.items()}
        self._ordinary = object_texts(options, self._categories, rectangle=rectangle)

    @classmethod
    def naming(cls, options: WriterOptions) -> NamingRule:
        flat = isinstance(options, CocoOptions) and options.names == "flat"
        return NamingRule(layout="flat" if flat else "tree")

    @classmethod
    def numberings(cls, options: WriterOptions) -> tuple[frozenset[str], ...]:
        return numbered_kinds(options if isinstance(options, CocoOptions) else CocoOptions())

    def notices(self) -> Iterable[tuple[str, str]]:
        if not self._keeps_ids:
            yield "N_IDS_SEQUENTIAL", "Image ids count from 1 in output order, since the records' ids are not kept."
        if len(self._roles) > 1:
            yield (
                "N_COCO_BOXES_SEPARATE",
                "Objects with nothing but a box stand in boxes_ and are missing in instances_.",
            )

    # -- encoding --------------------------------------------------------------------------------------

    def encode(self, record: Record, placement: Placement) -> Encoded:
        if record.medium != "image":
            return Encoded([skipped("S_MEDIA_UNSUPPORTED")] * len(record.annotations))
        canvas = Canvas(record.width, record.height, self.plan.invalid, self.plan.max_pixels)
        image = record.item_id if self._keeps_ids else placement.ordinal + 1
        roles = self._roles
        numbers = [placement.bases[role.numbering] if placement.bases else 0 for role in roles]
        entries: tuple[list[str], ...] = tuple([] for _ in roles)
        outcomes: list[Outcome] = []
        role_of, categories = self._role_of, self._categories
        texts, shared = self._short_ways(record)
        for annotation, text, short in zip(record.annotations, texts, shared, strict=True):
            role = role_of.get(annotation.kind)
            if role is None:
                outcomes.append(_without_place(annotation.kind))
                continue
            at = 0 if role is roles[0] else 1
            numbers[at] += 1
            category = categories.get(annotation.label)
            if category is None:
                outcomes.append(_class_failure(annotation))
                continue
            if text is not None:
                entries[at].append(f'{{"id":{numbers[at]},"image_id":{image}{text}')
                outcomes.append(short)
                continue
            try:
                bbox, area, segmentation, codes = self._shapes.of(annotation, canvas)
                rest, cost = self._rest(annotation)
            except AnnotationFault as fault:
                outcomes.append(failed(fault.code, fault.message, fault.json_path))
                continue
            except AnnotationSkip as skip:
                outcomes.append(skipped(skip.code, skip.message))
                continue
            entries[at].append(
                f'{{"id":{numbers[at]},"image_id":{image},"category_id":{category},"bbox":{bbox},"area":{area},'
                f'"iscrowd":{annotation.iscrowd:d},"segmentation":{segmentation}{rest}}}'
            )
            outcome = _outcome_of(codes + cost)
            if "N_AREA_RECOMPUTED" in codes:
                message = f"The declared area {quoted(annotation.area)} is not that of the geometry; {area} is written."
                outcome = Outcome(outcome.status, outcome.codes, message, ".area")
            outcomes.append(outcome)
        return Encoded(outcomes, streams=self._streams(record, placement, image, entries))

    def _short_ways(self, record: Record) -> tuple[Sequence[str | None], Sequence[Any]]:
        """For each annotation what follows the ids in its entry, and its outcome; None where it needs care."""
        if self._ordinary is None:
            none = (None,) * len(record.annotations)
            return none, none
        return self._ordinary.of(record.annotations, record.width, record.height)

    def _streams(
        self, record: Record, placement: Placement, image: int | str, entries: tuple[list[str], ...]
    ) -> dict[str, bytes]:
        entry = (
            f'{{"id":{image},"file_name":{json.dumps(placement.name)},"width":{record.width},"height":{record.height}}}'
        ).encode("ascii")
        streams: dict[str, bytes] = {}
        for role, objects in zip(self._roles, entries, strict=True):
            path = _path(role, placement.split)
            streams[f"{path}#images"] = entry
            if objects:
                streams[f"{path}#annotations"] = ",".join(objects).encode("ascii")
        return streams

    def _rest(self, a: Annotation) -> tuple[str, tuple[str, ...]]:
        """``score``, ``attributes`` and ``source_id``, those that there are, and the codes of what has no room."""
        text = ""
        if a.score is not None:
            if not isfinite(a.score):
                raise AnnotationFault(
                    "E_NOT_FINITE", f"The score {a.score} is not finite; give a finite number.", ".score"
                )
            text = f',"score":{decimal_text(a.score)}'
        added = _added_attributes(a)
        codes: tuple[str, ...] = ()
        if a.attributes or added:
            attributes = attribute_text(a.attributes, added, ascii_only=True)
            if attributes != "{}":
                text += f',"attributes":{attributes}'
            if added and a.attributes and _displaces(added, read_attributes(a.attributes)):
                codes = ("L_ATTRIBUTES_DROPPED",)
        if self.options.source_ids and a.id is not None:
            text += f',"source_id":{json.dumps(a.id)}'
        return text, codes

    # -- the rest of the dataset -----------------------------------------------------------------------

    def files(self) -> Iterable[OutputFile]:
        categories = ",".join(
            f'{{"id":{number},"name":{json.dumps(name)},"supercategory":""}}'
            for number, name in enumerate(self.plan.classes, self._first_category)
        )
        tail = f'],"categories":[{categories}]}}\n'.encode("ascii")
        splits = tuple(split.name for split in self.plan.splits if split.records) or ("train",)
        for role in self._roles:
            for split in splits:
                path = _path(role, split)
                images, annotations = Fragments(f"{path}#images", b","), Fragments(f"{path}#annotations", b",")
                yield OutputFile(path, (_HEAD, images, b'],"annotations":[', annotations, tail))


@lru_cache(maxsize=4096)
def _outcome_of(codes: tuple[str, ...]) -> Outcome:
    return lossy(*codes) if any(code[0] == "L" for code in codes) else written(*codes)


def _path(role: Role, split: str) -> str:
    return f"annotations/{role.name}_{split}.json"


def _without_place(kind: str) -> Outcome:
    if kind in REGION_KINDS:
        return skipped("S_SEGMENTATION_EXCLUDED")
    return skipped("S_POINT_UNGROUPED" if kind == "point" else "S_KIND_UNSUPPORTED")


def _class_failure(annotation: Annotation) -> Outcome:
    shown = ascii((annotation.label or "")[:120])
    return failed("E_CLASS_UNKNOWN", f"The class {shown} is not in the class map; add it to the list.")


def _added_attributes(a: Annotation) -> dict[str, Any]:
    """Fields that COCO has no key for (formats, section 5.0): flags that are true, names that are given, the turn."""
    if not (
        a.difficult
        or a.truncated
        or a.occluded
        or a.group_id is not None
        or a.track_id is not None
        or a.frame is not None
        or isinstance(a.geometry, RotatedBox)
    ):
        return {}
    added: dict[str, Any] = {flag: True for flag in _FLAGS if getattr(a, flag)}
    added |= {name: getattr(a, name) for name in _NAMES if getattr(a, name) is not None}
    if isinstance(a.geometry, RotatedBox):
        added["rotation_rad"] = a.geometry.theta
    return added


def _displaces(added: Mapping[str, Any], attributes: Mapping[str, Any]) -> bool:
    return any(name in attributes and attributes[name] != value for name, value in added.items())
