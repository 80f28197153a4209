"""One answer serves the pair idiom and the length idiom."""

from __future__ import annotations

from exportkit.clients import CountedRows

ROWS = [{"id": 1}]


def test_an_answer_unpacks_into_rows_and_total() -> None:
    rows, total = CountedRows(iter([{"id": 1}]), 7)
    assert list(rows) == [{"id": 1}]
    assert total == 7


def test_the_length_is_the_total_and_not_that_of_a_pair() -> None:
    assert len(CountedRows([], 7)) == 7
    assert len(CountedRows([], 0)) == 0


def test_indexing_and_iteration_see_the_pair() -> None:
    answer = CountedRows(ROWS, 3)
    assert answer[0] is ROWS
    assert answer[1] == answer[-1] == 3
    assert list(answer) == [ROWS, 3]
    assert answer.rows is ROWS
    assert answer.total == 3
    assert isinstance(answer, tuple)
