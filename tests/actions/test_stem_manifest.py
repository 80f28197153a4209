"""Planned names: independent of the order of items, and on disk."""

from __future__ import annotations

import tracemalloc
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exportkit.actions.stem_manifest import planned_stems
from exportkit.writing.names import name_key

IDS = st.one_of(st.integers(-(2**70), 2**70), st.text(max_size=4))
STEMS = st.one_of(st.sampled_from(("a", "A", "a__1", "b")), st.text(min_size=1, max_size=3))
ENTRIES = st.lists(st.tuples(IDS, STEMS), max_size=12, unique_by=lambda entry: (type(entry[0]), entry[0]))


@settings(deadline=None)
@given(ENTRIES, st.randoms(use_true_random=False))
def test_names_depend_on_the_items_alone_and_no_two_are_one(entries: list[tuple[Any, str]], random: Random) -> None:
    shuffled = list(entries)
    random.shuffle(shuffled)

    planned = planned_stems(entries, frozenset({"b"}))

    assert dict(planned) == dict(planned_stems(shuffled, frozenset({"b"})))
    assert set(planned) == {identity for identity, _ in entries}
    keys = [name_key(stem) for stem in planned.values()]
    assert len(keys) == len(set(keys))
    assert name_key("b") not in keys


def test_the_smallest_id_keeps_the_name_and_a_literal_name_is_nobody_else_s() -> None:
    planned = planned_stems([(10, "a"), (9, "a"), ("9", "A"), (3, "a__10")])

    assert dict(planned) == {"9": "A", 9: "a__9", 10: "a__10_2", 3: "a__10"}
    assert list(planned) == ["9", 9, 10, 3]


@pytest.mark.parametrize(("entries", "said"), [([(None, "a")], "no id"), ([(1, "a"), (1, "b")], "occurs twice")])
def test_every_item_needs_an_id_of_its_own(entries: list[tuple[Any, str]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        planned_stems(entries)


def test_a_plugin_may_change_a_name() -> None:
    planned = planned_stems([(1, "a"), (2, "b")])
    planned[1] = "mine"
    del planned[2]

    assert (dict(planned), 2 in planned, planned.get(1)) == ({1: "mine"}, False, "mine")


def test_memory_does_not_grow_with_the_items() -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        planned_stems((number, f"picture {number % 7}") for number in range(count))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(3000) - peak(300) < 2700 * 24
