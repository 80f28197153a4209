from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exportkit.errors import AnnotationFault
from exportkit.records import check_number, decimal_text, quoted, rounded


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("1", "E_NUMBER_TYPE"),
        (True, "E_NUMBER_TYPE"),
        (None, "E_NUMBER_TYPE"),
        ([1], "E_NUMBER_TYPE"),
        ({}, "E_NUMBER_TYPE"),
        (math.nan, "E_NOT_FINITE"),
        (math.inf, "E_NOT_FINITE"),
        (-math.inf, "E_NOT_FINITE"),
        (1_000_000.001, "E_NUMBER_RANGE"),
        (-1_000_001, "E_NUMBER_RANGE"),
        (10**400, "E_NUMBER_RANGE"),
    ],
)
def test_a_value_that_is_no_coordinate_is_named_by_code_and_path(value: Any, code: str) -> None:
    with pytest.raises(AnnotationFault) as caught:
        check_number(value, ".bbox[2]")

    assert (caught.value.code, caught.value.json_path) == (code, ".bbox[2]")


@pytest.mark.parametrize("value", [0, 10, 10.0, -1_000_000, 1_000_000, 1e-300])
def test_an_accepted_number_keeps_its_type(value: float) -> None:
    accepted = check_number(value, "")

    assert (type(accepted), accepted) == (type(value), value)


@pytest.mark.parametrize(
    ("value", "text"),
    [(2.0, "2"), (-1e-9, "0"), (0.1 + 0.2, "0.3"), (0.0000005, "0"), (0.0000015, "0.000002"), (7, "7"), (1.25, "1.25")],
)
def test_a_computed_number_has_at_most_six_decimals_and_the_shortest_text(value: float, text: str) -> None:
    assert decimal_text(rounded(value)) == text


@pytest.mark.parametrize(("value", "text"), [(10, "10"), (10.0, "10.0"), (1e-7, "0.0000001"), (1e22, "1" + 22 * "0")])
def test_a_number_that_passes_through_keeps_its_form_without_an_exponent(value: float, text: str) -> None:
    assert decimal_text(value) == text


@given(st.floats(-1e6, 1e6))
def test_decimal_text_reads_back_as_the_same_number(value: float) -> None:
    text = decimal_text(value)

    assert float(text) == value
    assert "e" not in text


@pytest.mark.parametrize(
    "value",
    ["x" * 1000, "é\n\x1b[31m" * 99, [[["deep"] * 99] * 99] * 99, {"a": 10**400}],
)
def test_a_quoted_value_is_one_short_line_of_printable_text(value: Any) -> None:
    text = quoted(value)

    assert len(text) <= 120
    assert text.isprintable()
    assert "\x1b" not in text


def test_a_number_too_long_to_convert_is_still_out_of_range() -> None:
    with pytest.raises(AnnotationFault, match="thousands of digits") as caught:
        check_number(10**6000, "")

    assert caught.value.code == "E_NUMBER_RANGE"
