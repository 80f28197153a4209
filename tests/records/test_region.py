from __future__ import annotations

import pickle
from typing import Any

import msgspec
import pytest

from exportkit.errors import AnnotationFault
from exportkit.records import LazyRegion, Mask, Part, Polygon

TRIANGLE = Polygon((Part((10, 10, 30, 10, 10, 30)),))


@pytest.mark.parametrize(
    ("source", "form"),
    [
        (b"[[10, 10, 30, 10, 10, 30]]", "coco_rings"),
        (msgspec.Raw(b"[[10,10,30,10,10,30]]"), "coco_rings"),
        ([msgspec.Raw(b"[10, 10, 30, 10, 10, 30]")], "coco_rings"),
        ([[10, 10, 30, 10, 10, 30]], "coco_rings"),
        ([[10, 10, 30, 10, 30, 10, 10, 30, 10, 10]], "coco_rings"),
        ([10, 10, 30, 10, 10, 30], "rings_xy"),
        ([[10, 10], [30, 10], [10, 30]], "rings_xy"),
        ([[[10, 10], [30, 10], [10, 30]]], "rings_xy"),
        ([[10, 10, 30, 10, 10, 30]], "rings_xy"),
        ([{"x": 10, "y": 10, "id": "p"}, {"x": 30, "y": 10}, {"x": 10, "y": 30}], "rings_xy"),
        (b'[{"x": 10, "y": 10}, {"x": 30, "y": 10}, {"x": 10, "y": 30}]', "rings_xy"),
    ],
)
def test_every_notation_of_a_polygon_gives_the_same_rings(source: Any, form: Any) -> None:
    region = LazyRegion(source, form)

    assert region.kind == "polygon"
    assert region.get() == TRIANGLE
    assert region.get() is region.get()


@pytest.mark.parametrize(
    ("region", "runs"),
    [
        (LazyRegion(b'{"size": [3, 4], "counts": [1, 2, 9]}', "rle"), [(4, 1), (8, 1)]),
        (LazyRegion({"size": [3, 4], "counts": "129"}, "rle"), [(4, 1), (8, 1)]),
        (LazyRegion(b"[4, 8]", "row_indices", width=4, height=3), [(4, 1), (8, 1)]),
        (LazyRegion([[4, 1], [8, 1]], "row_runs", width=4, height=3), [(4, 1), (8, 1)]),
    ],
)
def test_every_notation_of_a_mask_gives_the_same_pixels(region: LazyRegion, runs: list[tuple[int, int]]) -> None:
    mask = region.get()

    assert region.kind == "mask"
    assert isinstance(mask, Mask)
    assert mask.to_row_runs() == runs


@pytest.mark.parametrize(
    ("source", "code", "path"),
    [
        (b"[[1, 2, 1e999, 4, 5, 9]]", "E_NOT_FINITE", ".segmentation[0][2]"),
        (b"[[1, 2, NaN, 4, 5, 9]]", "E_NOT_FINITE", ".segmentation[0][2]"),
        (b"[[1, 2, 3, 4, 5, 9], [1, 2, -Infinity, 4, 5, 9]]", "E_NOT_FINITE", ".segmentation[1][2]"),
        (b"[[1, 2, 123456789012345678901234567890, 4, 5, 9]]", "E_NUMBER_RANGE", ".segmentation[0][2]"),
        (b"[[1, 2, " + b"9" * 5000 + b", 4, 5, 9]]", "E_NUMBER_RANGE", ".segmentation[0][2]"),
        (
            [msgspec.Raw(b"[1, 2, 3, 4, 5, 9]"), msgspec.Raw(b"[1, 2, NaN, 4, 5, 9]")],
            "E_NOT_FINITE",
            ".segmentation[1][2]",
        ),
        (b'[[1, 2, "3", 4, 5, 9]]', "E_NUMBER_TYPE", ".segmentation[0][2]"),
        (b"[[1, 2, true, 4, 5, 9]]", "E_NUMBER_TYPE", ".segmentation[0][2]"),
        (b"[[1, 2, null, 4, 5, 9]]", "E_NUMBER_TYPE", ".segmentation[0][2]"),
        (b"[[[1, 2], [3, 4], [5, 9]]]", "E_NUMBER_TYPE", ".segmentation[0][0]"),
        ([[1, 2, float("nan"), 4, 5, 9]], "E_NOT_FINITE", ".segmentation[0][2]"),
        (b"[[1, 2, 1000001, 4, 5, 9]]", "E_NUMBER_RANGE", ".segmentation[0][2]"),
        (b"[[1, 2, 3, 4, 5]]", "E_POLYGON_ODD", ".segmentation[0]"),
        (b"[[]]", "E_POLYGON_POINTS", ".segmentation[0]"),
        (b"[[1, 2, 3, 4]]", "E_POLYGON_POINTS", ".segmentation[0]"),
        (b"[[1, 2, 3, 4, 1, 2, 3, 4]]", "E_POLYGON_POINTS", ".segmentation[0]"),
        (b"[[0.1, 0.1, 0.2, 0.2, 0.3, 0.3]]", "E_POLYGON_ZERO_AREA", ".segmentation[0]"),
        (b"[[0, 0, 5, 5, 9, 0, 5, 5]]", "E_POLYGON_ZERO_AREA", ".segmentation[0]"),
        (b"[[0, 0, 9, 0, 0, 9, 0, 0, 9, 0, 0, 9]]", "E_POLYGON_ZERO_AREA", ".segmentation[0]"),
        (b"[[0, 0, 9, 0, 0, 9], [1, 2, 3, 4]]", "E_POLYGON_POINTS", ".segmentation[1]"),
        (b"[]", "E_ANNOTATION", ".segmentation"),
        (b"7", "E_ANNOTATION", ".segmentation"),
        (b"[7]", "E_ANNOTATION", ".segmentation[0]"),
        (b"[[1, 2", "E_ANNOTATION", ".segmentation"),
        (b"[" * 5000 + b"]" * 5000, "E_ANNOTATION", ".segmentation"),
    ],
)
def test_a_bad_ring_is_named_by_code_and_smallest_bad_part(source: Any, code: str, path: str) -> None:
    region = LazyRegion(source, "coco_rings")

    for _ in range(2):
        with pytest.raises(AnnotationFault) as caught:
            region.get()

        assert (caught.value.code, caught.value.json_path) == (code, path)


@pytest.mark.parametrize(
    ("source", "code", "path"),
    [
        ([[10, 10], [30, "10"], [10, 30]], "E_NUMBER_TYPE", ".polygon[1][1]"),
        ([{"x": 10, "y": 10}, {"x": None, "y": 10}, {"x": 10, "y": 30}], "E_NUMBER_TYPE", ".polygon[1].x"),
        ([[10, 10], [30], [10, 30]], "E_POLYGON_POINTS", ".polygon[0]"),
        ([{"x": 10, "y": 10}, {"x": 1}], "E_POLYGON_ODD", ".polygon[1]"),
        ([[[10, 10], [30, 10, 2], [10, 30]]], "E_POLYGON_ODD", ".polygon[0][1]"),
        ("10,10", "E_ANNOTATION", ".polygon"),
    ],
)
def test_a_bad_point_is_named_by_its_own_path(source: Any, code: str, path: str) -> None:
    with pytest.raises(AnnotationFault) as caught:
        LazyRegion(source, "rings_xy", ".polygon").get()

    assert (caught.value.code, caught.value.json_path) == (code, path)


@pytest.mark.parametrize(
    ("source", "code", "path"),
    [
        ([1, 2], "E_MASK_ENCODING", ".rle"),
        ({"size": [3, 4]}, "E_MASK_ENCODING", ".rle"),
        ({"counts": [12]}, "E_MASK_SIZE", ".rle.size"),
        ({"size": [3], "counts": [12]}, "E_MASK_SIZE", ".rle.size"),
        ({"size": ["3", 4], "counts": [12]}, "E_MASK_SIZE", ".rle.size"),
        ({"size": [60000, 60000], "counts": "0"}, "E_MASK_SIZE", ".rle.size"),
        ({"size": [3, 4], "counts": None}, "E_MASK_ENCODING", ".rle.counts"),
        ({"size": [3, 4], "counts": [1, 2]}, "E_MASK_RUNS", ".rle.counts"),
        (b'{"size": [3, 4], "counts": [1, NaN]}', "E_MASK_ENCODING", ".rle.counts"),
        (b'{"size": [3, 4], "counts": [1, 99999999999999999999999]}', "E_MASK_RUNS", ".rle.counts"),
    ],
)
def test_a_bad_rle_is_named_by_code_and_smallest_bad_part(source: Any, code: str, path: str) -> None:
    with pytest.raises(AnnotationFault) as caught:
        LazyRegion(source, "rle", ".rle").get()

    assert (caught.value.code, caught.value.json_path) == (code, path)


def test_holes_are_read_in_any_polygon_form_and_join_their_part() -> None:
    square = b"[[0, 0, 10, 0, 10, 10, 0, 10]]"

    region = LazyRegion(square, "coco_rings", holes=b"[[[2, 2], [2, 4], [4, 4]]]")

    assert region.get() == Polygon((Part((0, 0, 10, 0, 10, 10, 0, 10), ((2, 2, 2, 4, 4, 4),)),))
    assert region.clean_json() is None


@pytest.mark.parametrize("hole", [b"[[2, 2, 3, 3]]", b"[[2, 2, 2, 4, 4, NaN]]", b"[[20, 2, 20, 4, 24, 4]]"])
def test_a_bad_hole_fails_the_whole_region(hole: bytes) -> None:
    region = LazyRegion(b"[[0, 0, 10, 0, 10, 10, 0, 10]]", "coco_rings", holes=hole)

    with pytest.raises(AnnotationFault) as caught:
        region.get()

    assert caught.value.json_path.startswith(".holes[0]")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (b"[ [10.0, 10.50,30,10, 10,30 ]\n]", b"[[10.0,10.50,30,10,10,30]]"),
        ([msgspec.Raw(b"[1, 1, 3, 1, 2, 9]"), msgspec.Raw(b"[5.00,5,9,5,9,9]")], b"[[1,1,3,1,2,9],[5.00,5,9,5,9,9]]"),
        (b"[[1e1, 10, 30, 10, 10, 30]]", None),
        (b"[[10, 10, 30, 10, 10, 30, 10, 10]]", None),
        ([[10, 10, 30, 10, 10, 30]], None),
    ],
)
def test_the_sources_digits_pass_through_only_where_the_rings_are_unchanged(source: Any, text: bytes | None) -> None:
    region = LazyRegion(source, "coco_rings")

    assert region.clean_json() == text
    polygon = region.get()
    assert isinstance(polygon, Polygon)
    assert msgspec.json.decode(polygon.rings_json()) == [list(part.outer) for part in polygon.parts]
    assert b"e" not in polygon.rings_json()


def test_a_region_crosses_to_another_process_read_or_not() -> None:
    region = LazyRegion(msgspec.Raw(b"[[10, 10, 30, 10, 10, 30]]"), "coco_rings")

    assert pickle.loads(pickle.dumps(region)).get() == region.get()
    assert pickle.loads(pickle.dumps(region)).get() == TRIANGLE
