"""The COCO writer: role files of each split over its pictures."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from exportkit.errors import AnnotationFault, AnnotationSkip, RecordFault, UsageError
from exportkit.records import Canvas, Record
from exportkit.writing import (
    Encoded,
    EncodedRun,
    Fragments,
    NamingRule,
    Outcome,
    OutputFile,
    Placement,
    Plan,
    RecordRun,
    Writer,
    WriterOptions,
    failed,
    skipped,
)
from exportkit_coco.categories import Categories
from exportkit_coco.drawing import MEASURED, Cost, settle, shape_cost
from exportkit_coco.entry import class_failure, closing_keys, object_outcome
from exportkit_coco.layout import layout_of, naming_of
from exportkit_coco.options import CocoOptions
from exportkit_coco.ordinary import object_texts
from exportkit_coco.other_roles import OtherRoles, Rules
from exportkit_coco.page import Page, numberings_of_kinds
from exportkit_coco.roles import BOXES, Roles, is_segmented, numbered_kinds, roles_of
from exportkit_coco.shape import Shapes

__all__ = ["CocoWriter"]

_HEAD = b'{"info":{"description":"","version":"1.0"},"licenses":[],"images":['


class CocoWriter(Writer):
    """COCO: every object in ``instances_``, key points and captions in files of their own (formats, section 5.1).

    Pixels, 0-based, ``bbox`` as x, y, width, height. Each role file lists all pictures of its split; annotation ids
    ascend from 1 over all splits.
    """

    name: ClassVar[str] = "coco"
    summary: ClassVar[str] = "COCO instances, key points, captions, stuff and panoptic segments"
    options_model: ClassVar[type[WriterOptions]] = CocoOptions
    variants: ClassVar[tuple[str, ...]] = ("", "boxes=separate", "boxes=empty", "segmentation=semantic", "panoptic=yes")
    kinds: ClassVar[Mapping[str, str]] = {
        "box": "written",
        "rotated_box": "N_ROTATION_AS_POLYGON",
        "polygon": "written",
        "mask": "written",
        "keypoints": "written",
        "caption": "written",
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
        self._layout = layout_of(options)
        roles = self._roles = roles_of(options, plan)
        self._numberings = len(numbered_kinds(options))
        rectangle = options.boxes == "rectangle" and is_segmented(options, plan)
        shapes = self._shapes = Shapes(options, plan.max_pixels, rectangle=rectangle)
        self._categories = Categories(options, plan)
        self._rules = Rules(options, roles, self._categories, shapes, dict(numberings_of_kinds(options)))
        self._ordinary = object_texts(options, self._categories.ids, plan.max_pixels, rectangle=rectangle)
        self._ordinary_numbering = None if options.panoptic else _ordinary_numbering(roles, plan)

    @classmethod
    def naming(cls, options: WriterOptions) -> NamingRule:
        return naming_of(options if isinstance(options, CocoOptions) else CocoOptions())

    @classmethod
    def numberings(cls, options: WriterOptions) -> tuple[frozenset[str], ...]:
        return numbered_kinds(options if isinstance(options, CocoOptions) else CocoOptions())

    @classmethod
    def numbers_classes(cls, options: WriterOptions) -> bool:
        return isinstance(options, CocoOptions) and options.category_ids == "source"

    def facts(self) -> Mapping[str, object]:
        """Numbers of categories that the source numbered otherwise: pairs of its number and the one written."""
        return {"renumbered": self._categories.renumbered} if self._categories.renumbered else {}

    def picture_path(self, placement: Placement) -> str:
        return self._layout.picture(placement.split, placement.name)

    def notices(self) -> Iterable[tuple[str, str]]:
        if not self._keeps_ids:
            yield "N_IDS_SEQUENTIAL", "Image ids count from 1 in output order, since the records' ids are not kept."
        if self._categories.renumbered:
            yield "N_CATEGORY_RENUMBERED", "Categories have other numbers than in the source; the manifest lists both."
        if BOXES in self._roles.written:
            yield (
                "N_COCO_BOXES_SEPARATE",
                "Objects with nothing but a box stand in boxes_ and are missing in instances_.",
            )
        if self.options.segmentation == "semantic" and any(self.plan.kinds.get(kind) for kind in ("polygon", "mask")):
            yield "N_COCO_STUFF_APART", "Polygons and masks stand in stuff_ and are missing in instances_."
        if self.options.panoptic and any(self.plan.kinds.get(kind) for kind in ("box", "rotated_box", "keypoints")):
            yield "N_COCO_PANOPTIC_BOXES", "Objects without a polygon or mask are missing in panoptic_."

    # -- encoding --------------------------------------------------------------------------------------

    def encode(self, record: Record, placement: Placement) -> Encoded:
        if record.medium != "image":
            return Encoded([skipped("S_MEDIA_UNSUPPORTED")] * len(record.annotations))
        canvas = Canvas(record.width, record.height, self.plan.invalid, self.plan.max_pixels)
        image = record.item_id if self._keeps_ids else placement.ordinal + 1
        page = Page(image, placement.bases, self._numberings)
        numbers, entries = page.numbers, page.entries
        others = self._others_for(record, canvas, page) if self.options.panoptic else None
        outcomes: list[Outcome] = []
        reshaped: list[int] = []
        plain, categories, source_ids = self._roles.plain, self._categories.ids, self.options.source_ids
        texts, shared = self._short_ways(record)
        for annotation, text, short in zip(record.annotations, texts, shared, strict=True):
            at = plain.get(annotation.kind)
            if at is None:
                others = others or OtherRoles(self._rules, canvas, page)
                outcomes.append(others.take(len(outcomes), annotation))
                continue
            numbers[at] += 1
            category = categories.get(annotation.label)
            if category is None:
                outcomes.append(class_failure(annotation))
                continue
            if text is not None:
                entries[at].append(f'{{"id":{numbers[at]},"image_id":{image}{text}')
                outcomes.append(short)
                continue
            try:
                bbox, area, segmentation, codes = self._shapes.of(annotation, canvas)
                rest, cost = closing_keys(annotation, source_ids=source_ids)
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
            if codes and not MEASURED.isdisjoint(codes):
                reshaped.append(len(outcomes))
            outcomes.append(object_outcome(annotation, codes + cost, area))
        if others is None and not reshaped:
            return Encoded(outcomes, streams=self._streams(record, placement, page))
        tolerance = self.options.tolerance
        costs = [shape_cost(place, record.annotations[place], canvas, tolerance) for place in reshaped]
        return self._settled(record, placement, page, outcomes, others, costs)

    def encode_run(self, run: RecordRun) -> EncodedRun | None:
        at = self._ordinary_numbering
        if self._ordinary is None or at is None:
            return None
        images = self._images_of(run)
        ids = [image.encode("ascii") for image in images]
        pieces, outcomes = self._ordinary.of_run(run.annotations, run.start, run.stop, ids, run.bases[at], run.plain)
        count = len(pieces)
        columns = zip(images[:count], run.names, run.widths, run.heights, strict=False)
        entries = [_image_entry(*column) for column in columns]
        splits = run.splits[:count]
        streams: dict[str, Sequence[bytes]] = {}
        for split in dict.fromkeys(splits):
            for role in self._roles.written:
                path = self._layout.path(role, split)
                streams[f"{path}#images"] = run.of_split(split, entries)
                if role.numbering == at:
                    streams[f"{path}#annotations"] = run.of_split(split, pieces)
        pictures = [self._layout.picture(split, name) for split, name in zip(splits, run.names, strict=False)]
        return EncodedRun(outcomes, pictures, streams=streams)

    def takes_shares(self) -> bool:
        return False

    def _images_of(self, run: RecordRun) -> list[str]:
        return [*map(str, run.ids if self._keeps_ids else range(run.ordinal + 1, run.ordinal + len(run.ids) + 1))]

    def _others_for(self, record: Record, canvas: Canvas, page: Page) -> OtherRoles:
        """What takes the regions of a picture with panoptic segments; raises RecordFault where it is too large."""
        if record.width * record.height > self.plan.max_pixels:
            raise RecordFault(
                "E_PIXELS_LIMIT",
                f"Panoptic segments of {record.width} × {record.height} pixels are over the limit of "
                f"{self.plan.max_pixels}; raise --max-pixels or leave panoptic=yes out.",
            )
        return OtherRoles(self._rules, canvas, page)

    def _settled(
        self,
        record: Record,
        placement: Placement,
        page: Page,
        outcomes: list[Outcome],
        others: OtherRoles | None,
        costs: list[Cost],
    ) -> Encoded:
        """The whole, once all annotations are taken: what only all together tell is added to their outcomes."""
        files: list[tuple[str, bytes]] = []
        merged = 0
        if others is not None:
            costs += [*others.shape_costs(record.annotations), *others.stuff(outcomes)]
            merged = others.merged
            if self.options.panoptic:
                picture = others.panoptic(placement.stem)
                costs += picture.costs()
                files.append((f"{self._layout.planes(placement.split)}/{placement.stem}.png", picture.png()))
        overlaps = settle(outcomes, costs)
        kept = sum(outcome.status in {"written", "lossy"} for outcome in outcomes)
        streams = self._streams(record, placement, page)
        return Encoded(outcomes, files, streams, objects=kept - merged, overlaps=overlaps)

    def _short_ways(self, record: Record) -> tuple[Sequence[str | None], Sequence[Any]]:
        """For each annotation what follows the ids in its entry, and its outcome; None where it needs care."""
        if self._ordinary is None:
            none = (None,) * len(record.annotations)
            return none, none
        return self._ordinary.of(record.annotations, record.width, record.height)

    def _streams(self, record: Record, placement: Placement, page: Page) -> dict[str, bytes]:
        entry = _image_entry(str(page.image), placement.name, record.width, record.height)
        streams: dict[str, bytes] = {}
        for role in self._roles.written:
            path = self._layout.path(role, placement.split)
            streams[f"{path}#images"] = entry
            if entries := page.entries[role.numbering]:
                streams[f"{path}#annotations"] = ",".join(entries).encode("ascii")
        return streams

    # -- the rest of the dataset -----------------------------------------------------------------------

    def files(self) -> Iterable[OutputFile]:
        splits = tuple(split.name for split in self.plan.splits if split.records) or ("train",)
        for role in self._roles.written:
            tail = f'],"categories":{self._categories.of(role)}}}\n'.encode("ascii")
            for split in splits:
                path = self._layout.path(role, split)
                images, annotations = Fragments(f"{path}#images", b","), Fragments(f"{path}#annotations", b",")
                yield OutputFile(path, (_HEAD, images, b'],"annotations":[', annotations, tail))


def _image_entry(image: str, name: str, width: int, height: int) -> bytes:
    entry = f'{{"id":{image},"file_name":{json.dumps(name)},"width":{width},"height":{height}}}'
    return entry.encode("ascii")


def _ordinary_numbering(roles: Roles, plan: Plan) -> int | None:
    """That of the file in which all boxes and regions of the data stand; None where there is no such file."""
    numberings = {roles.plain.get(kind) for kind in ("box", "polygon", "mask") if plan.kinds.get(kind)}
    return numberings.pop() if len(numberings) == 1 else None
