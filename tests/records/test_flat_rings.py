"""Rings that pass a point several times: whether they cover anything is told by their loops, where those tell it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from exportkit.records.crossings import Meeting, even_odd_area, meeting
from exportkit.records.numbers import EPS
from exportkit.records.ring import is_flat, without_repeats

points = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=3, max_size=9)


@settings(max_examples=600, deadline=None)
# No area of these is the least that counts, which two ways of summing may round to either side.
@given(points, st.sampled_from([1, 0.0011, 0.0013]))
def test_a_ring_is_flat_exactly_if_it_crosses_nothing_and_covers_nothing(
    found: list[tuple[int, int]], scale: float
) -> None:
    ring = without_repeats([value * scale for point in found for value in point])
    if len(set(zip(ring[0::2], ring[1::2], strict=True))) < 3:
        return
    covers = meeting((ring,)) == Meeting.CROSSING or even_odd_area((ring,)) >= EPS * EPS
    assert is_flat(ring) is not covers


def test_a_loop_that_is_walked_twice_covers_nothing_and_one_with_a_tail_does() -> None:
    square = (0, 0, 4, 0, 4, 4, 0, 4)
    assert is_flat(square + square)
    assert not is_flat((*square, 0, 0, 1, 1, 2, 1))
