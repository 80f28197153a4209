"""The short ways of writers and checkers through the compiled core give what the general ways give."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exportkit.native import core
from exportkit.records import PERSON_17, Annotation, Box, Keypoints, LazyRegion, Record, RotatedBox
from exportkit.records.rle import compressed
from exportkit.writing import Encoded, Placement, Plan, SplitFacts
from exportkit_coco import facts as coco_facts
from exportkit_coco.checker import CocoChecker
from exportkit_coco.options import CocoOptions
from exportkit_coco.writer import CocoWriter
from exportkit_yolo import label_file
from exportkit_yolo.options import YoloOptions
from exportkit_yolo.writer import YoloWriter

pytestmark = pytest.mark.skipif(core is None, reason="the compiled core is not built or switched off")

numbers = st.one_of(
    st.integers(0, 40),
    st.decimals(0, 40, places=2).map(float),
    st.floats(-2, 42),
    st.sampled_from([0.0, -0.0, 40.0, 0.0000005, 1e-5, 0.1 + 0.2, 12.3456785, 39.9999999]),
)
attributes = st.one_of(
    st.just(None),
    st.dictionaries(st.sampled_from(["a", "ä"]), st.one_of(st.booleans(), st.none(), st.text(max_size=2)), max_size=2),
    st.just({"a": 1.5}),
)
more: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}), st.just({}), st.sampled_from([{"iscrowd": True}, {"score": 0.5}, {"occluded": True}, {"group_id": 1}])
)
areas = st.one_of(st.none(), st.floats(0, 2000), st.integers(0, 900), st.just("wide"))


@st.composite
def rings(draw: st.DrawFn) -> list[Any]:
    """A star around a point, perhaps with repeated points, now and then any points at all."""
    if draw(st.integers(0, 5)) == 0:
        return draw(st.lists(numbers, min_size=5, max_size=24))
    count = draw(st.integers(3, 14))
    x, y, reach = draw(st.floats(5, 35)), draw(st.floats(5, 25)), draw(st.floats(0.5, 12))
    places = draw(st.sampled_from([0, 1, 2, 5]))
    flat: list[Any] = []
    for step in range(count):
        angle = 2 * math.pi * step / count
        far = reach * draw(st.floats(0.5, 1))
        flat += [round(min(max(x + far * math.cos(angle), 0), 40), places), round(y + far * math.sin(angle), places)]
        if draw(st.integers(0, 9)) == 0:
            flat += flat[-2:]
    if draw(st.integers(0, 4)) == 0:
        flat += flat[:2]
    return flat


@st.composite
def outlined(draw: st.DrawFn) -> Annotation:
    parts = draw(st.lists(rings(), min_size=1, max_size=3))
    gap = draw(st.sampled_from([b",", b", "]))
    text = msgspec.json.encode(parts).replace(b",", gap)
    xs = [value for ring in parts for value in ring[0::2]] or [0]
    ys = [value for ring in parts for value in ring[1::2]] or [0]
    tight = Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
    box = draw(st.one_of(st.just(tight), st.none(), st.builds(Box, numbers, numbers, numbers, numbers)))
    area = draw(st.one_of(areas, st.just(_shoelace(parts))))
    region = LazyRegion(text, "coco_rings")
    return Annotation(0, "polygon", "cat", box, region, area=area, attributes=draw(attributes), **draw(more))


def _shoelace(parts: list[list[Any]]) -> float:
    doubled = (sum(r[i - 2] * r[i + 1] - r[i] * r[i - 1] for i in range(0, len(r) - len(r) % 2, 2)) for r in parts)
    return float(sum(map(abs, doubled)) / 2)


labels = st.sampled_from(["cat", "dog", "unknown", None])
boxed = st.builds(
    lambda label, box, area, given_attributes, rest: Annotation(
        0, "box", label, box, area=area, attributes=given_attributes, **rest
    ),
    labels, st.one_of(st.none(), st.builds(Box, numbers, numbers, numbers, numbers)), areas, attributes, more,
)  # fmt: skip
angles = st.one_of(st.floats(-4, 4), st.just(math.pi / 2), st.integers(-3, 3))
turned = st.builds(
    lambda label, box, rest: Annotation(0, "rotated_box", label, geometry=box, **rest),
    labels, st.builds(RotatedBox, numbers, numbers, numbers, numbers, angles), more,
)  # fmt: skip
triplets = st.one_of(st.just((0, 0, 0)), st.tuples(numbers, numbers, st.sampled_from([1, 2])))
named = st.sampled_from([(), PERSON_17.points, ("a",) * 17])
posed = st.builds(
    lambda points, names, box, rest: Annotation(
        0, "keypoints", "cat", box, geometry=Keypoints(tuple(points), "", names), **rest
    ),
    st.lists(triplets, min_size=16, max_size=17), named,
    st.one_of(st.none(), st.builds(Box, numbers, numbers, numbers, numbers)), more,
)  # fmt: skip
contents = st.lists(st.one_of(outlined(), boxed, turned, posed), max_size=5)
PLACE = Placement("train", "a.jpg", "a", 0, (0, 0, 0, 0, 0, 0, 0, 0), 1, measured=True)


def plan_of(annotations: list[Annotation]) -> Plan:
    kinds = {kind: sum(a.kind == kind for a in annotations) for kind in ("box", "polygon", "rotated_box", "keypoints")}
    split = SplitFacts("train", 1, kinds)
    return Plan(("cat", "dog"), {"cat": 0, "dog": 1}, (split,), kinds, {"image": 1}, 1, True, skeleton=PERSON_17)


def told(encoded: Encoded) -> Any:
    outcomes = [(o.status, o.codes, o.message, o.json_path) for o in encoded.outcomes]
    return outcomes, list(encoded.files), dict(encoded.streams), encoded.objects, list(encoded.overlaps)


def records_of(annotations: list[Annotation]) -> tuple[Record, Record]:
    """The same picture twice, with regions that have not been read yet."""
    made = []
    for _ in range(2):
        fresh = [
            msgspec.structs.replace(a, index=i, region=LazyRegion(a.region.source, "coco_rings"))
            if isinstance(a.region, LazyRegion)
            else msgspec.structs.replace(a, index=i)
            for i, a in enumerate(annotations)
        ]
        made.append(Record(1, tuple(fresh), name="a.jpg", width=40, height=30))
    return made[0], made[1]


@settings(max_examples=400, deadline=None)
@given(
    contents,
    st.sampled_from(
        [
            *({"task": task} for task in ("segment", "obb", "pose", "detect")),
            *({"task": "segment", **more} for more in ({"parts": "split"}, {"segmentation": "exclude"})),
        ]
    ),
)
def test_label_files(annotations: list[Annotation], options: dict[str, Any]) -> None:
    one, other = records_of(annotations)
    short = YoloWriter(YoloOptions(**options), plan_of(annotations))
    general = YoloWriter(YoloOptions(**options), plan_of(annotations))
    general._outlines = general._boxes = None
    assert told(short.encode(one, PLACE)) == told(general.encode(other, PLACE))


@settings(max_examples=400, deadline=None)
@given(contents, st.sampled_from([{}, {"boxes": "rectangle"}, {"boxes": "empty"}, {"segmentation": "exclude"}]))
def test_objects_of_coco_files(annotations: list[Annotation], options: dict[str, Any]) -> None:
    one, other = records_of(annotations)
    short, general = (CocoWriter(CocoOptions(**options), plan_of(annotations)) for _ in range(2))
    general._ordinary = None
    assert told(short.encode(one, PLACE)) == told(general.encode(other, PLACE))


pieces = st.lists(
    st.sampled_from(["0", "1", "12", " ", "\n", " 0.500000", " 1.000000", " 0 0 0", " 0.100000 0.200000 2"]),
    max_size=30,
).map("".join)  # fmt: skip
usual = st.lists(
    st.builds(
        lambda label, values: " ".join([str(label), *(f"{v:.6f}" for v in values)]) + "\n",
        st.integers(0, 120),
        st.lists(st.floats(0, 1), min_size=4, max_size=12),
    ),
    max_size=6,
).map("".join)


@settings(max_examples=500, deadline=None)
@given(st.one_of(usual, pieces), st.sampled_from([None, (1, 3), (2, 3), (2, 2)]), st.integers(0, 60), st.booleans())
def test_label_files_are_judged_alike(text: str, shape: tuple[int, int] | None, cut: int, repeat: bool) -> None:
    data = (text + text * repeat)[: len(text) * 2 - cut if cut > 50 else None].encode()
    assert label_file.judge_labels(data, shape) == (
        label_file._row_by_row(data, shape) if data else label_file.LabelFile()
    )


def test_usual_rows_of_outlines_and_poses_are_judged_by_the_core() -> None:
    assert core is not None
    outline = b"3 0.100000 0.100000 0.200000 0.100000 0.200000 0.300000\n"
    pose = b"1 0.500000 0.500000 0.200000 0.200000 0.500000 0.500000 2 0 0 0\n"
    assert core.judge_outline_rows(outline) == (1, 3, 1)
    assert core.judge_outline_rows(outline * 2) is None
    assert core.judge_pose_rows(pose, 2) == (1, 1, 1)
    assert core.judge_pose_rows(pose, 3) is None


class NoFiles:
    """A dataset of which only pieces are judged."""

    manifest = None


def judged(data: bytes, sizes: dict[int, tuple[int, int]], *, short: bool) -> Any:
    from exportkit.writing import CheckReport

    checker = CocoChecker.__new__(CocoChecker)
    checker.dataset, checker._counts_all = NoFiles(), False  # type: ignore[assignment]
    report = CheckReport(findings=[], pictures=[], facts={})
    with pytest.MonkeyPatch.context() as patch:
        if not short:
            patch.setattr(coco_facts, "core", None)
        checker._check_annotations("annotations/instances_train.json", data, report, sizes)
    ((_, found),) = report.facts.items()
    counted = (sorted(found.annotation_ids), found.category_ids, found.segmented, found.bare, found.bare_crowds)
    return report.findings, report.objects, counted, list(found.foreign_images), found.annotations_span


@st.composite
def masks(draw: st.DrawFn) -> dict[str, Any]:
    """Run lengths of the grid 40 × 30 in either form, now and then of another one or broken."""
    ends = sorted(draw(st.lists(st.integers(0, 1200), max_size=9)))
    counts: list[Any] = [after - before for before, after in pairwise([0, *ends, 1200])]
    if draw(st.integers(0, 4)) == 0:
        counts[draw(st.integers(0, len(counts) - 1))] = draw(st.sampled_from([-1, 0, 1 << 40, 1 << 70, 2.0, "1", None]))
    form: Any = counts
    if draw(st.booleans()) and {*map(type, counts)} == {int}:
        form = compressed(counts)
        if draw(st.integers(0, 4)) == 0:
            form = draw(st.sampled_from([form[:-1], form + "P", form + " ", form + "\\", form + "é", "o" * 40 + form]))
    size = draw(st.sampled_from([[30, 40], [30, 40], [30, 40], [40, 30], [12, 12], [30], [-30, -40], [30.0, 40]]))
    return {"size": size, "counts": form, **draw(st.sampled_from([{}, {}, {"other": 1}]))}


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    entry = draw(_entries)
    if isinstance(entry["segmentation"], dict) and draw(st.booleans()):
        entry["area"] = sum(value for value in entry["segmentation"]["counts"][1::2] if isinstance(value, int))
    return entry


_entries = st.fixed_dictionaries(
    {
        "id": st.integers(-1, 9),
        "image_id": st.integers(1, 3),
        "category_id": st.integers(0, 3),
        "bbox": st.one_of(st.just([1, 2, 10, 10]), st.lists(numbers, min_size=3, max_size=5)),
        "area": st.one_of(st.just(100), st.floats(-1, 200)),
        "iscrowd": st.sampled_from([0, 0, 0, 1, True, 2]),
        "segmentation": st.one_of(
            st.just([[1, 2, 11, 2, 11, 12, 1, 12]]), st.just([]), st.lists(st.lists(numbers, max_size=9), max_size=2),
            st.just({"size": [30, 40], "counts": [0, 1200]}), masks(), masks(),
        ),
    },
    optional={"attributes": st.dictionaries(st.text(max_size=2), st.text(max_size=2)), "other": st.none()},
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(
    st.lists(entries(), max_size=4),
    st.booleans(),
    st.integers(0, 400),
    st.sampled_from([b"", b"}", b",", b"\\", b"[", b'"']),
)
def test_objects_of_coco_files_are_judged_alike(
    found: list[dict[str, Any]], whole: bool, at: int, piece: bytes
) -> None:
    data = b",".join(map(msgspec.json.encode, found))
    if not whole:
        data = data[:at] + piece + data[at + 1 :]
    sizes = {1: (40, 30), 2: (12, 12)}
    assert judged(data, sizes, short=True) == judged(data, sizes, short=False)
