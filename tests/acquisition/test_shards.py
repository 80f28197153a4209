"""Ranges of ids: disjoint, without gaps, none larger than asked for."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from exportkit.acquisition import IdRange, ranges_of


@given(st.sets(st.integers(1, 10**6), max_size=200), st.integers(1, 40))
def test_every_id_is_in_exactly_one_range_and_the_ranges_leave_no_gap(ids: set[int], size: int) -> None:
    ranges = ranges_of(sorted(ids, reverse=True), size)

    for shard in ranges:
        assert 1 <= sum(identity in shard for identity in ids) <= size
    assert sum(identity in shard for shard in ranges for identity in ids) == len(ids)
    assert all(below.id_lt == above.id_gte for below, above in pairwise(ranges))
    if ids:
        assert ranges[0].id_gte == min(ids)
        assert ranges[-1].id_lt == max(ids) + 1


def test_a_range_speaks_in_keys_of_the_filter() -> None:
    assert IdRange(5, 9).keys() == {"_id_gte": 5, "_id_lt": 9}
