"""The choice of cases leaves no pair out."""

from __future__ import annotations

from itertools import combinations, product

import pytest
from tests.parity.pairwise import pairs_of, pairwise

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

    covered = {pair for case in pairwise(dimensions) for pair in pairs_of(case)}

    for one, other in combinations(dimensions, 2):
        for left, right in product(dimensions[one], dimensions[other]):
            assert ((one, left), (other, right)) in covered


def test_far_fewer_cases_than_the_full_product_are_chosen() -> None:
    dimensions = _values(SHAPES["one long"])

    cases = pairwise(dimensions)

    assert 14 * 7 <= len(cases) <= 14 * 7 * 1.2
    assert all(list(case) == list(dimensions) for case in cases)


def test_where_nothing_is_left_to_cover_the_first_value_stands() -> None:
    cases = pairwise(_values({"a": 9, "b": 9, "c": 2}))

    assert sum(case["c"] == "c0" for case in cases) > len(cases) / 2
