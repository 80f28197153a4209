"""Texts of many records by one template, from columns: in C as in Python."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exportkit.native import core
from exportkit.writing import column_texts as module
from exportkit.writing.column_texts import column_texts

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
numbers = st.one_of(st.integers(0, 10**6), st.integers(), st.sampled_from([0, 2**63, -1]))


def test_values_stand_between_the_pieces() -> None:
    assert column_texts((b"<", b" ", b">"), ["ä", "b"], [0, 120]) == ["<ä 0>".encode(), b"<b 120>"]


@pytest.mark.skipif(core is None, reason="needs the compiled core")
def test_ordinary_columns_are_left_to_the_core() -> None:
    assert core is not None
    assert core.column_texts((b"", b"\n"), (["ä", ""],)) == ["ä\n".encode(), b"\n"]
    assert core.column_texts((b"", b""), ([0, 2**63 - 1],)) == [b"0", b"9223372036854775807"]
    assert core.column_texts((b"", b""), ([2**63],)) is None


def test_nothing_becomes_of_empty_columns() -> None:
    assert column_texts((b"", b"\n"), []) == []


@pytest.mark.parametrize(
    ("pieces", "columns"), [((b"",), (["a"],)), ((b"", b"", b""), (["a"], [])), ((b"", b""), (["\ud800"],))]
)
def test_what_has_no_text_is_refused(pieces: tuple[bytes, ...], columns: tuple[list[str], ...]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the promise is no more than that
        column_texts(pieces, *columns)


@given(st.lists(st.tuples(words, numbers, words)), st.tuples(*[st.binary(max_size=4)] * 4))
def test_texts_are_the_pieces_with_the_values_as_text(
    rows: list[tuple[str, int, str]], pieces: tuple[bytes, bytes, bytes, bytes]
) -> None:
    expected = [
        b"%b%b%b%d%b%b%b" % (pieces[0], left.encode(), pieces[1], number, pieces[2], right.encode(), pieces[3])
        for left, number, right in rows
    ]
    columns = [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]
    assert column_texts(pieces, *columns) == expected
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "core", None)
        assert column_texts(pieces, *columns) == expected
