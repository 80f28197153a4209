"""Ranges of ids: disjoint, without gaps, none larger than asked for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from exportkit.acquisition import IdRange, ranges_of


@given(st.sets(st.integers(1, 10**6), max_size=200), st.integers(1, 40))
def test_every_id_is_in_exactly_one_range_and_the_ranges_leave_no_gap(ids: set[int], size: int) -> None:
    ranges = list(ranges_of(sorted(ids, reverse=True), size))

    assert (len(ranges) == 0) == (len(ids) <= size)
    for shard in ranges:
        assert 1 <= sum(identity in shard for identity in ids) <= size
    assert all(above.id_gte == below.id_lt for above, below in pairwise(ranges))
    if ranges:
        assert sum(identity in shard for shard in ranges for identity in ids) == len(ids)
        assert ranges[0].id_lt == max(ids) + 1
        assert ranges[-1].id_gte == min(ids)


@given(st.sets(st.integers(1, 10**6), min_size=2, max_size=100), st.integers(1, 20), st.data())
def test_ranges_go_on_below_those_that_are_known(ids: set[int], size: int, data: st.DataObject) -> None:
    falling = sorted(ids, reverse=True)
    ranges = list(ranges_of(falling, size))
    known = data.draw(st.integers(1, len(ranges))) if ranges else 0
    if known:
        below = ranges[known - 1].id_gte
        rest = ranges_of((identity for identity in falling if identity < below), size, below)
        assert list(rest) == ranges[known:]


def test_a_range_is_given_as_soon_as_an_id_behind_it_is_known() -> None:
    read: list[int] = []

    def ids() -> Iterator[int]:
        for identity in (9, 7, 5, 3, 1):
            read.append(identity)
            yield identity

    assert next(ranges_of(ids(), 2)) == IdRange(7, 10)
    assert read == [9, 7, 5]


def test_a_range_speaks_in_keys_of_the_filter() -> None:
    assert IdRange(5, 9).keys() == {"_id_gte": 5, "_id_lt": 9}
