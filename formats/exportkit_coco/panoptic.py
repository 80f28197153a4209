"""Panoptic segments: every pixel of a picture belongs to one region or to none (formats, section 5.1)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from exportkit.records import Mask
from exportkit.records.layers import common_count, run_length, uncovered, united
from exportkit.records.runs import Runs
from exportkit.writing.png import FILTER_BYTES, png_file
from exportkit_coco.drawing import Cost, Region

__all__ = ["PanopticPicture", "Segment"]

_CHANNELS = 3
#: Bytes of pixels that are made at once: memory does not depend on the size of the picture.
_BAND = 1 << 20


class Segment(NamedTuple):
    """What can be seen of a thing, or of all regions of a class whose objects are not told apart."""

    category: int
    is_crowd: bool
    #: Row-major, at least one.
    runs: Runs
    members: tuple[Region, ...]


class PanopticPicture:
    """The segments of one picture: regions painted in their order, later over earlier.

    ``stuff`` are categories that have one segment for all of their regions. Segments stand in the order of their
    first member and count from 1; those of which nothing can be seen are left out.
    """

    def __init__(self, regions: Sequence[Region], stuff: frozenset[int], width: int, height: int) -> None:
        self._regions, self._width, self._height = regions, width, height
        self.segments = list(_segments(regions, stuff))

    def entry(self, image: int | str, file_name: str) -> str:
        """The picture's entry; area and box of a segment are those of the pixels that can be seen."""
        infos = []
        for number, segment in enumerate(self.segments, 1):
            mask = Mask(self._width, self._height, segment.runs)
            box = ",".join(map(str, mask.tight_box().to_xywh()))
            infos.append(
                f'{{"id":{number},"category_id":{segment.category},"area":{mask.pixel_count()},"bbox":[{box}],'
                f'"iscrowd":{segment.is_crowd:d}}}'
            )
        return f'{{"image_id":{image},"file_name":{json.dumps(file_name)},"segments_info":[{",".join(infos)}]}}'

    def png(self) -> bytes:
        """The picture of ids: id = red + 256 · green + 65536 · blue, 0 where there is no segment."""
        spans = sorted(
            (start, end, number)
            for number, segment in enumerate(self.segments, 1)
            for start, end in zip(segment.runs[0::2], segment.runs[1::2], strict=True)
        )
        return png_file(self._width, self._height, "RGB", _bands(spans, self._width, self._height))

    def costs(self) -> Iterator[Cost]:
        """What each region loses in the picture."""
        seen = {member.position: segment for segment in self.segments for member in segment.members}
        for region in self._regions:
            segment, covered = seen.get(region.position), run_length(region.runs)
            visible = common_count(region.runs, segment.runs) if segment is not None else 0
            if segment is None or not visible:
                yield Cost(region.position, "L_REGION_NOT_DRAWN", 0.0)
                continue
            if region.is_rasterised:
                yield Cost(region.position, "L_RASTERISED", visible / covered)
            if visible < covered:
                yield Cost(region.position, "L_REGION_COVERED", visible / covered)
            if len(segment.members) > 1:
                yield Cost(
                    region.position, "L_INSTANCES_MERGED", visible / (covered + run_length(segment.runs) - visible)
                )


def _segments(regions: Sequence[Region], stuff: frozenset[int]) -> Iterator[Segment]:
    groups: dict[tuple[bool, int], list[tuple[Region, Runs]]] = {}
    for region, visible in zip(regions, uncovered([region.runs for region in regions]), strict=True):
        is_stuff = region.category in stuff
        groups.setdefault((is_stuff, region.category if is_stuff else region.position), []).append((region, visible))
    for pairs in groups.values():
        members = tuple(region for region, _ in pairs)
        runs = pairs[0][1] if len(pairs) == 1 else united(visible for _, visible in pairs)
        if runs:
            yield Segment(members[0].category, all(member.is_crowd for member in members), runs, members)


def _bands(spans: list[tuple[int, int, int]], width: int, height: int) -> Iterator[bytearray]:
    """Some whole rows of pixels at a time, each behind its filter byte."""
    stride = FILTER_BYTES + _CHANNELS * width
    rows = max(1, _BAND // stride)
    waiting = iter(spans)
    span = next(waiting, None)
    for first in range(0, height, rows):
        count = min(rows, height - first)
        band = bytearray(stride * count)
        begin, finish = first * width, (first + count) * width
        while span is not None and span[0] < finish:
            start, end, number = span
            _fill(band, start - begin, min(end, finish) - begin, number.to_bytes(_CHANNELS, "little"), width)
            span = (finish, end, number) if end > finish else next(waiting, None)
        yield band


def _fill(band: bytearray, start: int, end: int, colour: bytes, width: int) -> None:
    """Fill the pixels from ``start`` to ``end`` of a band, row by row."""
    stride = FILTER_BYTES + _CHANNELS * width
    while start < end:
        row, place = divmod(start, width)
        length = min(end - start, width - place)
        at = row * stride + FILTER_BYTES + _CHANNELS * place
        band[at : at + _CHANNELS * length] = colour * length
        start += length
