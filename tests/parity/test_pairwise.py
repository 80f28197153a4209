"""The choice of cases leaves no pair out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product

import pytest
from tests.parity import plan
from tests.parity.pairwise import Case, Pair, pairs_of, pairwise
from tests.parity.ways import WAYS

SHAPES = {
    "two dimensions": {"a": 3, "b": 2},
    "many of one size": dict.fromkeys("abcdef", 3),
    "one long": {"a": 14, "b": 3, "c": 4, "d": 7, "e": 2, "f": 2, "g": 2},
    "one value": {"a": 1, "b": 4, "c": 1},
}


def _values(shape: dict[str, int]) -> dict[str, list[str]]:
    return {name: [f"{name}{number}" for number in range(size)] for name, size in shape.items()}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_pair_of_values_of_any_two_dimensions_occurs(shape: str) -> None:
    dimensions = _values(SHAPES[shape])

    assert covered(pairwise(dimensions)) == every_pair(dimensions)


def covered(cases: list[Case]) -> set[Pair]:
    return {pair for case in cases for pair in pairs_of(case)}


def every_pair(dimensions: Mapping[str, Sequence[str]]) -> set[Pair]:
    return {
        ((one, left), (other, right))
        for one, other in combinations(dimensions, 2)
        for left, right in product(dimensions[one], dimensions[other])
    }


def test_pairs_that_never_occur_are_left_out_and_no_other_is() -> None:
    dimensions = _values(SHAPES["one long"])
    never = {(("a", "a1"), ("g", "g0")), (("a", "a2"), ("g", "g1")), (("c", "c3"), ("d", "d6"))}

    assert covered(pairwise(dimensions, never)) == every_pair(dimensions) - never


def test_exports_that_ask_a_server_cover_every_pair_of_values() -> None:
    assert covered(plan.online()) == every_pair(plan.ONLINE_DIMENSIONS) - plan.NEVER


def test_exports_that_ask_nobody_cover_every_pair_of_values() -> None:
    assert covered(plan.offline()) == every_pair(plan.OFFLINE_DIMENSIONS)


def test_only_an_export_in_process_is_turned_to_another_way_by_the_first_interface() -> None:
    in_process = [way for way in WAYS if WAYS[way].params.get("disable_async_delegate")]

    assert {("way", way) for way in in_process} == {pair[0] for pair in plan.NEVER}


def test_far_fewer_cases_than_the_full_product_are_chosen() -> None:
    dimensions = _values(SHAPES["one long"])

    cases = pairwise(dimensions)

    assert 14 * 7 <= len(cases) <= 14 * 7 * 1.2
    assert all(list(case) == list(dimensions) for case in cases)


def test_where_nothing_is_left_to_cover_the_first_value_stands() -> None:
    cases = pairwise(_values({"a": 9, "b": 9, "c": 2}))

    assert sum(case["c"] == "c0" for case in cases) > len(cases) / 2
