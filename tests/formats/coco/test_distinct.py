"""No id comes twice: the proof holds for runs of ids, for ids anywhere, and for both together."""

from __future__ import annotations

import pickle
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from exportkit_coco.distinct import IdColumn

IDS = st.integers(-40, 60)
#: What batches give: ids that follow each other, or any.
BATCHES = st.lists(
    st.one_of(
        st.lists(IDS, max_size=6), st.tuples(IDS, st.integers(1, 12)).map(lambda run: [*range(run[0], sum(run))])
    ),
    max_size=8,
)


@given(BATCHES)
def test_the_least_id_that_comes_twice_is_found_however_the_list_is_cut(batches: list[list[int]]) -> None:
    straight, gathered = IdColumn(), IdColumn()
    for batch in batches:
        part = IdColumn()
        part.extend(batch)
        straight.extend(batch)
        gathered.take(pickle.loads(pickle.dumps(part)))
    counts = Counter(id_ for batch in batches for id_ in batch)
    expected = min((id_ for id_, count in counts.items() if count > 1), default=None)
    for column in (straight, gathered):
        assert len(column) == sum(counts.values())
        assert Counter(column) == counts
        assert column.repeated() == expected
        assert all((id_ in column) == (id_ in counts) for id_ in range(-45, 80))


def test_ids_that_follow_each_other_take_no_room() -> None:
    whole = IdColumn()
    for first in range(1, 100_000, 1000):
        part = IdColumn()
        part.extend(range(first, first + 1000))
        whole.take(part)
        assert len(part) == 0
    assert len(pickle.dumps(whole)) < 1000
    assert whole.repeated() is None
