"""Open lines on a picture (formats, section 2.6)."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exportkit.errors import AnnotationFault, AnnotationSkip
from exportkit.records import Annotation, Canvas


def line(*points: Any) -> Annotation:
    return Annotation(0, "polyline", "lane", geometry=points)


def test_a_line_inside_passes_as_it_is() -> None:
    assert Canvas(100, 80).polyline(line((1, 2.0), [3, 4])) == ((1, 2.0, 3, 4), ())
    assert Canvas(0, 0).polyline(line((1, 2), (5_000, 4))) == ((1, 2, 5_000, 4), ())


def test_equal_neighbours_are_left_out() -> None:
    assert Canvas(100, 80).polyline(line((1, 2), (1, 2), (3, 4), (1, 2)))[0] == (1, 2, 3, 4, 1, 2)


@pytest.mark.parametrize(
    ("points", "kept"),
    [
        (((-10, 10), (10, 10)), (0, 10, 10, 10)),
        (((10, 10), (110, 10)), (10, 10, 100, 10)),
        (((10, 10), (10, 100), (30, 100), (30, 10)), (10, 10, 10, 80, 30, 80, 30, 10)),
        (((-10, 40), (110, 40)), (0, 40, 100, 40)),
    ],
)
def test_a_line_over_the_edge_is_cut_and_stays_one_line(points: Any, kept: tuple[int, ...]) -> None:
    assert Canvas(100, 80).polyline(line(*points)) == (kept, ("L_CLIPPED",))


def test_float_noise_over_the_edge_has_no_code() -> None:
    assert Canvas(100, 80).polyline(line((10, 10), (100.0005, 10))) == ((10, 10, 100, 10), ())


def test_what_the_user_wants_with_lines_over_the_edge_is_done() -> None:
    over = line((10, 10), (110, 10))
    with pytest.raises(AnnotationSkip, match="dropped"):
        Canvas(100, 80, "drop").polyline(over)
    with pytest.raises(AnnotationFault) as fault:
        Canvas(100, 80, "fail").polyline(over)
    assert fault.value.code == "E_OUT_OF_BOUNDS"


@pytest.mark.parametrize(
    ("geometry", "code"),
    [
        (((200, 10), (300, 10)), "E_OUTSIDE"),
        (((10, 10), (10, 10)), "E_ANNOTATION"),
        (((10, 10),), "E_ANNOTATION"),
        (((10, 10, 2), (20, 20)), "E_ANNOTATION"),
        ("text", "E_ANNOTATION"),
        (None, "E_ANNOTATION"),
        (((10, math.nan), (20, 20)), "E_NOT_FINITE"),
        (((10, "1"), (20, 20)), "E_NUMBER_TYPE"),
        (((10, 2e6), (20, 20)), "E_NUMBER_RANGE"),
        (AnnotationFault("E_POLYGON_ODD", "odd", ".polyline"), "E_POLYGON_ODD"),
    ],
)
def test_what_is_no_line_fails_with_its_code(geometry: Any, code: str) -> None:
    with pytest.raises(AnnotationFault) as fault:
        Canvas(100, 80).polyline(Annotation(0, "polyline", "lane", geometry=geometry))
    assert fault.value.code == code


NUMBERS = st.floats(-200, 300) | st.integers(-200, 300)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=8))
def test_whatever_is_left_lies_within_the_picture(points: list[tuple[float, float]]) -> None:
    kept: tuple[float, ...] = (0, 0, 1, 1)
    with suppress(AnnotationFault):
        kept, _ = Canvas(100, 80).polyline(line(*points))
    assert len(kept) >= 4
    assert all(0 <= x <= 100 for x in kept[0::2])
    assert all(0 <= y <= 80 for y in kept[1::2])
