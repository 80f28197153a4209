"""Segmentation planes: which pixels get which value, and what is said of those that do not."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from PIL import Image

from exportkit.errors import AnnotationFault, RecordFault
from exportkit.records import Annotation, Box, Keypoints, LazyRegion, Mask, Part, Polygon, Record, RotatedBox
from exportkit.writing import Encoded, Outcome, Placement, Plan, SplitFacts
from exportkit_voc.options import VocOptions
from exportkit_voc.palette import palette_color
from exportkit_voc.writer import VocWriter

WIDTH, HEIGHT = 12, 9
VOID = 255


def made(
    *annotations: Annotation,
    classes: tuple[str, ...] = ("cat", "dog"),
    size: tuple[int, int] = (WIDTH, HEIGHT),
    max_pixels: int = 1 << 28,
    **options: Any,
) -> Encoded:
    index = {name: place for place, name in enumerate(classes)}
    splits = (SplitFacts("train", 1, {}),)
    plan = Plan(classes, index, splits, {}, {"image": 1}, 1, ids_usable=True, max_pixels=max_pixels)
    writer = VocWriter(VocOptions(task="segment", **options), plan)
    record = Record(1, annotations, name="x.jpg", width=size[0], height=size[1])
    return writer.encode(record, Placement("train", "x.jpg", "x", 0))


def planes(encoded: Encoded) -> tuple[list[int], list[int]]:
    """Values of the class plane and of the object plane, row by row, as Pillow reads them."""
    files = {path.split("/")[-2]: data for path, data in encoded.files}
    pictures = [Image.open(io.BytesIO(files[folder])) for folder in ("SegmentationClass", "SegmentationObject")]
    assert [picture.mode for picture in pictures] == ["P", "P"]
    return list(pictures[0].tobytes()), list(pictures[1].tobytes())


def ends(encoded: Encoded) -> list[tuple[str, ...]]:
    return [outcome.codes for outcome in encoded.outcomes]


def element(encoded: Encoded) -> etree._Element:
    (data,) = [data for path, data in encoded.files if path.endswith(".xml")]
    return etree.fromstring(data)


def rectangle(x0: float, y0: float, x1: float, y1: float, label: str = "cat", **fields: Any) -> Annotation:
    ring = (x0, y0, x1, y0, x1, y1, x0, y1)
    return Annotation(0, "polygon", label, region=Polygon((Part(ring),)), **fields)


def mask(*runs: tuple[int, int], label: str = "cat", **fields: Any) -> Annotation:
    return Annotation(0, "mask", label, region=Mask.from_row_runs(runs, WIDTH, HEIGHT), **fields)


def box(x: float, y: float, width: float, height: float, label: str = "cat", **fields: Any) -> Annotation:
    return Annotation(0, "box", label, box=Box(x, y, width, height), **fields)


def test_the_golden_triangle_has_190_pixels_of_its_class_and_of_its_number(
    write_dataset: Callable[..., Path],
) -> None:
    triangle = Annotation(
        0, "polygon", "cat", box=Box(10, 10, 20, 20), region=LazyRegion([[10, 10, 30, 10, 10, 30]], "coco_rings")
    )
    broken = Annotation(0, "box", "dog", box=Box(5, 5, 0, 10))
    records = [
        Record(10, (triangle,), name="x.jpg", width=100, height=80),
        Record(11, (broken,), name="x__11.jpg", width=60, height=40),
    ]

    root = write_dataset({"train": records}, task="segment") / "VOCdevkit/VOC2012"

    for folder in ("SegmentationClass", "SegmentationObject"):
        (path,) = (root / folder).iterdir()
        assert path.name == "x.png"
        picture = Image.open(path)
        assert (picture.mode, picture.size) == ("P", (100, 80))
        pixels = picture.tobytes()
        assert (pixels.count(1), pixels.count(0)) == (190, 100 * 80 - 190)
        assert bytes(picture.getpalette() or ()) == b"".join(bytes(palette_color(index)) for index in range(256))
    assert {path.name: path.read_text() for path in (root / "ImageSets/Segmentation").iterdir()} == {
        "train.txt": "x\n",
        "trainval.txt": "x\n",
    }
    segmented = {path.stem: etree.parse(path).findtext("segmented") for path in (root / "Annotations").iterdir()}
    assert segmented == {"x": "1", "x__11": "0"}


def test_objects_are_numbered_by_their_place_in_the_file_and_classes_by_index_plus_one() -> None:
    tag = Annotation(0, "tag", "cat")

    encoded = made(tag, box(0, 0, 5, 5), rectangle(0, 0, 2, 1, "dog"), mask((24, 1), label="cat"))

    classes, objects = planes(encoded)
    assert (classes[0], objects[0]) == (2, 2)
    assert (classes[24], objects[24]) == (1, 3)
    assert (classes.count(2), objects.count(2), classes.count(1), objects.count(3)) == (2, 2, 1, 1)
    names = [item.findtext("name") for item in element(encoded).iterfind("object")]
    assert names == ["cat", "dog", "cat"]
    assert ends(encoded) == [("S_KIND_UNSUPPORTED",), (), ("L_RASTERISED",), ()]


@pytest.mark.parametrize(
    "annotations",
    [
        (box(1, 1, 3, 3),),
        (),
        (box(1, 1, 3, 3, iscrowd=True),),
        (
            Annotation(0, "polygon", "cat", region=LazyRegion([[1, 1, 2, 2]], "coco_rings")),
            box(0, 0, 1, 1, iscrowd=True),
        ),
        (Annotation(0, "polygon", "fish", region=Polygon((Part((1, 1, 5, 1, 5, 5)),))),),
    ],
    ids=["box", "nothing", "crowd box", "broken polygon", "foreign class"],
)
def test_a_picture_without_a_polygon_or_mask_has_no_planes(annotations: tuple[Annotation, ...]) -> None:
    encoded = made(*annotations)

    assert [path.rpartition("/")[2] for path, _ in encoded.files] == ["x.xml"]
    assert element(encoded).findtext("segmented") == "0"
    assert not any("Segmentation" in key for key in encoded.streams)


def test_later_objects_cover_earlier_ones_and_the_share_left_is_measured() -> None:
    encoded = made(rectangle(0, 0, 4, 4), rectangle(2, 0, 4, 4, "dog"), mask((48, 4)), mask((48, 4), label="dog"))

    classes, objects = planes(encoded)
    assert (objects.count(1), objects.count(2), objects.count(3), objects.count(4)) == (8, 8, 0, 4)
    assert classes[0:5] == [1, 1, 2, 2, 0]
    assert ends(encoded) == [("L_RASTERISED", "L_REGION_COVERED"), ("L_RASTERISED",), ("L_REGION_NOT_DRAWN",), ()]
    assert list(encoded.overlaps) == [
        (0, "L_RASTERISED", 0.5),
        (0, "L_REGION_COVERED", 0.5),
        (1, "L_RASTERISED", 1.0),
        (2, "L_REGION_NOT_DRAWN", 0.0),
    ]


def test_a_region_too_thin_for_a_pixel_is_named_and_leaves_its_box() -> None:
    encoded = made(rectangle(2, 1.6, 6, 2.4))

    assert ends(encoded) == [("L_BOX_GROWN", "L_REGION_NOT_DRAWN")]
    assert set(planes(encoded)[0]) == {0}
    assert len(element(encoded).findall("object")) == 1
    assert element(encoded).findtext("segmented") == "1"


def test_objects_over_254_are_not_drawn() -> None:
    encoded = made(*[box(0, 0, 2, 2)] * 253, rectangle(0, 0, 2, 2), rectangle(4, 4, 6, 6), mask((0, 1), iscrowd=True))

    assert ends(encoded)[-3:] == [
        ("L_RASTERISED",),
        ("L_REGION_NOT_DRAWN",),
        ("L_CROWD_AS_DIFFICULT", "L_REGION_NOT_DRAWN"),
    ]
    assert set(planes(encoded)[1]) == {0, 254}


def test_classes_over_254_are_not_drawn_but_their_crowds_are_void() -> None:
    classes = tuple(f"c{number:03}" for number in range(300))

    encoded = made(
        rectangle(0, 0, 2, 2, "c253"), rectangle(4, 0, 6, 2, "c254"), rectangle(8, 0, 10, 2, "c255", iscrowd=True),
        classes=classes,
    )  # fmt: skip

    assert ends(encoded) == [("L_RASTERISED",), ("L_REGION_NOT_DRAWN",), ("L_CROWD_AS_DIFFICULT",)]
    assert set(planes(encoded)[0]) == {0, 254, VOID}


@pytest.mark.parametrize(
    ("crowd", "pixels", "codes"),
    [
        (rectangle(2, 2, 5, 4, iscrowd=True), 6, ("L_CROWD_AS_DIFFICULT",)),
        (mask((24, 5), iscrowd=True), 5, ("L_CROWD_AS_DIFFICULT",)),
        (box(2, 2, 3, 3, iscrowd=True), 9, ("L_CROWD_AS_DIFFICULT",)),
        (
            Annotation(0, "rotated_box", "cat", geometry=RotatedBox(5, 5, 4, 2, math.pi / 2), iscrowd=True),
            8,
            ("L_CROWD_AS_DIFFICULT",),
        ),
        (
            Annotation(
                0, "keypoints", "cat", box=Box(1, 1, 4, 4), geometry=Keypoints(((2, 2, 2),)), iscrowd=True,
                region=Polygon((Part((2, 2, 4, 2, 4, 4, 2, 4)),)),
            ),
            4,
            ("L_KEYPOINTS_DROPPED", "L_CROWD_AS_DIFFICULT"),
        ),
        (
            Annotation(0, "keypoints", "cat", box=Box(1, 1, 4, 4), geometry=Keypoints(((2, 2, 2),)), iscrowd=True),
            16,
            ("L_KEYPOINTS_DROPPED", "L_CROWD_AS_DIFFICULT"),
        ),
    ],
    ids=["polygon", "mask", "box", "rotated box", "keypoints with region", "keypoints"],
)  # fmt: skip
def test_crowds_are_difficult_objects_and_void_in_both_planes(
    crowd: Annotation, pixels: int, codes: tuple[str, ...]
) -> None:
    encoded = made(crowd, rectangle(10, 8, 11, 9))

    classes, objects = planes(encoded)
    assert (classes.count(VOID), objects.count(VOID)) == (pixels, pixels)
    assert classes.count(1) == objects.count(2) == 1
    assert ends(encoded) == [codes, ("L_RASTERISED",)]
    assert [item.findtext("difficult") for item in element(encoded).iterfind("object")] == ["1", "0"]


def test_a_crowd_that_is_covered_is_named_as_any_other() -> None:
    encoded = made(rectangle(0, 0, 2, 2, iscrowd=True), rectangle(0, 0, 1, 2))

    assert ends(encoded)[0] == ("L_CROWD_AS_DIFFICULT", "L_REGION_COVERED")


def test_keypoints_and_boxes_are_not_drawn() -> None:
    points = Annotation(
        0, "keypoints", "cat", geometry=Keypoints(((2, 2, 2),)), region=Polygon((Part((2, 2, 4, 2, 4, 4)),))
    )
    turned = Annotation(0, "rotated_box", "cat", geometry=RotatedBox(5, 5, 3, 2, 0.5))

    encoded = made(points, turned, box(0, 0, 3, 3), rectangle(10, 8, 11, 9))

    assert ends(encoded) == [("L_KEYPOINTS_DROPPED",), ("L_ROTATION_FLATTENED",), (), ("L_RASTERISED",)]
    assert set(planes(encoded)[1]) == {0, 4}


@pytest.mark.parametrize("border", range(6))
def test_a_border_is_a_void_rim_around_the_object_that_keeps_its_own_pixels(border: int) -> None:
    encoded = made(mask((4 * WIDTH + 5, 1)), border=border)

    classes, objects = planes(encoded)
    expected = [
        [
            1 if (x, y) == (5, 4) else VOID if abs(x - 5) <= border and abs(y - 4) <= border else 0
            for x in range(WIDTH)
        ]
        for y in range(HEIGHT)
    ]  # fmt: skip
    assert classes == objects == [value for row in expected for value in row]
    assert ends(encoded) == [()]


def test_the_rim_of_a_later_object_covers_an_earlier_one() -> None:
    encoded = made(mask((0, 3)), mask((3, 1)), border=1)

    assert planes(encoded)[1][:6] == [1, 1, VOID, 2, VOID, 0]
    assert ends(encoded) == [("L_REGION_COVERED",), ()]


def test_holes_are_background_and_parts_are_one_object() -> None:
    rings = Polygon((Part((0, 0, 5, 0, 5, 5, 0, 5), ((1, 1, 4, 1, 4, 4, 1, 4),)), Part((7, 7, 9, 7, 9, 9, 7, 9))))

    encoded = made(Annotation(0, "polygon", "cat", region=rings))

    assert planes(encoded)[1].count(1) == 25 - 9 + 4


def test_a_region_over_the_edge_is_clipped_before_it_is_drawn() -> None:
    encoded = made(rectangle(-1e6, -1e6, 3, 2))

    assert planes(encoded)[0].count(1) == 6
    assert ends(encoded) == [("L_CLIPPED", "L_RASTERISED")]


def test_a_broken_region_beside_a_good_box_fails_where_regions_are_written() -> None:
    fault = AnnotationFault("E_POLYGON_ODD", "A ring has pairs of numbers.", ".segmentation[0]")

    encoded = made(Annotation(0, "polygon", "cat", box=Box(1, 1, 3, 3), region=fault), rectangle(0, 0, 2, 2))

    assert ends(encoded) == [("E_POLYGON_ODD",), ("L_RASTERISED",)]
    assert set(planes(encoded)[1]) == {0, 1}


def test_planes_over_the_limit_fail_their_record_before_anything_is_allocated() -> None:
    huge = (60_000, 60_000)

    with pytest.raises(RecordFault) as caught:
        made(rectangle(0, 0, 50_000, 50_000), size=huge)
    assert caught.value.code == "E_PIXELS_LIMIT"

    assert ends(made(box(0, 0, 50_000, 50_000, iscrowd=True), size=huge)) == [("L_CROWD_AS_DIFFICULT",)]
    assert ends(made(rectangle(0, 0, 2, 2), size=huge, segmentation="exclude")) == [("S_SEGMENTATION_EXCLUDED",)]
    with pytest.raises(RecordFault):
        made(rectangle(0, 0, 2, 2), max_pixels=WIDTH * HEIGHT - 1)


@pytest.mark.parametrize("task", ["detect", "segment"])
def test_regions_can_be_excluded(task: str) -> None:
    index = {"cat": 0}
    plan = Plan(("cat",), index, (SplitFacts("train", 1, {}),), {}, {"image": 1}, 1, ids_usable=True)
    writer = VocWriter(VocOptions(task=task, segmentation="exclude"), plan)  # type: ignore[arg-type]
    beside = rectangle(1, 1, 4, 4)
    record = Record(1, (mask((0, 3)), box(1, 1, 2, 2), beside), name="x.jpg", width=WIDTH, height=HEIGHT)

    encoded = writer.encode(record, Placement("train", "x.jpg", "x", 0))

    excluded = ("S_SEGMENTATION_EXCLUDED",)
    assert [outcome.codes for outcome in encoded.outcomes] == [excluded, (), excluded]
    assert len(encoded.files) == 1


spans = st.tuples(st.floats(-3, WIDTH + 3), st.floats(-3, HEIGHT + 3))
shapes = st.lists(spans, min_size=3, max_size=6)


@settings(max_examples=60)
@given(st.lists(st.tuples(shapes, st.booleans(), st.sampled_from(["cat", "dog"])), max_size=5), st.integers(0, 5))
def test_both_planes_tell_the_same_as_the_file_and_the_outcomes(
    drawn: list[tuple[list[tuple[float, float]], bool, str]], border: int
) -> None:
    annotations = [
        Annotation(0, "polygon", label, iscrowd=crowd, region=LazyRegion([[v for p in ring for v in p]], "coco_rings"))
        for ring, crowd, label in drawn
    ]

    encoded = made(*annotations, border=border)

    written = [
        (annotation, outcome)
        for annotation, outcome in zip(annotations, encoded.outcomes, strict=True)
        if outcome.status == "lossy"
    ]
    items = element(encoded).findall("object")
    assert len(items) == len(written)
    if not written:
        return
    classes, objects = planes(encoded)
    for number, (item, (annotation, outcome)) in enumerate(zip(items, written, strict=True), 1):
        assert_drawn(number, item, annotation, outcome, classes, objects)
    assert {value for value in objects if value not in {0, VOID}} <= set(range(1, len(items) + 1))
    for one, other in zip(classes, objects, strict=True):
        assert (one == 0, one == VOID) == (other == 0, other == VOID)


def assert_drawn(
    number: int,
    item: etree._Element,
    annotation: Annotation,
    outcome: Outcome,
    classes: list[int],
    objects: list[int],
) -> None:
    values = {classes[place] for place, value in enumerate(objects) if value == number}
    if annotation.iscrowd:
        assert not values
        return
    assert values == (
        set() if "L_REGION_NOT_DRAWN" in outcome.codes else {["cat", "dog"].index(item.findtext("name") or "") + 1}
    )


drawn_masks = st.lists(
    st.tuples(st.sets(st.integers(0, WIDTH * HEIGHT - 1), min_size=1, max_size=40), st.booleans()),
    min_size=1,
    max_size=6,
)


def repainted(masks: list[tuple[set[int], bool]], border: int) -> tuple[list[int], list[int]]:
    """The object plane, pixel by pixel, and how many pixels of each mask are left."""
    owners = [0] * (WIDTH * HEIGHT)
    for number, (pixels, crowd) in enumerate(masks, 1):
        for pixel in pixels if not crowd else ():
            y, x = divmod(pixel, WIDTH)
            for row in range(max(y - border, 0), min(y + border + 1, HEIGHT)):
                for column in range(max(x - border, 0), min(x + border + 1, WIDTH)):
                    owners[row * WIDTH + column] = VOID if border else owners[row * WIDTH + column]
        for pixel in pixels:
            owners[pixel] = number
    left = [owners.count(number) for number in range(1, len(masks) + 1)]
    return [VOID if owner and owner != VOID and masks[owner - 1][1] else owner for owner in owners], left


@settings(max_examples=80)
@given(drawn_masks, st.integers(0, 5))
def test_masks_come_back_pixel_by_pixel_as_far_as_the_account_says(
    masks: list[tuple[set[int], bool]], border: int
) -> None:
    annotations = [mask(*((pixel, 1) for pixel in sorted(pixels)), iscrowd=crowd) for pixels, crowd in masks]

    encoded = made(*annotations, border=border)

    expected, left = repainted(masks, border)
    assert planes(encoded)[1] == expected
    shares = {place: share for place, _, share in encoded.overlaps}
    for place, ((pixels, _), outcome) in enumerate(zip(masks, encoded.outcomes, strict=True)):
        assert shares.get(place, 1.0) == left[place] / len(pixels)
        assert ("L_REGION_NOT_DRAWN" in outcome.codes) == (left[place] == 0)
        assert ("L_REGION_COVERED" in outcome.codes) == (0 < left[place] < len(pixels))
