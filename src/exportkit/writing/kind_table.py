"""What becomes of each kind of annotation in a format: told by the writer itself, from one sample of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from exportkit.errors import RecordFault
from exportkit.records import (
    PERSON_17,
    Annotation,
    Box,
    Keypoints,
    LazyRegion,
    Point,
    Record,
    RotatedBox,
    Skeleton,
)
from exportkit.writing.contract import Writer, WriterOptions
from exportkit.writing.plan import Placement, Plan, SplitFacts

__all__ = ["KindRow", "kind_rows"]

_WIDTH, _HEIGHT = 64, 48
_OUTLINE = [4, 6, 34, 6, 34, 36, 4, 36]
_OTHER_SKELETON = Skeleton("arrow", ("tip", "tail"))


class KindRow(msgspec.Struct, frozen=True):
    """One sample: what it is, what became of it (``written`` …), and the codes."""

    title: str
    status: str
    codes: tuple[str, ...]

    @property
    def word(self) -> str:
        """The codes, or the status where there are none."""
        return " ".join(self.codes) or self.status


def kind_rows(writer: type[Writer], options: WriterOptions) -> list[KindRow]:
    """One row for each sample, in the order of formats, section 5.0, of a dataset that holds them all.

    A sample that fails its whole record has the status ``failed``.
    """
    samples = list(_samples())
    kinds: dict[str, int] = {}
    for _, annotation in samples:
        kinds[annotation.kind] = kinds.get(annotation.kind, 0) + 1
    plan = Plan(
        classes=("cat",),
        class_index={"cat": 0},
        splits=(SplitFacts("train", len(samples), kinds),),
        kinds=kinds,
        media={"image": len(samples)},
        records=len(samples),
        ids_usable=True,
        skeletons={"cat": (PERSON_17, _OTHER_SKELETON)},
        skeleton=PERSON_17,
        outlined=1,
    )
    made = writer(options, plan)
    return [_row(made, title, annotation) for title, annotation in samples]


def _row(writer: Writer, title: str, annotation: Annotation) -> KindRow:
    record = Record(1, (annotation,), name="x.jpg", width=_WIDTH, height=_HEIGHT, line=1)
    placement = Placement("train", "x.jpg", "x", 0, tuple(0 for _ in writer.numberings(writer.options)))
    try:
        writer.picture_place(record, placement)
    except RecordFault as fault:
        if annotation.kind == "tag":
            return KindRow(title, "failed", (fault.code,))
    (outcome,) = writer.encode(record, placement).outcomes
    return KindRow(title, outcome.status, outcome.codes)


def _samples() -> Iterator[tuple[str, Annotation]]:
    def of(kind: str, **fields: Any) -> Annotation:
        return Annotation(0, kind, "cat", **fields)

    box, hole = Box(4, 6, 30, 30), [10, 10, 10, 20, 20, 20, 20, 10]
    polygon, mask = _rings(_OUTLINE), _runs(4 * _HEIGHT + 6, 30, 18, 30)
    person = Keypoints(tuple((5 + n, 7 + n, 2) for n in range(17)), PERSON_17.name, PERSON_17.points)
    yield "box", of("box", box=box)
    yield "rotated box", of("rotated_box", geometry=RotatedBox(32, 24, 20, 10, 0.5))
    yield "polygon", of("polygon", region=polygon)
    yield "polygon of several parts", of("polygon", region=_rings([4, 6, 24, 6, 4, 30], [40, 6, 60, 6, 40, 30]))
    yield "polygon with a hole", of("polygon", region=LazyRegion([_OUTLINE], "rings_xy", holes=[hole]))
    yield "mask", of("mask", region=mask)
    yield "mask of several parts", of("mask", region=_runs(4 * _HEIGHT + 6, 30, 2 * _HEIGHT, 20))
    yield "mask with a hole", of("mask", region=_runs(4 * _HEIGHT + 6, 30, 18, 10, 10, 10, 18, 30))
    yield "crowd, a box", of("box", box=box, iscrowd=True)
    yield "crowd, a rotated box", of("rotated_box", geometry=RotatedBox(32, 24, 20, 10, 0.5), iscrowd=True)
    yield "crowd, a polygon", of("polygon", region=polygon, iscrowd=True)
    yield "crowd, a mask", of("mask", region=mask, iscrowd=True)
    yield "crowd, key points", of("keypoints", geometry=person, box=box, iscrowd=True)
    yield "key points", of("keypoints", geometry=person, box=box)
    yield "key points with a region", of("keypoints", geometry=person, box=box, region=polygon)
    yield (
        "key points of another skeleton",
        of("keypoints", geometry=Keypoints(((5, 5, 2), (9, 9, 2)), "arrow", _OTHER_SKELETON.points), box=box),
    )
    yield "point", of("point", geometry=Point(8, 9, 2))
    yield "tag", of("tag")
    for title, kind, value in _VALUES:
        yield title, of(kind, geometry=value)
    yield "box with attributes", of("box", box=box, attributes={"color": "red"})
    yield "box that is difficult and truncated", of("box", box=box, difficult=True, truncated=True)
    yield "box that is occluded", of("box", box=box, occluded=True)
    yield "box with score, group and track", of("box", box=box, score=0.5, group_id=1, track_id=2)


def _rings(*outlines: list[int]) -> LazyRegion:
    return LazyRegion(msgspec.json.encode(outlines), "coco_rings")


def _runs(*counts: int) -> LazyRegion:
    rest = _WIDTH * _HEIGHT - sum(counts)
    return LazyRegion(msgspec.json.encode({"size": [_HEIGHT, _WIDTH], "counts": [*counts, rest]}), "rle")


_RANGE: Mapping[str, Any] = {"startTime": 0, "endTime": 1.5}
_VALUES: tuple[tuple[str, str, Any], ...] = (
    ("caption", "caption", "a picture"),
    ("polyline", "polyline", [[1, 2], [30.5, 40]]),
    ("cuboid", "cuboid", {"position": {"x": 1, "y": 2, "z": 3}}),
    ("point set", "point_set", {"points": [1, 2, 3]}),
    ("relation", "relation", (1, 2)),
    ("group", "group", (1, 2)),
    ("text range", "text_range", {"ranges": [], "content": "text"}),
    ("audio range", "audio_range", _RANGE),
    ("video range", "video_range", {"startFrame": 0, "endFrame": 9}),
    ("time range", "time_range", _RANGE),
    ("prompt", "prompt", {"input": "question"}),
    ("answer", "answer", {"output": "answer"}),
)
