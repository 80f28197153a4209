"""Pose, obb, classify and the darknet dialect (formats, sections 5.0 and 5.2)."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from shapely.geometry import MultiPoint
from shapely.geometry import Polygon as Outline

from exportkit.errors import RecordFault
from exportkit.records import PERSON_17, Annotation, Box, Keypoints, Mask, Part, Polygon, Record, RotatedBox, Skeleton
from exportkit.writing import Encoded, Placement, Plan, SplitFacts
from exportkit_yolo.label_file import judge_labels
from exportkit_yolo.options import YoloOptions
from exportkit_yolo.rectangle import smallest_rectangle
from exportkit_yolo.writer import YoloWriter

PLACE = Placement("train", "x.jpg", "x", 0)
ARROW = Skeleton("arrow", ("tip", "left_end", "right_end"), ((0, 1), (0, 2)))


def plan(skeleton: Skeleton | None = None, splits: tuple[str, ...] = ("train",), **kinds: int) -> Plan:
    facts = tuple(SplitFacts(name, 1, {}) for name in splits)
    count = len(splits)
    return Plan(("cat", "dog"), {"cat": 0, "dog": 1}, facts, kinds, {"image": count}, count, True, skeleton=skeleton)


def encode(writer: YoloWriter, *annotations: Annotation, place: Placement = PLACE) -> Encoded:
    return writer.encode(Record(1, annotations, name="x.jpg", width=100, height=80), place)


def rows(encoded: Encoded) -> list[list[float]]:
    ((_, data),) = encoded.files
    return [list(map(float, line.split())) for line in data.decode().splitlines()]


def codes(encoded: Encoded) -> list[tuple[str, tuple[str, ...]]]:
    return [(outcome.status, outcome.codes) for outcome in encoded.outcomes]


def pose(*points: tuple[float, float, int], names: tuple[str, ...] = ARROW.points, **fields: Any) -> Annotation:
    return Annotation(0, "keypoints", "cat", geometry=Keypoints(points, "arrow", names), **fields)


# -- pose ----------------------------------------------------------------------------------------------


def test_a_pose_row_is_the_box_and_the_points_of_the_skeleton() -> None:
    writer = YoloWriter(YoloOptions(task="pose"), plan(ARROW, keypoints=1))

    encoded = encode(writer, pose((10, 20, 2), (50, 60, 1), (0, 0, 0)))

    assert codes(encoded) == [("written", ())]
    assert rows(encoded) == [[0, 0.3, 0.5, 0.4, 0.5, 0.1, 0.25, 2, 0.5, 0.75, 1, 0, 0, 0]]


def test_a_pose_row_takes_the_declared_box_and_says_what_a_region_lost() -> None:
    triangle = Polygon((Part((10, 10, 30, 10, 10, 30)),))
    writer = YoloWriter(YoloOptions(task="pose"), plan(ARROW, keypoints=1))

    encoded = encode(writer, pose((10, 20, 2), (50, 60, 1), (0, 0, 0), box=Box(0, 0, 100, 80), region=triangle))

    assert codes(encoded) == [("lossy", ("L_REGION_DROPPED",))]
    assert rows(encoded)[0][:5] == [0, 0.5, 0.5, 1, 1]


@pytest.mark.parametrize("names", [("a", "b", "c"), ("tip", "left_end")])
def test_another_skeleton_than_the_datasets_is_skipped(names: tuple[str, ...]) -> None:
    writer = YoloWriter(YoloOptions(task="pose"), plan(ARROW, keypoints=2))

    encoded = encode(writer, pose(*[(10, 20, 2), (50, 60, 1), (1, 1, 1)][: len(names)], names=names))

    assert codes(encoded) == [("skipped", ("S_SKELETON_DIFFERENT",))]
    assert rows(encoded) == []


def test_other_kinds_in_a_pose_dataset_have_unlabelled_points() -> None:
    writer = YoloWriter(YoloOptions(task="pose"), plan(ARROW, keypoints=1, box=1))
    turned = Annotation(1, "rotated_box", "cat", geometry=RotatedBox(50, 40, 20, 10, math.pi / 4))
    region = Annotation(2, "polygon", "cat", region=Polygon((Part((10, 10, 30, 10, 10, 30)),)))

    encoded = encode(writer, Annotation(0, "box", "dog", box=Box(10, 10, 20, 20)), turned, region)

    assert codes(encoded) == [
        ("written", ("N_NO_KEYPOINTS",)), ("lossy", ("L_ROTATION_FLATTENED",)), ("lossy", ("L_REGION_DROPPED",)),
    ]  # fmt: skip
    assert {len(row) for row in rows(encoded)} == {14}
    assert all(row[5:] == [0] * 9 for row in rows(encoded))


def test_a_point_outside_is_dropped_and_one_on_the_edge_is_kept() -> None:
    writer = YoloWriter(YoloOptions(task="pose"), plan(ARROW, keypoints=1))

    encoded = encode(writer, pose((100, 80, 2), (101.5, 10, 2), (50, 40, 2)))

    assert codes(encoded) == [("lossy", ("L_KEYPOINT_DROPPED",))]
    assert rows(encoded)[0][5:] == [1, 1, 2, 0, 0, 0, 0.5, 0.5, 2]


def test_the_yaml_names_the_shape_the_flip_and_the_points_of_each_class() -> None:
    writer = YoloWriter(YoloOptions(), plan(ARROW, keypoints=1))
    (file,) = writer.files()
    document = YAML(typ="safe").load(file.parts[0])

    assert document["kpt_shape"] == [3, 3]
    assert document["flip_idx"] == [0, 2, 1]
    assert document["kpt_names"] == {key: ["tip", "left_end", "right_end"] for key in (0, 1)}


def test_points_that_tell_no_side_have_no_flip() -> None:
    writer = YoloWriter(YoloOptions(task="pose"), plan(Skeleton("s", ("a", "b")), keypoints=1))
    (file,) = writer.files()

    assert "flip_idx" not in YAML(typ="safe").load(file.parts[0])


def test_a_pose_dataset_without_key_points_has_the_shape_of_a_person() -> None:
    writer = YoloWriter(YoloOptions(task="pose"), plan(box=1))

    assert len(rows(encode(writer, Annotation(0, "box", "dog", box=Box(10, 10, 20, 20))))[0]) == 5 + 3 * len(
        PERSON_17.points
    )


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("0 0.5 0.5 0.1 0.1 0.5 0.5 3", "C_YOLO_POSE"),
        ("0 0.5 0.5 0.1 0.1 0.5 0.5 1.5", "C_YOLO_POSE"),
        ("0 0.5 0.5 0.1 0.1 0.5 0.5 0", "C_YOLO_POSE"),
        ("0 0.5 0.5 0.1 0.1 1.5 0.5 2", "C_YOLO_RANGE"),
        ("0 0.5 0.5 0.1 0.1 0.5 0.5", "C_YOLO_ROW"),
    ],
)
def test_the_checker_breaks_on_wrong_points(row: str, code: str) -> None:
    assert [fault.code for fault in judge_labels(f"{row}\n".encode(), (1, 3)).faults] == [code]


# -- obb -----------------------------------------------------------------------------------------------


def test_an_obb_row_of_the_golden_polygon_is_its_upright_rectangle() -> None:
    writer = YoloWriter(YoloOptions(task="obb"), plan(polygon=1))
    region = Annotation(0, "polygon", "cat", region=Polygon((Part((10, 10, 30, 10, 10, 30)),)))

    encoded = encode(writer, region)

    assert encoded.files[0][1] == b"0 0.100000 0.125000 0.300000 0.125000 0.300000 0.375000 0.100000 0.375000\n"
    assert codes(encoded) == [("lossy", ("L_REGION_TO_OBB",))]


def test_a_rotated_box_keeps_the_order_of_its_corners() -> None:
    writer = YoloWriter(YoloOptions(task="obb"), plan(rotated_box=1))
    turned = RotatedBox(50, 40, 20, 10, math.pi / 2)

    encoded = encode(writer, Annotation(0, "rotated_box", "dog", geometry=turned))

    assert codes(encoded) == [("written", ())]
    assert rows(encoded) == [[1, 0.55, 0.375, 0.55, 0.625, 0.45, 0.625, 0.45, 0.375]]


def test_a_rotated_box_over_the_edge_is_the_rectangle_of_what_is_inside() -> None:
    writer = YoloWriter(YoloOptions(task="obb"), plan(rotated_box=1))

    encoded = encode(writer, Annotation(0, "rotated_box", "dog", geometry=RotatedBox(0, 40, 20, 10, math.pi)))

    assert codes(encoded) == [("lossy", ("L_CLIPPED",))]
    assert rows(encoded) == [[1, 0, 0.4375, 0.1, 0.4375, 0.1, 0.5625, 0, 0.5625]]


def test_a_measured_region_says_how_much_its_rectangle_covers() -> None:
    writer = YoloWriter(YoloOptions(task="obb"), plan(mask=1))
    square = Mask.from_row_runs([[10 * 100 + 10, 4], [11 * 100 + 10, 2]], 100, 80)
    place = msgspec.structs.replace(PLACE, measured=True)

    encoded = encode(writer, Annotation(0, "mask", "cat", region=square), place=place)

    assert encoded.overlaps == [(0, "L_REGION_TO_OBB", 0.75)]


coordinate = st.integers(0, 40) | st.floats(0, 40, allow_nan=False).map(lambda value: round(value, 3))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=25))
def test_the_smallest_rectangle_holds_all_points_and_none_is_smaller(points: list[tuple[float, float]]) -> None:
    hull = MultiPoint(points).convex_hull
    if hull.area < 1e-3:
        return
    made = smallest_rectangle(Polygon((Part(tuple(value for point in points for value in point)),)))
    rectangle = Outline(list(zip(made[::2], made[1::2], strict=True)))

    assert rectangle.buffer(1e-4).covers(MultiPoint(points))
    assert rectangle.area <= hull.minimum_rotated_rectangle.area * (1 + 1e-4) + 1e-4
    turn = math.atan2(made[3] - made[1], made[2] - made[0])
    assert abs(turn) <= math.pi / 4 + 1e-3


def test_the_rectangle_of_a_ring_with_very_many_corners_is_found_in_linear_time() -> None:
    turns = [2 * math.pi * step / 100_000 for step in range(100_000)]
    ring = tuple(value for turn in turns for value in (500 + 400 * math.cos(turn), 500 + 400 * math.sin(turn)))

    made = smallest_rectangle(Polygon((Part(ring),)))

    assert math.hypot(made[2] - made[0], made[3] - made[1]) == pytest.approx(800, abs=0.01)


# -- classify ------------------------------------------------------------------------------------------


def tag(label: str, **fields: Any) -> Annotation:
    return Annotation(0, "tag", label, **fields)


def record(*annotations: Annotation) -> Record:
    return Record(1, annotations, name="x.jpg", width=100, height=80)


def test_a_tag_says_in_which_folder_the_picture_is() -> None:
    writer = YoloWriter(YoloOptions(task="classify"), plan(splits=("train", "val"), tag=1))

    assert writer.picture_place(record(tag("dog")), PLACE) == "train/dog/x.jpg"
    encoded = encode(writer, tag("dog"), Annotation(1, "box", "cat", box=Box(1, 1, 5, 5)))
    assert codes(encoded) == [("written", ()), ("skipped", ("S_KIND_UNSUPPORTED",))]
    assert (encoded.files, list(writer.files())) == ((), [])
    assert set(writer.folders()) == {"train", "val", "train/cat", "train/dog", "val/cat", "val/dog"}


def test_a_picture_without_a_tag_or_with_several_has_no_place() -> None:
    writer = YoloWriter(YoloOptions(task="classify"), plan(tag=1))

    with pytest.raises(RecordFault, match="exactly one") as missing:
        writer.picture_place(record(Annotation(1, "box", "cat", box=Box(1, 1, 5, 5))), PLACE)
    with pytest.raises(RecordFault, match="multi=first") as many:
        writer.picture_place(record(tag("dog"), tag("cat")), PLACE)
    assert (missing.value.code, many.value.code) == ("E_TAG_MISSING", "E_TAG_MANY")


def test_multi_first_takes_the_first_class_by_number() -> None:
    writer = YoloWriter(YoloOptions(task="classify", multi="first"), plan(tag=2))

    assert writer.picture_place(record(tag("dog"), tag("cat")), PLACE) == "train/cat/x.jpg"
    encoded = encode(writer, tag("dog"), tag("cat"))
    assert codes(encoded) == [("lossy", ("L_FLAGS_DROPPED",)), ("written", ())]
    assert encoded.objects == 1


def test_folders_that_cannot_have_the_name_of_their_class_are_named() -> None:
    names = ("a/b", "CON", "cat", "Cat")
    facts = (SplitFacts("train", 1, {}),)
    own = Plan(names, {name: n for n, name in enumerate(names)}, facts, {"tag": 1}, {"image": 1}, 1, True)
    writer = YoloWriter(YoloOptions(task="classify"), own)

    assert list(writer.folders())[1:] == ["train/class_0", "train/_CON", "train/cat", "train/class_3"]
    assert [code for code, _ in writer.notices()] == ["N_CLASS_FOLDER"]
    assert writer.facts() == {"class_folders": {"_CON": 1, "cat": 2, "class_0": 0, "class_3": 3}}


# -- darknet -------------------------------------------------------------------------------------------


def test_darknet_has_labels_beside_pictures_and_lists_of_them() -> None:
    writer = YoloWriter(YoloOptions(dialect="darknet"), plan(splits=("train", "val"), box=1, polygon=1))
    encoded = encode(writer, Annotation(0, "box", "dog", box=Box(10, 10, 20, 20)))

    assert encoded.files == (("obj_train_data/x.txt", b"1 0.200000 0.250000 0.200000 0.250000\n"),)
    assert encoded.streams == {"train.txt#pictures": b"obj_train_data/x.jpg\n"}
    assert {file.path for file in writer.files()} == {"obj.data", "obj.names", "train.txt", "valid.txt"}
    assert next(file.parts[0] for file in writer.files() if file.path == "obj.names") == b"cat\ndog\n"


def test_darknet_lists_no_picture_that_is_not_there() -> None:
    """Its loader opens every line of a list; the label file stays (formats, section 5.2)."""
    writer = YoloWriter(YoloOptions(dialect="darknet"), plan(box=1))
    absent = Placement("train", "x.jpg", "x", 0, has_media=False)

    encoded = encode(writer, Annotation(0, "box", "dog", box=Box(10, 10, 20, 20)), place=absent)

    assert [path for path, _ in encoded.files] == ["obj_train_data/x.txt"]
    assert b"".join(encoded.streams.values()) == b""


@pytest.mark.parametrize("name", ["a\nb", " a", "a ", "a\u2028b", "a\x85b"])
def test_a_class_that_a_line_cannot_hold_is_refused_by_darknet_alone(name: str) -> None:
    assert YoloWriter.class_fault(name, YoloOptions(dialect="darknet")) is not None
    assert YoloWriter.class_fault(name, YoloOptions()) is None


def test_darknet_refuses_other_tasks_than_detect() -> None:
    with pytest.raises(ValueError, match="boxes only"):
        YoloOptions(dialect="darknet", task="segment")
