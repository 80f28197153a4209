"""What becomes of each annotation in YOLO detect and segment."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exportkit.records import Annotation, Box, Keypoints, LazyRegion, Mask, Part, Polygon, Record, RotatedBox
from exportkit.writing import Encoded, Placement, Plan, SplitFacts
from exportkit_yolo.options import YoloOptions
from exportkit_yolo.writer import YoloWriter

PLACE = Placement("train", "x.jpg", "x", 0)
TRIANGLE = Polygon((Part((10, 10, 30, 10, 10, 30)),))


def encode(writer: YoloWriter, *annotations: Annotation, width: int = 100, height: int = 80) -> Encoded:
    return writer.encode(Record(1, annotations, name="x.jpg", width=width, height=height), PLACE)


def rows(encoded: Encoded) -> list[str]:
    ((path, data),) = encoded.files
    assert path == "labels/train/x.txt"
    assert not data or data.endswith(b"\n")
    return data.decode("ascii").splitlines()


def codes(encoded: Encoded) -> list[tuple[str, tuple[str, ...]]]:
    return [(outcome.status, outcome.codes) for outcome in encoded.outcomes]


def box(x: float, y: float, width: float, height: float, label: str = "cat", **fields: Any) -> Annotation:
    return Annotation(0, "box", label, box=Box(x, y, width, height), **fields)


def test_a_box_is_written_as_fractions_of_the_picture(make_writer: Any) -> None:
    encoded = encode(make_writer(), box(10, 10, 20, 20, "dog"))

    assert rows(encoded) == ["1 0.200000 0.250000 0.200000 0.250000"]
    assert codes(encoded) == [("written", ())]


@settings(max_examples=100)
@given(
    boxes=st.lists(st.tuples(*[st.integers(-2, 12) | st.floats(-2, 12)] * 4), min_size=1, max_size=3),
    kind=st.sampled_from(["box", "polygon", "rotated_box", "point"]),
    label=st.sampled_from(["cat", "dog", "bird"]),
    attributes=st.sampled_from([None, {}, {"a": 1}, b"{}", b'{"a":1}']),
    flag=st.sampled_from(["", "difficult", "truncated", "occluded", "iscrowd"]),
)
def test_the_short_way_of_good_boxes_equals_the_long_one(
    boxes: list[tuple[float, float, float, float]], kind: str, label: str, attributes: Any, flag: str
) -> None:
    flags: dict[str, Any] = {flag: True} if flag else {}
    annotations = [Annotation(0, kind, label, box=Box(*xywh), attributes=attributes, **flags) for xywh in boxes]
    plan = Plan(
        ("cat", "dog"), {"cat": 0, "dog": 1}, (SplitFacts("train", 1, {}),), {}, {"image": 1}, 1, ids_usable=True
    )
    short, long = (YoloWriter(YoloOptions(task="detect"), plan) for _ in range(2))
    long._boxes = None

    one, other = (encode(writer, *annotations, width=10, height=9) for writer in (short, long))

    assert codes(one) == codes(other)
    assert (one.files, one.objects) == (other.files, other.objects)


def test_a_declared_box_is_written_without_a_look_at_the_region_beside_it(make_writer: Any) -> None:
    broken = LazyRegion([[1, 2, 3]], "coco_rings")
    annotation = Annotation(0, "polygon", "cat", box=Box(10, 10, 20, 20), region=broken)

    detect = encode(make_writer(task="detect"), annotation)
    segment = encode(make_writer(task="segment"), annotation)

    assert codes(detect) == [("lossy", ("L_REGION_DROPPED",))]
    assert codes(segment) == [("failed", ("E_POLYGON_ODD",))]
    assert rows(segment) == []


def test_a_polygon_is_written_point_by_point(make_writer: Any) -> None:
    encoded = encode(make_writer(task="segment"), Annotation(0, "polygon", "cat", region=TRIANGLE))

    assert rows(encoded) == ["0 0.100000 0.125000 0.300000 0.125000 0.100000 0.375000"]
    assert codes(encoded) == [("written", ())]


def test_a_box_among_polygons_is_written_as_its_corners(make_writer: Any) -> None:
    encoded = encode(make_writer(task="segment"), box(10, 8, 20, 16))

    assert rows(encoded) == ["0 0.100000 0.100000 0.300000 0.100000 0.300000 0.300000 0.100000 0.300000"]
    assert codes(encoded) == [("written", ("N_BOX_AS_POLYGON",))]


def test_a_mask_is_written_as_its_outline_along_pixel_edges(make_writer: Any) -> None:
    mask = Mask.from_row_runs([[0, 2], [10, 2]], 10, 10)
    writer = make_writer(task="segment")

    encoded = encode(writer, Annotation(0, "mask", "cat", region=mask), width=10, height=10)

    assert rows(encoded) == ["0 0.000000 0.000000 0.200000 0.000000 0.200000 0.200000 0.000000 0.200000"]
    assert codes(encoded) == [("written", ("N_MASK_AS_POLYGON",))]


HOLED = Polygon((Part((0, 0, 40, 0, 40, 40, 0, 40), ((10, 10, 10, 20, 20, 20, 20, 10),)),))
PARTS = Polygon((Part((0, 0, 10, 0, 10, 10)), Part((20, 20, 30, 20, 30, 30))))


@pytest.mark.parametrize(
    ("region", "options", "code", "points"),
    [
        (HOLED, {}, "L_HOLES_BRIDGED", [4 + 4 + 2]),
        (HOLED, {"holes": "drop"}, "L_HOLES_DROPPED", [4]),
        (PARTS, {}, "L_PARTS_JOINED", [3 + 3 + 2]),
        (PARTS, {"parts": "split"}, "L_PARTS_SPLIT", [3, 3]),
    ],
)
def test_holes_and_parts_follow_the_options(
    make_writer: Any, region: Polygon, options: dict[str, str], code: str, points: list[int]
) -> None:
    encoded = encode(make_writer(task="segment", **options), Annotation(0, "polygon", "cat", region=region))

    assert codes(encoded) == [("lossy", (code,))]
    assert [len(row.split()) // 2 for row in rows(encoded)] == points
    assert encoded.objects == len(points)


def test_a_rotated_box_is_its_enclosing_box_in_detect_and_its_corners_in_segment(make_writer: Any) -> None:
    turned = Annotation(0, "rotated_box", "cat", geometry=RotatedBox(50, 40, 20, 10, math.pi / 4))
    quarter = Annotation(1, "rotated_box", "cat", geometry=RotatedBox(50, 40, 20, 10, math.pi / 2))

    assert codes(encode(make_writer(task="detect"), turned)) == [("lossy", ("L_ROTATION_FLATTENED",))]
    assert codes(encode(make_writer(task="detect"), quarter)) == [("written", ())]
    encoded = encode(make_writer(task="segment"), turned)
    assert codes(encoded) == [("written", ("N_ROTATION_AS_POLYGON",))]
    assert len(rows(encoded)[0].split()) == 9


def test_key_points_become_their_box_or_their_region(make_writer: Any) -> None:
    points = Keypoints(((10, 10, 2), (30, 30, 1)))
    bare = Annotation(0, "keypoints", "cat", geometry=points)
    with_region = Annotation(0, "keypoints", "cat", geometry=points, region=TRIANGLE)

    for task, annotation, columns in (("detect", bare, 5), ("segment", bare, 9), ("segment", with_region, 7)):
        encoded = encode(make_writer(task=task), annotation)
        assert codes(encoded) == [("lossy", ("L_KEYPOINTS_DROPPED",))]
        assert len(rows(encoded)[0].split()) == columns


@pytest.mark.parametrize("task", ["detect", "segment"])
@pytest.mark.parametrize(
    ("kind", "code"),
    [("point", "S_POINT_UNGROUPED"), ("tag", "S_KIND_UNSUPPORTED"), ("polyline", "S_KIND_UNSUPPORTED")],
)
def test_kinds_without_a_place_are_skipped(make_writer: Any, task: str, kind: str, code: str) -> None:
    encoded = encode(make_writer(task=task), Annotation(0, kind, "cat"))

    assert codes(encoded) == [("skipped", (code,))]
    assert rows(encoded) == []


@pytest.mark.parametrize("task", ["detect", "segment"])
def test_a_crowd_is_skipped_because_the_format_cannot_say_ignore(make_writer: Any, task: str) -> None:
    assert codes(encode(make_writer(task=task), box(1, 1, 5, 5, iscrowd=True))) == [("skipped", ("S_CROWD",))]


def test_a_row_that_equals_an_earlier_one_is_not_written(make_writer: Any) -> None:
    first, again, other = box(1, 1, 5, 5), box(1.0, 1.0, 5.0, 5.0), box(1, 1, 5, 5, "dog")

    encoded = encode(make_writer(), first, again, other)

    assert [status for status, _ in codes(encoded)] == ["written", "skipped", "written"]
    assert encoded.outcomes[1].codes == ("S_DUPLICATE_ROW",)
    assert len(rows(encoded)) == 2


def test_a_side_that_would_print_as_zero_is_grown_and_named(make_writer: Any) -> None:
    encoded = encode(make_writer(), box(10, 10, 0.002, 20), width=20_000, height=80)

    assert rows(encoded) == ["0 0.000500 0.250000 0.000001 0.250000"]
    assert codes(encoded) == [("lossy", ("L_BOX_GROWN",))]


@pytest.mark.parametrize(
    ("task", "annotation"),
    [
        ("segment", Annotation(0, "box", "cat", box=Box(60, 10, 0.01, 20))),
        (
            "segment",
            Annotation(0, "polygon", "cat", region=Polygon((Part((60_000, 10, 60_000, 900, 59_999.99, 900)),))),
        ),
        ("obb", Annotation(0, "box", "cat", box=Box(59_999.99, 0, 0.01, 20))),
        ("obb", Annotation(0, "rotated_box", "cat", geometry=RotatedBox(300, 400, 500, 0.01, math.pi / 2))),
    ],
)
def test_a_shape_thinner_than_the_last_decimal_is_grown_and_named(
    make_writer: Any, task: str, annotation: Annotation
) -> None:
    encoded = encode(make_writer(task=task), annotation, width=60_000, height=60_000)

    (row,) = rows(encoded)
    values = [float(word) for word in row.split()[1:]]
    for axis in (values[::2], values[1::2]):
        assert 0 <= min(axis) < max(axis) <= 1
    assert "L_BOX_GROWN" in encoded.outcomes[0].codes


@pytest.mark.parametrize("task", ["detect", "segment", "obb", "pose"])
def test_regions_are_left_out_where_they_are_excluded(make_writer: Any, task: str) -> None:
    mask = Annotation(1, "mask", "cat", region=Mask.from_row_runs([[205, 3]], 100, 80))
    crowd = Annotation(2, "polygon", "cat", region=TRIANGLE, iscrowd=True)
    region = Annotation(0, "polygon", "cat", box=Box(10, 10, 20, 20), region=TRIANGLE)
    writer = make_writer(region, mask, crowd, task=task, segmentation="exclude")

    encoded = encode(writer, region, mask, crowd, box(1, 1, 5, 5))

    assert codes(encoded)[:3] == [("skipped", ("S_SEGMENTATION_EXCLUDED",))] * 3
    assert len(rows(encoded)) == 1


def test_excluded_regions_do_not_choose_the_task(make_writer: Any) -> None:
    region = Annotation(0, "polygon", "cat", region=TRIANGLE)

    encoded = encode(make_writer(region, task="auto", segmentation="exclude"), box(10, 10, 20, 20))

    assert rows(encoded) == ["0 0.200000 0.250000 0.200000 0.250000"]


def test_a_box_over_the_edge_is_clipped_in_pixels_first(make_writer: Any) -> None:
    encoded = encode(make_writer(), box(-10, 70, 20, 20))

    assert rows(encoded) == ["0 0.050000 0.937500 0.100000 0.125000"]
    assert codes(encoded) == [("lossy", ("L_CLIPPED",))]


def test_attributes_and_flags_without_a_column_are_named(make_writer: Any) -> None:
    encoded = encode(
        make_writer(),
        box(1, 1, 5, 5, attributes=b'{"color":"red"}', difficult=True, score=0.5),
        box(1, 2, 5, 5, attributes=b"{ }"),
        box(1, 3, 5, 5, attributes={}),
    )

    assert codes(encoded) == [("lossy", ("L_ATTRIBUTES_DROPPED", "L_FLAGS_DROPPED")), ("written", ()), ("written", ())]
    assert encoded.outcomes[0].message == "A YOLO row has no column for: difficult, score."


def test_the_sidecar_keeps_attributes_beside_the_row_they_belong_to(make_writer: Any) -> None:
    writer = make_writer(attributes="sidecar")

    encoded = encode(writer, box(1, 1, 5, 5), box(1, 2, 5, 5, attributes=b'{"color": "r\xc3\xa9d"}'))

    assert codes(encoded) == [("written", ()), ("written", ())]
    line = '{"image":"images/train/x.jpg","row":1,"attributes":{"color":"réd"}}\n'
    assert encoded.streams == {"attributes.jsonl#rows": line.encode()}


def test_attributes_that_fail_leave_no_row_behind(make_writer: Any) -> None:
    encoded = encode(make_writer(attributes="sidecar"), box(1, 1, 5, 5, attributes=b'{"a":NaN}'))

    assert codes(encoded) == [("failed", ("E_NOT_FINITE",))]
    assert rows(encoded) == []


def test_a_class_that_is_not_in_the_map_or_holds_nul_fails(make_writer: Any) -> None:
    encoded = encode(make_writer(classes=("cat", "a\0b")), box(1, 1, 5, 5, "bird"), box(1, 1, 5, 5, "a\0b"))

    assert codes(encoded) == [("failed", ("E_CLASS_UNKNOWN",)), ("failed", ("E_CLASS_UNREPRESENTABLE",))]


def test_a_record_that_is_no_picture_has_no_file(make_writer: Any) -> None:
    encoded = make_writer().encode(Record(1, (box(1, 1, 5, 5),), name="x.mp4", medium="video"), PLACE)

    assert codes(encoded) == [("skipped", ("S_MEDIA_UNSUPPORTED",))]
    assert not encoded.files
    assert not encoded.streams


def test_equal_outcomes_are_one_object(make_writer: Any) -> None:
    encoded = encode(make_writer(), *(box(n, 1, 5, 5, truncated=True) for n in range(3)))

    assert len({id(outcome) for outcome in encoded.outcomes}) == 1


side = st.integers(1, 5000)
coordinate = st.floats(-100, 6000, allow_nan=False) | st.integers(-100, 6000)
extent = st.floats(0.001, 6000) | st.integers(1, 6000)


@settings(max_examples=100)
@given(width=side, height=side, geometry=st.tuples(coordinate, coordinate, extent, extent))
def test_every_value_of_a_box_row_is_in_range_and_the_box_inside(
    width: int, height: int, geometry: tuple[float, float, float, float]
) -> None:
    plan = Plan(("cat",), {"cat": 0}, (SplitFacts("train", 1, {}),), {"box": 1}, {"image": 1}, 1, ids_usable=True)
    writer = YoloWriter(YoloOptions(), plan)

    encoded = encode(writer, box(*geometry), width=width, height=height)

    for row in rows(encoded):
        cx, cy, w, h = map(float, row.split()[1:])
        assert 0 < w <= 1
        assert 0 < h <= 1
        assert cx - w / 2 >= -2e-6
        assert cx + w / 2 <= 1 + 2e-6
        assert cy - h / 2 >= -2e-6
        assert cy + h / 2 <= 1 + 2e-6


@pytest.mark.parametrize(
    ("task", "row", "codes_of_the_polygon"),
    [
        ("auto", "0 0.100000 0.125000 0.300000 0.125000 0.100000 0.375000", ("L_ATTRIBUTES_DROPPED",)),
        ("detect", "0 0.200000 0.250000 0.200000 0.250000", ("L_REGION_DROPPED", "L_ATTRIBUTES_DROPPED")),
    ],
)
def test_the_golden_case(write_dataset: Any, task: str, row: str, codes_of_the_polygon: tuple[str, ...]) -> None:
    polygon = Annotation(
        0, "polygon", "cat", box=Box(10, 10, 20, 20), attributes=b'{"color":"red"}',
        region=LazyRegion([[10, 10, 30, 10, 10, 30]], "coco_rings"),
    )  # fmt: skip
    first = Record(10, (polygon,), name="x.jpg", width=100, height=80)
    second = Record(11, (box(5, 5, 0, 10, "dog"),), name="x__11.jpg", width=60, height=40)

    root = write_dataset({"train": [first, second]}, task=task)

    assert (root / "labels/train/x.txt").read_text() == f"{row}\n"
    assert (root / "labels/train/x__11.txt").read_bytes() == b""
    kinds = {"polygon": 1, "box": 1}
    plan = Plan(("cat",), {"cat": 0}, (SplitFacts("train", 1, {}),), kinds, {"image": 1}, 1, ids_usable=True)
    writer = YoloWriter(YoloOptions(task=task), plan)  # type: ignore[arg-type]
    assert codes(writer.encode(first, PLACE)) == [("lossy", codes_of_the_polygon)]
