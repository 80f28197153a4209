from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from exportkit.errors import AnnotationFault, AnnotationSkip
from exportkit.records import Annotation, Box, Canvas, Keypoints, LazyRegion, Mask, Part, Point, Polygon, RotatedBox

CANVAS = Canvas(100, 80)
TRIANGLE = Polygon((Part((10, 10, 30, 10, 10, 30)),))
DIAMOND_OVER_THE_LEFT_EDGE = RotatedBox(5, 40, 20, 20, math.pi / 4)


def boxed(*numbers: float) -> Annotation:
    return Annotation(0, "box", "cat", box=Box(*numbers))


def region(source: Any, form: Any = "coco_rings", box: Any = None, area: Any = None) -> Annotation:
    return Annotation(0, "polygon", "cat", box=box, region=LazyRegion(source, form), area=area)


@pytest.mark.parametrize("numbers", [(10, 10, 20, 20), (0, 0, 100, 80), (10.0, 0.5, 0.001, 79.5)])
def test_a_box_within_the_picture_is_the_sources_own(numbers: tuple[float, ...]) -> None:
    annotation = boxed(*numbers)

    box, codes = CANVAS.box(annotation)

    assert box is annotation.box
    assert codes == ()


@pytest.mark.parametrize(
    ("numbers", "expected", "codes"),
    [
        ((-10, 10.0, 30, 20.0), Box(0, 10.0, 20, 20.0), ("L_CLIPPED",)),
        ((90, 70, 30, 30), Box(90, 70, 10, 10), ("L_CLIPPED",)),
        ((-5, -5, 500, 500), Box(0, 0, 100, 80), ("L_CLIPPED",)),
        ((90.5, 10, 9.5009, 20), Box(90.5, 10, 9.5, 20), ()),
        ((-0.001, 10, 10.001, 20), Box(0, 10, 10, 20), ()),
        ((-0.0011, 10, 10, 20), Box(0, 10, 9.9989, 20), ("L_CLIPPED",)),
    ],
)
def test_a_box_over_the_edge_is_clipped_and_named_but_float_noise_is_not(
    numbers: tuple[float, ...], expected: Box, codes: tuple[str, ...]
) -> None:
    assert CANVAS.box(boxed(*numbers)) == (expected, codes)


@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        ((10, 10, -1, 5), "E_BOX_NEGATIVE"),
        ((10, 10, 0, -5), "E_BOX_NEGATIVE"),
        ((5, 5, 0, 10), "E_BOX_ZERO_AREA"),
        ((5, 5, 10, 0.0009), "E_BOX_ZERO_AREA"),
        ((100, 10, 10, 10), "E_OUTSIDE"),
        ((-10, 10, 10, 10), "E_OUTSIDE"),
        ((200, 10, 10, 10), "E_OUTSIDE"),
        ((99.9995, 10, 10, 10), "E_OUTSIDE"),
        ((math.nan, 10, 10, 10), "E_NOT_FINITE"),
        ((10, 10, math.inf, 10), "E_NOT_FINITE"),
        ((10, 10, 2e6, 10), "E_NUMBER_RANGE"),
    ],
)
@pytest.mark.parametrize("invalid", ["clip", "drop", "fail"])
def test_a_broken_box_is_an_error_under_every_rule(numbers: tuple[float, ...], code: str, invalid: Any) -> None:
    with pytest.raises(AnnotationFault) as caught:
        Canvas(100, 80, invalid).box(boxed(*numbers))

    assert caught.value.code == code
    assert caught.value.json_path.startswith(".bbox")


@pytest.mark.parametrize(
    "annotation",
    [
        boxed(-10, 10, 30, 20),
        region([[-10, 10, 30, 10, 30, 40]]),
        Annotation(0, "keypoints", "cat", geometry=Keypoints(((10, 10, 2), (-10, 10, 2)))),
        Annotation(0, "rotated_box", "cat", geometry=DIAMOND_OVER_THE_LEFT_EDGE),
    ],
    ids=lambda annotation: annotation.kind,
)
def test_drop_and_fail_speak_of_all_kinds_alike(annotation: Annotation) -> None:
    def read(canvas: Canvas) -> Any:
        by_kind = {"box": canvas.box, "polygon": canvas.region, "keypoints": canvas.keypoints}
        return by_kind.get(annotation.kind, canvas.rotated)(annotation)

    read(CANVAS)
    with pytest.raises(AnnotationSkip) as skipped:
        read(Canvas(100, 80, "drop"))
    with pytest.raises(AnnotationFault) as failed:
        read(Canvas(100, 80, "fail"))

    assert skipped.value.code == "S_INVALID_DROPPED"
    assert failed.value.code == "E_OUT_OF_BOUNDS"


@given(st.tuples(*[st.floats(-300, 300)] * 4))
@settings(max_examples=100)
def test_whatever_box_is_accepted_lies_within_the_picture(numbers: tuple[float, ...]) -> None:
    x, y, width, height = numbers
    shared = (_shared(x, width, 100), _shared(y, height, 80))
    # Which side of the least extent a sum of floats falls on is nobody's promise.
    assume(all(abs(extent - 0.001) > 1e-6 for extent in shared))
    accepted = min(width, height, *shared) >= 0.001
    if not accepted:
        with pytest.raises(AnnotationFault, match="box"):
            CANVAS.box(boxed(*numbers))
        return

    box, codes = CANVAS.box(boxed(*numbers))

    assert 0 <= box.x0 < box.x1 <= 100 + 1e-6
    assert 0 <= box.y0 < box.y1 <= 80 + 1e-6
    assert (codes == ("L_CLIPPED",)) is (max(-x, -y, x + width - 100, y + height - 80) > 0.001)


def _shared(start: float, extent: float, limit: float) -> float:
    return round(min(start + extent, limit), 6) - round(max(start, 0), 6)


def test_a_good_declared_box_is_given_without_a_look_at_a_broken_region() -> None:
    assert CANVAS.box(region(b"[[1, 2, NaN]]", box=Box(1, 2, 3, 4))) == (Box(1, 2, 3, 4), ())


@pytest.mark.parametrize(
    "box",
    [Box(5, 5, 0, 10), Box(5, 5, -1, 10), Box(500, 5, 10, 10), AnnotationFault("E_BOX_SHAPE", "three values", ".bbox")],
    ids=["empty", "negative", "outside", "shape"],
)
def test_a_broken_declared_box_beside_a_region_or_key_points_is_replaced_and_named(box: Any) -> None:
    points = Annotation(0, "keypoints", "cat", box=box, geometry=Keypoints(((10, 10, 2), (30, 30, 1))))

    assert CANVAS.box(region(b"[[10, 10, 30, 10, 10, 30]]", box=box)) == (Box(10, 10, 20, 20), ("N_BOX_MISMATCH",))
    assert CANVAS.box(points) == (Box(10, 10, 20, 20), ("N_BOX_MISMATCH",))


@pytest.mark.parametrize("code", ["E_NUMBER_TYPE", "E_NOT_FINITE", "E_NUMBER_RANGE"])
def test_a_bad_number_in_a_declared_box_is_never_replaced(code: str) -> None:
    box = AnnotationFault(code, "bad", ".bbox[0]")

    with pytest.raises(AnnotationFault) as caught:
        CANVAS.box(region(b"[[10, 10, 30, 10, 10, 30]]", box=box))

    assert (caught.value.code, caught.value.json_path) == (code, ".bbox[0]")
    assert caught.value is not box


def test_a_broken_box_beside_a_broken_region_is_the_boxs_fault() -> None:
    with pytest.raises(AnnotationFault) as caught:
        CANVAS.box(region(b"[[1, 2, NaN]]", box=Box(5, 5, 0, 10)))

    assert caught.value.code == "E_BOX_ZERO_AREA"


def test_a_region_without_a_box_has_its_tight_box_clipped() -> None:
    assert CANVAS.box(region([[-10, 10, 30, 10, -10, 50]])) == (Box(0, 10, 30, 30), ("L_CLIPPED",))


def test_a_polygon_within_the_picture_is_given_as_it_is() -> None:
    annotation = region([[0, 0, 100, 0, 100, 80]])

    polygon, codes = CANVAS.region(annotation)

    assert isinstance(annotation.region, LazyRegion)
    assert polygon is annotation.region.get()
    assert codes == ()


@pytest.mark.parametrize(
    ("ring", "expected", "codes"),
    [
        ([-10, 10, 30, 10, 30, 30, -10, 30], (0, 10, 30, 10, 30, 30, 0, 30), ("L_CLIPPED",)),
        ([-0.0005, 10, 30, 10, 30, 80.001], (0, 10, 30, 10, 30, 80), ()),
    ],
)
def test_a_polygon_over_the_edge_is_clipped_and_named_but_float_noise_is_not(
    ring: list[float], expected: tuple[float, ...], codes: tuple[str, ...]
) -> None:
    polygon, given_codes = CANVAS.region(region([ring]))

    assert isinstance(polygon, Polygon)
    assert set(zip(*[iter(polygon.rings[0])] * 2, strict=True)) == set(zip(*[iter(expected)] * 2, strict=True))
    assert given_codes == codes


@pytest.mark.parametrize("invalid", ["clip", "drop", "fail"])
def test_a_polygon_wholly_outside_is_an_error_under_every_rule(invalid: Any) -> None:
    with pytest.raises(AnnotationFault) as caught:
        Canvas(100, 80, invalid).region(region([[110, 10, 130, 10, 110, 30]]))

    assert (caught.value.code, caught.value.json_path) == ("E_OUTSIDE", ".segmentation")


def test_a_mask_must_lie_on_the_pictures_grid() -> None:
    mask = Annotation(0, "mask", "cat", region=LazyRegion({"size": [80, 100], "counts": [0, 8000]}, "rle"))

    assert CANVAS.region(mask)[0] == Mask(100, 80, (0, 8000))
    for canvas in (Canvas(80, 100), Canvas(100, 80, max_pixels=7999)):
        with pytest.raises(AnnotationFault) as caught:
            canvas.region(mask)
        assert caught.value.code == "E_MASK_SIZE"


def test_a_missing_region_or_box_is_an_annotation_without_geometry() -> None:
    for read in (CANVAS.region, CANVAS.box, CANVAS.rotated, CANVAS.keypoints, CANVAS.point):
        with pytest.raises(AnnotationFault) as caught:
            read(Annotation(0, "box", "cat"))
        assert caught.value.code == "E_ANNOTATION"


def test_a_declared_box_apart_from_its_region_is_kept_and_named() -> None:
    apart = region(b"[[10, 10, 30, 10, 10, 30]]", box=Box(25, 25, 5, 5))
    near = region(b"[[10, 10, 30, 10, 10, 30]]", box=Box(10, 10, 19, 21.0))

    assert CANVAS.box_and_region(apart) == (Box(25, 25, 5, 5), TRIANGLE, ("N_BOX_MISMATCH",))
    assert CANVAS.box_and_region(near) == (Box(10, 10, 19, 21.0), TRIANGLE, ())


def test_codes_of_box_and_region_are_given_once() -> None:
    both = region([[-10, 10, 30, 10, -10, 50]], box=Box(-10, 10, 40, 40))

    box, _, codes = CANVAS.box_and_region(both)

    assert (box, codes) == (Box(0, 10, 30, 40), ("L_CLIPPED",))


def test_a_rotated_box_is_not_clipped_but_what_is_derived_from_it_is() -> None:
    annotation = Annotation(0, "rotated_box", "cat", geometry=DIAMOND_OVER_THE_LEFT_EDGE)

    polygon, codes = CANVAS.polygon_of_rotated(annotation)

    assert CANVAS.rotated(annotation) == (DIAMOND_OVER_THE_LEFT_EDGE, ())
    assert codes == ("L_CLIPPED",)
    assert len(polygon.rings[0]) == 10
    assert CANVAS.box(annotation) == (Box.from_edges(0, 40 - 200**0.5, 5 + 200**0.5, 40 + 200**0.5), ("L_CLIPPED",))


@pytest.mark.parametrize(
    ("box", "code"),
    [
        (RotatedBox(-20, 40, 20, 20, 0.5), "E_OUTSIDE"),
        (RotatedBox(20, 40, -20, 20, 0.5), "E_BOX_NEGATIVE"),
        (RotatedBox(20, 40, 20, 0, 0.5), "E_BOX_ZERO_AREA"),
        (RotatedBox(20, 40, 20, 20, math.nan), "E_NOT_FINITE"),
        (AnnotationFault("E_BOX_SHAPE", "seven values", ".obb"), "E_BOX_SHAPE"),
    ],
)
def test_a_broken_rotated_box_is_an_error_for_every_reader(box: Any, code: str) -> None:
    annotation = Annotation(0, "rotated_box", "cat", geometry=box)

    for read in (CANVAS.rotated, CANVAS.polygon_of_rotated, CANVAS.box):
        with pytest.raises(AnnotationFault) as caught:
            read(annotation)
        assert caught.value.code == code


def test_a_key_point_outside_is_zeroed_and_named_but_float_noise_is_not() -> None:
    outside = Annotation(0, "keypoints", "cat", geometry=Keypoints(((10, 10, 2), (101, 10, 1), (0, 0, 0)), "s"))
    noisy = Annotation(0, "keypoints", "cat", geometry=Keypoints(((10, 10, 2), (100.001, -0.0005, 1)), "s"))

    assert CANVAS.keypoints(outside) == (Keypoints(((10, 10, 2), (0, 0, 0), (0, 0, 0)), "s"), ("L_KEYPOINT_DROPPED",))
    assert CANVAS.keypoints(noisy) == (Keypoints(((10, 10, 2), (100, 0, 1)), "s"), ())


def test_key_points_that_are_all_gone_or_never_were_are_errors() -> None:
    gone = Annotation(0, "keypoints", "cat", geometry=Keypoints(((-10, 10, 2), (0, 0, 0))))
    never = Annotation(0, "keypoints", "cat", geometry=Keypoints(((0, 0, 0),)))
    boxed_only = Annotation(0, "keypoints", "cat", box=Box(1, 2, 3, 4), geometry=Keypoints(((0, 0, 0),)))

    for annotation, code in ((gone, "E_OUTSIDE"), (never, "E_KEYPOINT_NONE")):
        for read in (CANVAS.keypoints, CANVAS.box):
            with pytest.raises(AnnotationFault) as caught:
                read(annotation)
            assert caught.value.code == code
    assert CANVAS.keypoints(boxed_only) == (boxed_only.geometry, ())


def test_a_single_point_is_judged_like_a_key_point() -> None:
    assert CANVAS.point(Annotation(0, "point", "nose", geometry=Point(5, 6.0, 2))) == (Point(5, 6.0, 2), ())
    with pytest.raises(AnnotationFault) as caught:
        CANVAS.point(Annotation(0, "point", "nose", geometry=Point(500, 6, 2)))
    assert caught.value.code == "E_OUTSIDE"


@pytest.mark.parametrize(
    ("declared", "area", "codes"),
    [
        (None, 200, ()),
        (200, 200, ()),
        (201.9, 201.9, ()),
        (190, 190, ()),
        (188.2, 188.2, ()),
        (400, 200, ("N_AREA_RECOMPUTED",)),
        (195, 200, ("N_AREA_RECOMPUTED",)),
        (0, 200, ("N_AREA_RECOMPUTED",)),
        (-200, 200, ("N_AREA_RECOMPUTED",)),
        ("200", 200, ("N_AREA_RECOMPUTED",)),
        (True, 200, ("N_AREA_RECOMPUTED",)),
        (math.nan, 200, ("N_AREA_RECOMPUTED",)),
        (math.inf, 200, ("N_AREA_RECOMPUTED",)),
        ({"a": 1}, 200, ("N_AREA_RECOMPUTED",)),
    ],
)
def test_a_declared_area_near_the_exact_or_the_pixel_area_is_kept_and_any_other_recomputed(
    declared: Any, area: float, codes: tuple[str, ...]
) -> None:
    assert CANVAS.area(region(b"[[10,10,30,10,10,30]]", area=declared), TRIANGLE) == (area, codes)


def test_the_shoelace_area_of_a_ring_that_crosses_itself_is_not_taken_for_its_area() -> None:
    unequal = Polygon((Part((0, 0, 30, 30, 30, 0, 0, 10)),))

    assert CANVAS.area(region([], area=unequal.shoelace_area()), unequal)[1] == ("N_AREA_RECOMPUTED",)


def test_the_area_of_the_other_kinds_is_their_own() -> None:
    assert CANVAS.area(boxed(0, 0, 1.5, 3), Box(0, 0, 1.5, 3)) == (4.5, ())
    assert CANVAS.area(boxed(0, 0, 1, 1), RotatedBox(5, 5, 2, 4, 1)) == (8, ())
    assert CANVAS.area(boxed(0, 0, 1, 1), Mask(100, 80, (0, 5, 7, 8))) == (6, ())


def test_judging_reads_every_part_and_names_each_fault_once() -> None:
    both_bad = region(b"[[1, 2, NaN]]", box=AnnotationFault("E_NOT_FINITE", "bad", ".bbox[0]"))
    points_bad = Annotation(0, "keypoints", "c", box=Box(1, 1, 5, 5), geometry=Keypoints(((-9, 9, 2),)))

    assert [(fault.code, fault.json_path) for fault in CANVAS.judge(both_bad)] == [
        ("E_NOT_FINITE", ".segmentation[0][2]"),
        ("E_NOT_FINITE", ".bbox[0]"),
    ]
    assert [fault.code for fault in CANVAS.judge(points_bad)] == ["E_OUTSIDE"]
    assert CANVAS.judge(region(b"[[10, 10, 30, 10, 10, 30]]", box=Box(5, 5, 0, 10))) == []
    assert Canvas(100, 80, "drop").judge(boxed(-10, 10, 30, 20)) == []
    assert [fault.code for fault in CANVAS.judge(Annotation(0, "box", "cat"))] == ["E_ANNOTATION"]


def test_a_picture_of_unknown_size_bounds_only_left_and_top() -> None:
    canvas = Canvas(0, 0)

    assert canvas.box(boxed(90, 70, 300, 300)) == (Box(90, 70, 300, 300), ())
    assert canvas.box(boxed(-10, 10, 300, 20)) == (Box(0, 10, 290, 20), ("L_CLIPPED",))
    assert canvas.region(region([[-10, 10, 300, 10, 300, 500]]))[1] == ("L_CLIPPED",)
    mask = Annotation(0, "mask", "c", region=Mask(7, 7, (0, 1)))
    assert canvas.region(mask) == (Mask(7, 7, (0, 1)), ())
