"""The fast ways of judging a ring give what the plain rules give."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exportkit.records import Part, Polygon
from exportkit.records.crossings import Meeting, even_odd_area, meeting
from exportkit.records.declared_area import is_near
from exportkit.records.region import LazyRegion
from exportkit.records.ring import Ring, crosses_itself, measured, signed_area

NUMBERS = st.one_of(
    st.integers(-3, 12), st.floats(-2, 900).map(lambda value: round(value, 2)), st.integers(-1_000_001, 1_000_001)
)
RINGS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=9).map(
    lambda points: tuple(number for point in points for number in point)
)


def exact_area(ring: Ring) -> Fraction:
    xs, ys = [Fraction(x) for x in ring[0::2]], [Fraction(y) for y in ring[1::2]]
    twice = Fraction(0)
    for x, y, after, across in zip(xs, ys, _next(ys), _next(xs), strict=True):
        twice += x * after - y * across
    return abs(twice) / 2


def _next(values: list[Fraction]) -> list[Fraction]:
    return values[1:] + values[:1]


@given(RINGS)
@example((0, 0, 10, 0, 10, 10, 0, 10))
@example((0, 0, 10, 0, 10, 10, 0, 0, 0, 10))
@example((999_999.01, 999_999, 1_000_000, 999_999, 1_000_000, 1_000_000))
@example((0, 0, 1, 0, 0.5, 1_000_001))
@settings(max_examples=100)
def test_a_ring_is_clean_when_its_points_differ_lie_in_range_and_cover_some_area(ring: Ring) -> None:
    area = exact_area(ring)
    points = set(zip(ring[0::2], ring[1::2], strict=True))
    clean = len(points) == len(ring) // 2 >= 3 and max(map(abs, ring)) <= 1_000_000 and area > Fraction(1, 100)

    measures = measured(ring)

    assert (measures is not None) is clean
    if measures is not None:
        assert measures[:4] == (min(ring[0::2]), min(ring[1::2]), max(ring[0::2]), max(ring[1::2]))
        assert measures[4] == pytest.approx(float(area), rel=2e-6)


def plainly_crosses(ring: Ring) -> bool:
    """The rule without its shortcut."""
    how = meeting((ring,))
    if how != Meeting.TOUCHING:
        return how == Meeting.CROSSING
    area = abs(signed_area(ring))
    return abs(even_odd_area((ring,)) - area) > 1e-6 * max(area, 1)


@given(RINGS.filter(lambda ring: len(ring) >= 6))
@settings(max_examples=100)
def test_looking_from_a_centre_first_changes_no_answer_about_crossing(ring: Ring) -> None:
    assert crosses_itself(ring) is plainly_crosses(ring)


@given(st.integers(3, 40), st.integers(1, 3), st.floats(0, 0.9))
@settings(max_examples=60)
def test_a_ring_that_goes_round_once_or_more_often_is_told_apart(count: int, rounds: int, jitter: float) -> None:
    turns = [2 * math.pi * rounds * at / count for at in range(count)]
    radii = [50 + 40 * jitter * math.sin(7 * at * at) for at in range(count)]
    ring = tuple(
        number
        for turn, radius in zip(turns, radii, strict=True)
        for number in (100 + radius * math.cos(turn), 100 + radius * math.sin(turn))
    )

    assert crosses_itself(ring) is plainly_crosses(ring)


@pytest.mark.parametrize(("declared", "near"), [(99, True), (101, True), (98.99999, False), (101.00001, False)])
def test_one_percent_is_judged_exactly_although_areas_are_measured_coarsely(declared: float, near: bool) -> None:
    region = LazyRegion(b"[[300,300,310,300,310,310,300,310]]", "coco_rings").get()

    assert isinstance(region, Polygon)
    assert is_near(declared, region) is near


def test_an_integer_beyond_every_float_is_no_area() -> None:
    assert not is_near(10**400, Polygon((Part((0, 0, 10, 0, 10, 10)),)))
