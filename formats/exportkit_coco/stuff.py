"""Semantic regions: per picture and class one mask, the union of its regions (formats, section 5.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from exportkit.records import Annotation, Mask
from exportkit.records.layers import run_length, united
from exportkit_coco.drawing import Cost, Region
from exportkit_coco.entry import closing_keys, lost_keys
from exportkit_coco.shape import Shapes

__all__ = ["StuffMember", "StuffRegion", "stuff_regions"]


class StuffMember(NamedTuple):
    """One annotation of a class, drawn; it has at least one pixel."""

    region: Region
    annotation: Annotation
    #: Its number among those that are counted for the role.
    number: int


class StuffRegion(NamedTuple):
    """All regions of one class in a picture; at least one."""

    members: tuple[StuffMember, ...]
    mask: Mask

    @property
    def number(self) -> int:
        """Its id: that of its first member."""
        return self.members[0].number

    @property
    def is_crowd(self) -> bool:
        """Whether it is to be ignored: where each of its members is."""
        return all(member.annotation.iscrowd for member in self.members)

    def body(self, shapes: Shapes, *, source_ids: bool) -> str:
        """The entry from ``category_id`` on; closing keys are those of a lone member, of several they have no place."""
        first, box = self.members[0], ",".join(map(str, self.mask.tight_box().to_xywh()))
        closing = "" if len(self.members) > 1 else closing_keys(first.annotation, source_ids=source_ids)[0]
        return (
            f'"category_id":{first.region.category},"bbox":[{box}],"area":{self.mask.pixel_count()},'
            f'"iscrowd":{self.is_crowd:d},"segmentation":{shapes.runs(self.mask, is_crowd=self.is_crowd)}{closing}}}'
        )

    def costs(self) -> Iterator[Cost]:
        """What each member loses."""
        whole = self.mask.pixel_count()
        for region, annotation, _ in self.members:
            share = run_length(region.runs) / whole
            if region.is_rasterised:
                yield Cost(region.position, "L_RASTERISED", share)
            if len(self.members) > 1:
                yield Cost(region.position, "L_INSTANCES_MERGED", share)
                lost = (*lost_keys(annotation), *(("L_FLAGS_DROPPED",) if annotation.iscrowd > self.is_crowd else ()))
                yield from (Cost(region.position, code) for code in lost)


def stuff_regions(members: Sequence[StuffMember], width: int, height: int) -> list[StuffRegion]:
    """One region for each class, in the order of their first members."""
    classes: dict[int, list[StuffMember]] = {}
    for member in members:
        classes.setdefault(member.region.category, []).append(member)
    return [
        StuffRegion(tuple(found), Mask(width, height, united(member.region.runs for member in found)))
        for found in classes.values()
    ]
