from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exportkit.errors import AnnotationFault
from exportkit.records import Box, RotatedBox, parse_box, parse_rotated_box

COORDINATES = st.floats(0, 1000).map(lambda value: round(value, 3))


@pytest.mark.parametrize("value", [[1, 2.0, 3, 4.5], {"x": 1, "y": 2.0, "width": 3, "height": 4.5, "more": None}])
def test_a_box_keeps_the_numbers_of_its_source(value: Any) -> None:
    box = parse_box(value)

    assert box == Box(1, 2.0, 3, 4.5)
    assert [type(number) for number in box.to_xywh()] == [int, float, int, float]


@pytest.mark.parametrize(
    ("value", "code", "path"),
    [
        ([1, 2, 3], "E_BOX_SHAPE", ".bbox"),
        ([1, 2, 3, 4, 5], "E_BOX_SHAPE", ".bbox"),
        ([], "E_BOX_SHAPE", ".bbox"),
        ("1,2,3,4", "E_BOX_SHAPE", ".bbox"),
        (None, "E_BOX_SHAPE", ".bbox"),
        ({"x": 1, "y": 2, "width": 3}, "E_BOX_SHAPE", ".bbox"),
        ([1, "2", 3, 4], "E_NUMBER_TYPE", ".bbox[1]"),
        ([1, 2, None, 4], "E_NUMBER_TYPE", ".bbox[2]"),
        ([1, 2, 3, math.nan], "E_NOT_FINITE", ".bbox[3]"),
        ({"x": 1e7, "y": 2, "width": 3, "height": 4}, "E_NUMBER_RANGE", ".bbox.x"),
    ],
)
def test_a_broken_box_is_named_by_code_and_smallest_bad_part(value: Any, code: str, path: str) -> None:
    with pytest.raises(AnnotationFault) as caught:
        parse_box(value)

    assert (caught.value.code, caught.value.json_path) == (code, path)


def test_negative_and_empty_sides_are_left_to_the_canvas() -> None:
    assert parse_box([5, 5, 0, -10]) == Box(5, 5, 0, -10)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (Box(10, 10, 20, 20), (11, 11, 30, 30, False)),
        (Box(0, 0, 100, 80), (1, 1, 100, 80, False)),
        (Box(10.5, 10.49, 2, 2), (12, 11, 13, 12, False)),
        (Box(10.6, 10.6, 0.2, 0.2), (11, 11, 11, 11, True)),
        (Box(99.7, 79.7, 0.3, 0.3), (100, 80, 100, 80, False)),
    ],
)
def test_voc_corners_are_one_based_inclusive_and_rounded_half_up(box: Box, expected: tuple[int, ...]) -> None:
    assert box.to_voc_inclusive(100, 80) == expected


@given(COORDINATES, COORDINATES, COORDINATES, COORDINATES)
def test_voc_corners_always_lie_within_the_picture_in_order(x: float, y: float, width: float, height: float) -> None:
    box = Box(x / 2, y / 2, max(width / 2, 0.001), max(height / 2, 0.001))

    xmin, ymin, xmax, ymax, _ = box.to_voc_inclusive(1000, 1000)

    assert 1 <= xmin <= xmax <= 1000
    assert 1 <= ymin <= ymax <= 1000


def test_yolo_fractions_are_of_centre_and_size() -> None:
    assert Box(10, 10, 20, 20).to_cxcywh_normalized(100, 80) == (0.2, 0.25, 0.2, 0.25)


@given(COORDINATES, COORDINATES, COORDINATES, COORDINATES)
def test_edges_survive_the_way_through_a_computed_box(a: float, b: float, c: float, d: float) -> None:
    x0, x1, y0, y1 = min(a, b), max(a, b), min(c, d), max(c, d)

    assert Box.from_edges(x0, y0, x1, y1).to_xyxy() == pytest.approx((x0, y0, x1, y1), abs=1e-6)


def test_a_quarter_turn_moves_the_boxes_own_corners_clockwise_on_screen() -> None:
    box = RotatedBox.from_topleft(10, 20, 4, 2, math.pi / 2)

    assert (box.cx, box.cy) == (12, 21)
    assert box.corners() == (13, 19, 13, 23, 11, 23, 11, 19)
    assert box.enclosing() == Box(11, 19, 2, 4)
    assert box.unrotated() == Box(10, 20, 4, 2)


@pytest.mark.parametrize(
    ("theta", "upright"), [(0, True), (math.tau, True), (-4 * math.pi, True), (1e-8, False), (math.pi, False)]
)
def test_only_full_turns_make_a_rotated_box_an_ordinary_one(theta: float, upright: bool) -> None:
    assert RotatedBox(5, 5, 2, 2, theta).is_axis_aligned is upright


@given(COORDINATES, COORDINATES, st.floats(1, 100), st.floats(1, 100), st.floats(-7, 7))
def test_a_rotated_box_is_found_again_from_its_corners(
    x: float, y: float, width: float, height: float, theta: float
) -> None:
    corners = RotatedBox(x, y, width, height, theta).corners()

    assert parse_rotated_box(list(corners)).corners() == pytest.approx(corners, abs=1e-4)


def test_corners_that_make_no_rectangle_are_refused() -> None:
    with pytest.raises(AnnotationFault, match="no rectangle") as caught:
        parse_rotated_box([[0, 0], [10, 0], [14, 5], [0, 5]])

    assert caught.value.code == "E_BOX_SHAPE"


@pytest.mark.parametrize(
    ("box", "size", "fractions"),
    [
        (Box(10, 10, 20, 20), (100, 80), (0.1, 0.125, 0.3, 0.375, False)),
        (Box(0, 0, 100, 80), (100, 80), (0, 0, 1, 1, False)),
        (Box(1, 1, 1, 1), (3, 3), (0.333333, 0.333333, 0.666667, 0.666667, False)),
        (Box(5, 5, 0.001, 9), (60_000, 60_000), (0.000083, 0.000083, 0.000084, 0.000233, True)),
        (Box(59_999.999, 5, 0.001, 60), (60_000, 600), (0.999999, 0.008333, 1, 0.108333, True)),
    ],
)
def test_edges_as_fractions_are_rounded_and_apart(
    box: Box, size: tuple[int, int], fractions: tuple[float, ...]
) -> None:
    assert box.to_xyxy_normalized(*size) == fractions
