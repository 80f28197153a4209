"""Filter keys of the id space select exactly the ids that they name."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exportkit.clients import IdentitySelection
from exportkit.errors import FilterRefused

NUMBERS = range(-3, 25)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, set(NUMBERS)),
        ({"ids": "1-3,7, 9-9"}, {1, 2, 3, 7, 9}),
        ({"ids": [4, "5,6", "10-11"]}, {4, 5, 6, 10, 11}),
        ({"ids": 4}, {4}),
        ({"id": 4, "ids": "1-9"}, {4}),
        ({"id__in": [2, 3], "ids_ex": 3}, {2}),
        ({"ids_ex": "-3-20"}, {21, 22, 23, 24}),
        ({"id__gt": 3, "id__lte": 5}, {4, 5}),
        ({"_id_gte": 3, "_id_lt": "5"}, {3, 4}),
        ({"ids": ""}, set()),
        ({"ids": None, "id__gte": 23}, {23, 24}),
        ({"project": 3, "search": "x"}, set(NUMBERS)),
    ],
)
def test_a_selection_admits_exactly_what_was_asked_for(filters: dict[str, Any], expected: set[int]) -> None:
    selection = IdentitySelection(filters)
    assert {number for number in NUMBERS if selection.admits(number)} == expected


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20))), st.integers(-5, 90))
def test_overlapping_ranges_hold_the_union_of_their_ids(spans: list[tuple[int, int]], number: int) -> None:
    text = ",".join(f"{first}-{first + more}" for first, more in spans)
    asked = any(first <= number <= first + more for first, more in spans)
    assert IdentitySelection({"ids": text}).admits(number) == asked


@pytest.mark.parametrize(
    "filters", [{"ids": "9-3"}, {"ids": {"a": 1}}, {"ids": True}, {"id__gt": "x"}, {"id__lt": 1.5}]
)
def test_an_unusable_value_is_refused_and_its_key_named(filters: dict[str, Any]) -> None:
    with pytest.raises(FilterRefused, match=next(iter(filters))):
        IdentitySelection(filters)


def test_text_ids_are_selected_by_their_words_and_by_numbers_that_they_spell() -> None:
    selection = IdentitySelection({"ids": "a-b,x,5-7"})
    assert [word for word in ("a-b", "x", "6", "06", "y") if selection.admits(word)] == ["a-b", "x", "6", "06"]


def test_a_text_id_has_no_place_below_or_above_a_bound() -> None:
    with pytest.raises(FilterRefused, match="id__gt"):
        IdentitySelection({"id__gt": 3}).admits("x")


def test_a_selection_is_empty_only_without_a_key_of_the_id_space() -> None:
    assert not IdentitySelection({"project": 1})
    assert IdentitySelection({"ids": []})
