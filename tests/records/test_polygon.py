from __future__ import annotations

import math
import time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely import Polygon as ShapelyPolygon
from shapely import box as shapely_box

from exportkit.errors import AnnotationFault
from exportkit.records import Box, Mask, Part, Polygon

BOW_TIE = (0, 0, 10, 10, 10, 0, 0, 10)
BOW_TIE_WITH_A_POINT_AT_THE_CROSSING = (0, 0, 5, 5, 10, 10, 10, 0, 5, 5, 0, 10)
SEAMED = (0, 0, 10, 0, 10, 10, 0, 10, 0, 0, 2, 2, 2, 8, 8, 8, 8, 2, 2, 2)
PENTAGRAM = (50, 0, 79, 90, 2, 35, 98, 35, 21, 90)

POINTS = st.lists(st.tuples(st.integers(-20, 60), st.integers(-20, 60)), min_size=3, max_size=9, unique=True)


def polygon(*rings: tuple[float, ...]) -> Polygon:
    return Polygon(tuple(Part(ring) for ring in rings))


@pytest.mark.parametrize(
    ("ring", "crosses"),
    [
        ((10, 10, 30, 10, 10, 30), False),
        (BOW_TIE, True),
        (BOW_TIE_WITH_A_POINT_AT_THE_CROSSING, True),
        (PENTAGRAM, True),
        (SEAMED, False),
        ((0, 0, 4, 0, 4, 4, 8, 4, 8, 8, 4, 8, 4, 4, 0, 4), False),
        ((0, 0, 10, 0, 10, 10, 5, 0, 0, 10), False),
    ],
)
def test_touching_is_no_crossing(ring: tuple[int, ...], crosses: bool) -> None:
    assert polygon(ring).crosses_itself is crosses


@given(POINTS)
@settings(max_examples=100)
def test_a_ring_crosses_itself_when_shapely_says_that_its_area_is_not_simple(points: list[tuple[int, int]]) -> None:
    shape = ShapelyPolygon(points)
    assume(shape.area > 0)
    ring = tuple(number for point in points for number in point)

    if shape.is_valid:
        assert not polygon(ring).crosses_itself
        assert polygon(ring).area() == pytest.approx(shape.area)
    else:
        even_odd = shape.buffer(0)
        assume(abs(even_odd.area - shape.area) > 1e-6)
        assert polygon(ring).crosses_itself


def test_the_area_is_exact_and_holes_are_taken_off() -> None:
    part = Part((0, 0, 10, 0, 10, 10, 0, 10), ((2, 2, 2, 4, 4, 4, 4, 2),))

    assert Polygon((part, Part((20, 0, 20.5, 0, 20.5, 1)))).area() == 96.25


def test_the_area_of_a_ring_that_crosses_itself_is_its_covered_pixels() -> None:
    assert polygon(BOW_TIE).area() == 50
    assert polygon(BOW_TIE_WITH_A_POINT_AT_THE_CROSSING).area() == 50


def test_overlapping_parts_cover_their_union() -> None:
    assert polygon((0, 0, 4, 0, 4, 4, 0, 4), (2, 0, 6, 0, 6, 4, 2, 4)).pixel_count() == 24


def test_the_golden_triangle_covers_190_pixels() -> None:
    triangle = polygon((10, 10, 30, 10, 10, 30))

    assert (triangle.area(), triangle.pixel_count()) == (200, 190)
    assert triangle.tight_box() == Box(10, 10, 20, 20)


@pytest.mark.parametrize(
    ("square", "pixels"),
    [((0.5, 0.5, 2.5, 0.5, 2.5, 2.5, 0.5, 2.5), 4), ((0.51, 0.51, 2.51, 0.51, 2.51, 2.51, 0.51, 2.51), 4)],
)
def test_a_centre_on_a_left_or_top_side_is_covered_and_on_a_right_or_bottom_side_is_not(
    square: tuple[float, ...], pixels: int
) -> None:
    mask = Mask.from_polygon(polygon(square), 5, 5)

    assert mask is not None
    assert mask.pixel_count() == pixels
    first = 0 if square[0] == 0.5 else 1
    assert mask.bounds() == (first, first, first + 2, first + 2)


@given(POINTS)
@settings(max_examples=100)
def test_pixels_are_those_whose_centre_is_inside_by_even_odd(points: list[tuple[int, int]]) -> None:
    ring = tuple(number for point in points for number in point)
    expected = {(x, y) for x in range(40) for y in range(40) if _inside(x + 0.5, y + 0.5, points)}

    mask = Mask.from_polygon(polygon(ring), 40, 40)

    covered = set() if mask is None else _pixels(mask)
    # Ties on slanted edges are the rule's business, tested by the squares above.
    assert all(_on_an_edge(x + 0.5, y + 0.5, points) for x, y in covered ^ expected)


def _pixels(mask: Mask) -> set[tuple[int, int]]:
    return {
        (index % mask.width, index // mask.width)
        for start, length in mask.to_row_runs()
        for index in range(start, start + length)
    }


def _edges(points: list[tuple[int, int]]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    return list(zip(points, [*points[1:], points[0]], strict=True))


def _inside(x: float, y: float, points: list[tuple[int, int]]) -> bool:
    crossings = [
        ax + (y - ay) / (by - ay) * (bx - ax) for (ax, ay), (bx, by) in _edges(points) if (ay <= y) is not (by <= y)
    ]
    return sum(crossing <= x for crossing in crossings) % 2 == 1


def _on_an_edge(x: float, y: float, points: list[tuple[int, int]]) -> bool:
    return any(abs((bx - ax) * (y - ay) - (by - ay) * (x - ax)) < 1e-9 for (ax, ay), (bx, by) in _edges(points))


def test_a_clipped_ring_stays_one_ring_with_seams_along_the_border() -> None:
    comb = (2, 2, 12, 2, 12, 4, 4, 4, 4, 6, 12, 6, 12, 8, 2, 8)

    clipped = polygon(comb).clipped(10, 10)

    assert clipped is not None
    assert clipped.rings == ((2, 2, 10, 2, 10, 4, 4, 4, 4, 6, 10, 6, 10, 8, 2, 8),)


def test_new_points_are_rounded_and_kept_points_stay_as_given() -> None:
    clipped = polygon((1.123456789, 1, 13, 2, 1.0, 7)).clipped(10, 10)

    assert clipped is not None
    assert clipped.rings == ((1.123456789, 1, 10, 1.747401, 10, 3.25, 1.0, 7),)


def test_a_ring_that_vanishes_is_dropped_with_its_holes() -> None:
    inside = Part((1, 1, 4, 1, 4, 4))
    outside = Part((20, 1, 40, 1, 40, 40), ((30, 5, 35, 5, 35, 10),))

    assert Polygon((inside, outside)).clipped(10, 10) == Polygon((inside,))
    assert Polygon((outside,)).clipped(10, 10) is None
    assert polygon((10, 0, 20, 0, 20, 5, 10, 5)).clipped(10, 10) is None


@given(POINTS)
@settings(max_examples=100)
def test_clipping_keeps_exactly_the_area_inside_the_picture(points: list[tuple[int, int]]) -> None:
    shape = ShapelyPolygon(points)
    assume(shape.is_valid)
    assume(shape.area > 0)
    ring = tuple(number for point in points for number in point)

    clipped = polygon(ring).clipped(40, 30)

    expected = shape.intersection(shapely_box(0, 0, 40, 30)).area
    if clipped is None:
        assert expected < 1e-3
    else:
        assert clipped.shoelace_area() == pytest.approx(expected, abs=1e-3)
        x0, y0, x1, y1 = clipped.bounds()
        assert 0 <= x0 < x1 <= 40
        assert 0 <= y0 < y1 <= 30
        assert clipped.clipped(40, 30) == clipped


def test_each_hole_goes_to_the_part_that_it_lies_in() -> None:
    left, right = (0, 0, 10, 0, 10, 10, 0, 10), (20, 0, 30, 0, 30, 10, 20, 10)

    made = Polygon.of_rings([left, right], [(22, 2, 24, 2, 24, 4), (0, 0, 5, 0, 5, 5)])

    assert made == Polygon((Part(left, ((0, 0, 5, 0, 5, 5),)), Part(right, ((22, 2, 24, 2, 24, 4),))))


@pytest.mark.parametrize(
    "hole", [(40, 0, 50, 0, 50, 10), (8, 2, 12, 2, 12, 4), (4, 4, 6, 4, 6, 6), (2, 1, 9, 1, 9, 9, 2, 9)]
)
def test_a_hole_in_no_part_or_in_several_fails_the_annotation(hole: tuple[int, ...]) -> None:
    notched = (0, 0, 10, 0, 10, 10, 0, 10, 0, 8, 7, 5, 0, 2)
    around = (3, 3, 9, 3, 9, 7.5, 3, 7.5)
    hole_in_both = (8, 4, 8.5, 4, 8.5, 6)

    with pytest.raises(AnnotationFault) as caught:
        Polygon.of_rings([notched, around], [hole if hole != (4, 4, 6, 4, 6, 6) else hole_in_both], ".holes")

    assert (caught.value.code, caught.value.json_path) == ("E_ANNOTATION", ".holes[0]")


def test_json_of_rings_never_has_an_exponent() -> None:
    assert polygon((0, 0, 10.0, 1e-7, 5, 5)).rings_json() == b"[[0,0,10.0,0.0000001,5,5]]"


def test_overlap_with_a_box_is_of_areas_and_not_of_bounds() -> None:
    corner = polygon((0, 0, 10, 0, 10, 10, 8, 10, 8, 2, 0, 2))

    assert corner.overlaps(Box(7, 5, 3, 3))
    assert corner.overlaps(Box(-5, -5, 50, 50))
    assert not corner.overlaps(Box(0, 3, 7, 7))
    assert not Polygon((Part((0, 0, 9, 0, 9, 9, 0, 9), ((2, 2, 7, 2, 7, 7, 2, 7),)),)).overlaps(Box(3, 3, 2, 2))


def test_a_hostile_ring_is_judged_in_bounded_time() -> None:
    zigzag = tuple(number for at in range(60_000) for number in ((at * 7919) % 1000, (at % 2) * 1000 + at / 60_000))
    started = time.monotonic()

    made = polygon(zigzag)
    assert made.crosses_itself
    with pytest.raises(AnnotationFault, match="too many edges"):
        made.pixel_count()

    assert time.monotonic() - started < 30


def test_a_round_ring_has_the_circles_area_to_the_last_decimal() -> None:
    ring = tuple(
        500_000 + 100 * function(2 * math.pi * step / 36) for step in range(36) for function in (math.cos, math.sin)
    )

    assert polygon(ring).area() == pytest.approx(36 / 2 * 100 * 100 * math.sin(2 * math.pi / 36), abs=1e-5)
