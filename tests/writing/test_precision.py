"""Decimals of pixel values (formats, section 1.1)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from exportkit.writing.precision import Precision


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 9), st.floats(0, 640), st.floats(0.001, 640))
def test_a_rounded_side_is_never_empty_and_never_leaves_the_picture(decimals: int, low: float, length: float) -> None:
    high = min(low + length, 640.0)
    first, last, grown = Precision(decimals).edges(min(low, high), high, 640)

    assert 0 <= first < last <= 640
    assert grown or abs(first - min(low, high)) <= 10.0**-decimals


def test_values_are_rounded_half_even_and_stay_as_given_without_a_precision() -> None:
    assert [Precision(0).text(value) for value in (0.5, 1.5, 2.5, 7)] == ["0", "2", "2", "7"]
    assert [Precision(None).text(value) for value in (10, 10.0, 1e-7)] == ["10", "10.0", "0.0000001"]
