from __future__ import annotations

import importlib
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from exportkit.errors import AnnotationFault
from exportkit.records import Box, Mask, Part, Polygon
from exportkit.records.rle import compressed, decompressed

#: Imported by name because the package carries no types.
codec = importlib.import_module("pycocotools.mask")

Grid = NDArray[np.uint8]
GRIDS = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=14), elements=st.integers(0, 1)).filter(
    lambda grid: bool(grid.any())
)


def mask_of(grid: Grid) -> Mask:
    return Mask.from_row_indices(np.flatnonzero(grid).tolist(), grid.shape[1], grid.shape[0])


def grid_of(mask: Mask) -> Grid:
    flat = np.zeros(mask.width * mask.height, np.uint8)
    for start, length in mask.to_row_runs():
        flat[start : start + length] = 1
    return flat.reshape(mask.height, mask.width)


def drawn(*rows: str) -> Mask:
    return mask_of(np.array([[character == "#" for character in row] for row in rows], np.uint8))


@given(GRIDS)
@settings(max_examples=100)
def test_both_orders_and_the_compressed_text_are_those_of_pycocotools(grid: Grid) -> None:
    theirs = codec.encode(np.asfortranarray(grid))

    ours = mask_of(grid)

    assert ours.to_coco_compressed() == theirs["counts"].decode()
    counts = ours.to_coco_counts()
    again = Mask.from_coco_counts(counts, ours.width, ours.height)
    assert sum(counts) == grid.size
    assert again.by_column
    assert again == ours
    assert ours == again
    assert (grid_of(again) == grid).all()
    assert Mask.from_coco_compressed(theirs["counts"], ours.width, ours.height) == ours
    x, y, width, height = codec.toBbox(theirs)
    assert ours.tight_box() == again.tight_box() == Box(x, y, width, height)
    assert ours.pixel_count() == again.pixel_count() == grid.sum()


@given(st.lists(st.integers(0, 2**33), min_size=1, max_size=20))
def test_compressed_counts_read_back_whatever_their_size(counts: list[int]) -> None:
    assert decompressed(compressed(counts)) == counts


@given(GRIDS)
@settings(max_examples=100)
def test_a_mask_is_found_again_from_its_contours(grid: Grid) -> None:
    mask = mask_of(grid)

    outline = mask.to_polygon()

    assert Mask.from_polygon(outline, mask.width, mask.height) == mask
    assert outline.shoelace_area() == outline.area() == mask.pixel_count()
    assert outline.bounds() == mask.bounds()
    assert Mask.from_coco_counts(mask.to_coco_counts(), mask.width, mask.height).to_polygon() == outline


@given(GRIDS)
@settings(max_examples=100)
def test_contours_have_integer_corners_the_promised_start_direction_and_order(grid: Grid) -> None:
    outline = mask_of(grid).to_polygon()

    firsts = [(part.outer[1], part.outer[0]) for part in outline.parts]
    assert firsts == sorted(firsts)
    for part in outline.parts:
        assert _turned(part.outer) > 0
        for ring in part.rings:
            points = list(zip(ring[0::2], ring[1::2], strict=True))
            assert all(type(number) is int for number in ring)
            assert min((y, x) for x, y in points) == (ring[1], ring[0])
            assert all(
                (a[0] == b[0]) is not (b[0] == c[0])
                for a, b, c in zip(points, points[1:] + points[:1], points[2:] + points[:2], strict=True)
            )
        for hole in part.holes:
            assert _turned(hole) < 0


def _turned(ring: tuple[float, ...]) -> float:
    xs, ys = ring[0::2], ring[1::2]
    return sum(ax * by - bx * ay for ax, ay, bx, by in zip(xs, ys, xs[1:] + xs[:1], ys[1:] + ys[:1], strict=True))


def test_parts_that_meet_at_a_corner_stay_apart() -> None:
    assert drawn("#.", ".#").to_polygon() == Polygon((Part((0, 0, 1, 0, 1, 1, 0, 1)), Part((1, 1, 2, 1, 2, 2, 1, 2))))


def test_background_that_meets_at_a_corner_is_one_hole() -> None:
    outline = drawn("####", "#.##", "##.#", "####").to_polygon()

    assert outline == Polygon((Part((0, 0, 4, 0, 4, 4, 0, 4), ((1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 2, 2, 2, 2, 1),)),))


def test_an_island_in_a_hole_is_a_part_of_its_own() -> None:
    outline = drawn("#####", "#...#", "#.#.#", "#...#", "#####").to_polygon()

    assert outline == Polygon(
        (Part((0, 0, 5, 0, 5, 5, 0, 5), ((1, 1, 1, 4, 4, 4, 4, 1),)), Part((2, 2, 3, 2, 3, 3, 2, 3)))
    )


def test_a_line_of_pixels_keeps_its_width() -> None:
    assert drawn("....", ".##.", "....").to_polygon() == Polygon((Part((1, 1, 3, 1, 3, 2, 1, 2)),))


@pytest.mark.parametrize(
    ("runs", "code"),
    [
        ("0,3", "E_MASK_ENCODING"),
        ({}, "E_MASK_ENCODING"),
        ([0, 3], "E_MASK_ENCODING"),
        ([[0, 3.0]], "E_MASK_ENCODING"),
        ([[0, True]], "E_MASK_ENCODING"),
        ([[0, 3, 1]], "E_MASK_ENCODING"),
        ([[-1, 3]], "E_MASK_RUNS"),
        ([[0, -3]], "E_MASK_RUNS"),
        ([[0, 3], [2, 3]], "E_MASK_RUNS"),
        ([[5, 3], [0, 3]], "E_MASK_RUNS"),
        ([[10, 3]], "E_MASK_RUNS"),
        ([], "E_MASK_EMPTY"),
        ([[3, 0]], "E_MASK_EMPTY"),
    ],
)
def test_bad_row_runs_are_named(runs: Any, code: str) -> None:
    with pytest.raises(AnnotationFault) as caught:
        Mask.from_row_runs(runs, 4, 3)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("indices", "code"),
    [
        ([1, "2"], "E_MASK_ENCODING"),
        ([1, None], "E_MASK_ENCODING"),
        ([1.0], "E_MASK_ENCODING"),
        (7, "E_MASK_ENCODING"),
        ([-1], "E_MASK_RUNS"),
        ([1, 1], "E_MASK_RUNS"),
        ([12], "E_MASK_RUNS"),
        ([], "E_MASK_EMPTY"),
    ],
)
def test_bad_pixel_indices_are_named(indices: Any, code: str) -> None:
    with pytest.raises(AnnotationFault) as caught:
        Mask.from_row_indices(indices, 4, 3)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("counts", "code"),
    [
        ([3, "9"], "E_MASK_ENCODING"),
        ([3, 9.0], "E_MASK_ENCODING"),
        ([12.0], "E_MASK_ENCODING"),
        ([True, 11], "E_MASK_ENCODING"),
        ([3, -1, 10], "E_MASK_RUNS"),
        ([3, 8], "E_MASK_RUNS"),
        ([3, 10], "E_MASK_RUNS"),
        ([], "E_MASK_RUNS"),
        ([10**30], "E_MASK_RUNS"),
        ([12], "E_MASK_EMPTY"),
        ([0, 0, 12], "E_MASK_EMPTY"),
    ],
)
def test_bad_counts_are_named(counts: Any, code: str) -> None:
    with pytest.raises(AnnotationFault) as caught:
        Mask.from_coco_counts(counts, 4, 3)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("é", "E_MASK_ENCODING"),
        ("3 9", "E_MASK_ENCODING"),
        ("39P", "E_MASK_ENCODING"),
        ("o" * 1_000_000, "E_MASK_ENCODING"),
        ("38", "E_MASK_RUNS"),
        ("3O", "E_MASK_RUNS"),
        ("", "E_MASK_RUNS"),
        ("<", "E_MASK_EMPTY"),
    ],
)
def test_bad_compressed_text_is_named(text: str, code: str) -> None:
    with pytest.raises(AnnotationFault) as caught:
        Mask.from_coco_compressed(text, 4, 3)

    assert caught.value.code == code


@pytest.mark.parametrize("size", [(None, 3), (4, 0), (-4, 3), (4.0, 3), (True, 3), ("4", 3), (60_000, 60_000)])
def test_a_bad_grid_is_refused_whatever_the_encoding(size: tuple[Any, Any]) -> None:
    readers: list[tuple[Any, Any]] = [
        (Mask.from_row_runs, [[0, 1]]),
        (Mask.from_row_indices, [0]),
        (Mask.from_coco_counts, [0, 1]),
        (Mask.from_coco_compressed, "01"),
    ]
    for read, source in readers:
        with pytest.raises(AnnotationFault) as caught:
            read(source, *size)

        assert caught.value.code == "E_MASK_SIZE"


def test_zero_counts_and_touching_runs_mean_what_they_say() -> None:
    assert Mask.from_coco_counts([1, 2, 0, 1, 8], 4, 3).to_coco_counts() == [1, 3, 8]
    assert Mask.from_row_runs([[1, 2], [3, 1]], 4, 3).runs == (1, 4)
    assert Mask.from_row_indices([3, 1, 2], 4, 3).runs == (1, 4)


def test_a_large_grid_costs_no_more_than_its_runs() -> None:
    tracemalloc.start()
    mask = Mask.from_coco_counts([5, 16_000 * 16_000 - 10, 5], 16_000, 16_000)
    assert mask.to_coco_compressed()
    assert mask.pixel_count() == 255_999_990
    assert mask.to_polygon().area() == 255_999_990
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 8_000_000


def test_stripes_that_would_become_millions_of_runs_are_refused() -> None:
    stripes = Mask.from_coco_counts([16_000] * 16_000, 16_000, 16_000)

    with pytest.raises(AnnotationFault, match="too many runs") as caught:
        stripes.row_runs()

    assert caught.value.code == "E_MASK_SIZE"


def test_overlap_with_a_box_is_of_pixels_and_not_of_bounds() -> None:
    mask = drawn("####", "...#", "...#", "####")
    by_column = Mask.from_coco_counts(mask.to_coco_counts(), 4, 4)

    for form in (mask, by_column):
        assert form.overlaps(Box(2.5, 1, 1, 1))
        assert form.overlaps(Box(0, 0.5, 1, 1))
        assert not form.overlaps(Box(0, 1, 3, 2))
        assert not form.overlaps(Box(10, 10, 3, 2))


def test_a_polygon_outside_the_grid_covers_nothing_and_one_across_its_edge_its_inner_part() -> None:
    assert Mask.from_polygon(Polygon((Part((20, 20, 30, 20, 30, 30)),)), 10, 10) is None

    across = Mask.from_polygon(Polygon((Part((-5, -5, 3, -5, 3, 3, -5, 3)),)), 10, 10)

    assert across is not None
    assert across.bounds() == (0, 0, 3, 3)
