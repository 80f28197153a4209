"""Annotations that are more than one plain entry of one file: key points, captions, and regions that are drawn."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from exportkit.errors import AnnotationFault, AnnotationSkip, RecordFault
from exportkit.records import REGION_KINDS, Annotation, Canvas, quoted
from exportkit.writing import Outcome, failed, skipped
from exportkit_coco.categories import Categories
from exportkit_coco.drawing import MEASURED, Cost, Region, drawn, ensure_pixels, shape_cost
from exportkit_coco.entry import class_failure, closing_keys, object_outcome, outcome_of
from exportkit_coco.options import CocoOptions
from exportkit_coco.page import Page
from exportkit_coco.panoptic import PanopticPicture
from exportkit_coco.roles import CAPTIONS, KEYPOINTS, PANOPTIC, STUFF, Roles
from exportkit_coco.shape import Shapes
from exportkit_coco.stuff import StuffMember, stuff_regions

__all__ = ["OtherRoles", "Rules"]


class Rules(NamedTuple):
    """What holds for every record."""

    options: CocoOptions
    roles: Roles
    categories: Categories
    shapes: Shapes
    #: Kind → numberings that count it.
    numberings: dict[str, tuple[int, ...]]


class OtherRoles:
    """Takes such annotations of one record, in source order."""

    def __init__(self, rules: Rules, canvas: Canvas, page: Page) -> None:
        self._rules, self._canvas, self._page = rules, canvas, page
        self._semantic = rules.options.segmentation == "semantic"
        #: Regions for panoptic and for semantic segments, and places of polygons that are written as pixels.
        self._drawn: list[Region] = []
        self._members: list[StuffMember] = []
        self._reshaped: list[int] = []
        #: How many annotations share the entry of another one.
        self.merged = 0

    def take(self, position: int, annotation: Annotation) -> Outcome:
        """Add the annotation at ``position`` of the record; what became of it so far."""
        kind = annotation.kind
        counted = self._rules.numberings.get(kind)
        if counted is None:
            return _without_place(kind)
        for numbering in counted:
            self._page.numbers[numbering] += 1
        try:
            return self._taken(position, annotation)
        except AnnotationFault as fault:
            return failed(fault.code, fault.message, fault.json_path)
        except AnnotationSkip as skip:
            return skipped(skip.code, skip.message)

    def _taken(self, position: int, annotation: Annotation) -> Outcome:
        if annotation.kind == "caption":
            return self._caption(annotation)
        category = self._rules.categories.ids.get(annotation.label)
        if category is None:
            return class_failure(annotation)
        if annotation.kind != "keypoints" and self._semantic:
            return self._member(position, annotation, category)
        # Drawn first: what cannot be drawn stands in no file.
        panoptic = self._rules.options.panoptic and annotation.region is not None
        region = drawn(position, annotation, category, self._canvas) if panoptic else None
        add = self._keypoints if annotation.kind == "keypoints" else self._object
        outcome = add(annotation, category)
        if not MEASURED.isdisjoint(outcome.codes):
            self._reshaped.append(position)
        if region is not None:
            self._drawn.append(region)
        return outcome

    def _caption(self, annotation: Annotation) -> Outcome:
        text = annotation.geometry
        if isinstance(text, AnnotationFault):
            raise AnnotationFault(text.code, text.message, text.json_path)
        if not isinstance(text, str):
            raise AnnotationFault("E_ANNOTATION", f"{quoted(text)} is no caption; give a text.", ".caption")
        if not _is_whole(text):
            raise RecordFault("E_SURROGATE", f"{quoted(text)} holds half a character; give whole Unicode text.")
        rest, cost = closing_keys(annotation, source_ids=self._rules.options.source_ids)
        self._page.add(CAPTIONS.numbering, f'"caption":{json.dumps(text)}{rest}}}')
        return outcome_of(cost)

    def _keypoints(self, annotation: Annotation, category: int) -> Outcome:
        """Add the object to its file, and with its points to that of key points; it is counted once (section 5.1)."""
        roles, shapes = self._rules.roles, self._rules.shapes
        keypoints, codes = self._canvas.keypoints(annotation)
        outlined = annotation.region is not None and self._rules.options.segmentation != "exclude"
        shape = shapes.of(annotation, self._canvas, "keypoints" if outlined else "box")
        bbox, area, segmentation, more = shape
        rest, cost = closing_keys(annotation, source_ids=self._rules.options.source_ids)
        head = f'"category_id":{category},"bbox":{bbox},"area":{area},"iscrowd":{annotation.iscrowd:d},"segmentation":'
        if annotation.region is not None and not outlined:
            cost += ("L_REGION_DROPPED",)
        skeleton = self._rules.categories.skeletons.get(annotation.label or "")
        if skeleton is None or not skeleton.fits(keypoints):
            cost += ("L_KEYPOINTS_DROPPED",)
        else:
            points = f'"keypoints":{shapes.points(keypoints)},"num_keypoints":{keypoints.labelled}'
            self._page.add(KEYPOINTS.numbering, f"{head}{segmentation if outlined else '[]'},{points}{rest}}}")
        self._page.add((roles.objects if outlined else roles.boxes).numbering, f"{head}{segmentation}{rest}}}")
        return object_outcome(annotation, (*dict.fromkeys((*codes, *more, *cost)),), area)

    def _object(self, annotation: Annotation, category: int) -> Outcome:
        """Add an object with a region, as the writer adds those that are not drawn."""
        bbox, area, segmentation, codes = self._rules.shapes.of(annotation, self._canvas)
        rest, cost = closing_keys(annotation, source_ids=self._rules.options.source_ids)
        body = (
            f'"category_id":{category},"bbox":{bbox},"area":{area},"iscrowd":{annotation.iscrowd:d},'
            f'"segmentation":{segmentation}{rest}}}'
        )
        self._page.add(self._rules.roles.objects.numbering, body)
        return object_outcome(annotation, codes + cost, area)

    def _member(self, position: int, annotation: Annotation, category: int) -> Outcome:
        """Keep a region for the mask of its class."""
        source, codes = self._canvas.region(annotation)
        area, more = self._canvas.area(annotation, source)
        _, cost = closing_keys(annotation, source_ids=self._rules.options.source_ids)
        region = drawn(position, annotation, category, self._canvas)
        ensure_pixels(region)
        self._members.append(StuffMember(region, annotation, self._page.numbers[STUFF.numbering]))
        if self._rules.options.panoptic:
            self._drawn.append(region)
        return object_outcome(annotation, codes + more + cost, str(area))

    # -- once all are taken ----------------------------------------------------------------------------

    def shape_costs(self, annotations: Sequence[Annotation]) -> Iterator[Cost]:
        """What regions lose that are written in another form, each in an entry of its own."""
        tolerance = self._rules.options.tolerance
        return (shape_cost(place, annotations[place], self._canvas, tolerance) for place in self._reshaped)

    def stuff(self, outcomes: list[Outcome]) -> Iterator[Cost]:
        """Add one entry for each class with regions, where they are semantic; gives what that costs.

        Regions whose union cannot be written fail together.
        """
        canvas, options = self._canvas, self._rules.options
        for region in stuff_regions(self._members, canvas.width, canvas.height):
            try:
                body = region.body(self._rules.shapes, source_ids=options.source_ids)
            except AnnotationFault as fault:
                for member in region.members:
                    outcomes[member.region.position] = failed(fault.code, fault.message, fault.json_path)
                    self._drawn = [one for one in self._drawn if one.position != member.region.position]
                continue
            self._page.add(STUFF.numbering, body, region.number)
            self.merged += len(region.members) - 1
            yield from region.costs()

    def panoptic(self, stem: str) -> PanopticPicture:
        """Add the picture's entry in the panoptic file."""
        picture = PanopticPicture(self._drawn, self._rules.categories.stuff, self._canvas.width, self._canvas.height)
        self._page.entries[PANOPTIC.numbering].append(picture.entry(self._page.image, f"{stem}.png"))
        return picture


def _is_whole(text: str) -> bool:
    """Whether a text can be encoded: a plugin may have made it of half characters."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _without_place(kind: str) -> Outcome:
    if kind in REGION_KINDS:
        return skipped("S_SEGMENTATION_EXCLUDED")
    return skipped("S_POINT_UNGROUPED" if kind == "point" else "S_KIND_UNSUPPORTED")
