from __future__ import annotations

from typing import Any

import pytest

from exportkit.errors import AnnotationFault
from exportkit.records import Box, Keypoints, parse_keypoints


@pytest.mark.parametrize(
    "value",
    [
        [1, 2, 2, 3.5, 4, 1, 9, 9, 0],
        [[1, 2, 2], [3.5, 4, 1], [9, 9, 0]],
        [{"x": 1, "y": 2, "v": 2}, {"x": 3.5, "y": 4, "visibility": 1}, {"x": 9, "y": 9, "v": 0}],
    ],
)
def test_every_notation_gives_the_same_points_and_zeroes_what_is_not_labelled(value: Any) -> None:
    keypoints = parse_keypoints(value, skeleton="s", names=("a", "b", "c"))

    assert keypoints == Keypoints(((1, 2, 2), (3.5, 4, 1), (0, 0, 0)), "s", ("a", "b", "c"))
    assert keypoints.labelled == 2
    assert keypoints.flat() == [1, 2, 2, 3.5, 4, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("value", "code", "path"),
    [
        ([1, 2], "E_KEYPOINT_COUNT", ".keypoints"),
        ([], "E_KEYPOINT_COUNT", ".keypoints"),
        ("abc", "E_KEYPOINT_COUNT", ".keypoints"),
        ([1, 2, 2], "E_KEYPOINT_COUNT", ".keypoints"),
        ([[1, 2], [1, 2, 2]], "E_KEYPOINT_COUNT", ".keypoints[0]"),
        ([1, 2, 3, 4, 5, 2], "E_KEYPOINT_VISIBILITY", ".keypoints[2]"),
        ([1, 2, 2.0, 4, 5, 2], "E_KEYPOINT_VISIBILITY", ".keypoints[2]"),
        ([1, 2, True, 4, 5, 2], "E_KEYPOINT_VISIBILITY", ".keypoints[2]"),
        ([1, 2, 2, "4", 5, 2], "E_NUMBER_TYPE", ".keypoints[3]"),
        ([[1, 2, 2], [1, float("nan"), 2]], "E_NOT_FINITE", ".keypoints[1][1]"),
        ([{"x": 1, "v": 2}, [1, 2, 2]], "E_NUMBER_TYPE", ".keypoints[0].y"),
    ],
)
def test_broken_key_points_are_named_by_code_and_smallest_bad_part(value: Any, code: str, path: str) -> None:
    with pytest.raises(AnnotationFault) as caught:
        parse_keypoints(value, names=("a", "b"))

    assert (caught.value.code, caught.value.json_path) == (code, path)


@pytest.mark.parametrize(
    ("points", "box"),
    [
        (((10, 20, 2), (30, 25, 1), (0, 0, 0)), Box(10, 20, 20, 5)),
        (((10, 20, 2),), Box(9.5, 19.5, 1, 1)),
        (((0, 50, 2),), Box(0, 49, 1, 1)),
        (((100, 10, 2), (100, 12, 2)), Box(99, 10, 1, 2)),
    ],
)
def test_the_derived_box_is_at_least_one_pixel_and_within_the_picture(points: Any, box: Box) -> None:
    assert Keypoints(points).tight_box(100, 50) == box


def test_points_that_are_not_labelled_have_no_box() -> None:
    assert Keypoints(((0, 0, 0),)).tight_box(100, 50) is None
