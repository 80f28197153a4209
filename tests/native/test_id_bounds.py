"""The ids of lines that the compiled core looks over are those that a reader of JSON finds, or it does not say any."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exportkit.native import core

pytestmark = pytest.mark.skipif(core is None, reason="the compiled core is not built")
WORD = b'"mode"'
TEXTS = st.text(st.sampled_from('ab"\\{}[],:id \n\té'), max_size=90)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=6) | st.dictionaries(TEXTS | st.just("mode"), inner, max_size=6)
)
ROWS = st.fixed_dictionaries(
    {}, optional={"id": st.integers(-(10**18), 10**18) | VALUES, "data": VALUES, "mode": VALUES, "i\\d": VALUES}
)
BLANKS = st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", "\r: ")])


def written(rows: list[Any], separators: tuple[str, str], *, ascii_only: bool) -> bytes:
    lines = (json.dumps(row, separators=separators, ensure_ascii=ascii_only) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode()


def found(text: bytes) -> tuple[tuple[int, int] | None, bool]:
    assert core is not None
    bounds, holds = core.id_bounds(text, WORD)
    return bounds, holds


@given(st.lists(ROWS, max_size=4), BLANKS, st.booleans())
@example([{"id": 3, "data": {"a": ["x" * 200, {"b": "{[" * 40}]}}], (",", ":"), True)
@example([{"id": 7}, {"id": 2}, {"id": 5}], (",", ":"), True)
def test_bounds_are_those_of_the_ids_or_none(rows: list[Any], separators: tuple[str, str], ascii_only: bool) -> None:
    text = written(rows, separators, ascii_only=ascii_only)

    bounds, holds = found(text)

    assert holds == (WORD in text)
    if bounds is not None:
        ids = [row.get("id") for row in rows]
        assert {type(one) for one in ids} == {int}
        assert bounds == (min(ids), max(ids))


@given(st.lists(st.integers(-(10**17), 10**17), min_size=1), VALUES)
def test_lines_of_a_server_are_looked_over(ids: list[int], value: Any) -> None:
    text = written([{"id": number, "data": value} for number in ids], (",", ":"), ascii_only=False)

    assert found(text)[0] == (min(ids), max(ids))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"{}",
        b'{"id":1',
        b'{"id":1}}',
        b'{"id":1} 2',
        b'{"id":1,"id":2}',
        b'{"i\\u0064":2}',
        b'{"id":1,"i\\u0064":2}',
        b'{"id":01}',
        b'{"id":1.0}',
        b'{"id":1e3}',
        b'{"id":"1"}',
        b'{"id":-}',
        b'{"id":9999999999999999999}',
        b'{"id":1,"data":[{]}',
        b'{"id":1,"data":"x',
        b'{"id":1,"data":"\\',
        b'{"data":{"id":1}}',
        b'[{"id":1}]',
        b'{"id":1,}',
        b'{"id":1}\n\n{"id":2}',
    ],
)
def test_other_lines_are_left_to_the_reader(line: bytes) -> None:
    assert found(line)[0] is None


@pytest.mark.parametrize("key", [" id", "id ", "\tid", "ID", "id2"])
def test_a_key_with_blanks_is_another_one(key: str) -> None:
    assert found(written([{key: 5, "id": 7}], (",", ":"), ascii_only=False))[0] == ((7, 7) if "\t" not in key else None)
    assert found(written([{key: 5}], (",", ":"), ascii_only=False))[0] is None


@given(st.binary(max_size=300) | st.text('{}[]",:id\\ 01', max_size=300).map(str.encode))
def test_any_bytes_are_looked_over_without_harm(text: bytes) -> None:
    bounds, holds = found(text)

    assert holds == (WORD in text)
    assert bounds is None or bounds[0] <= bounds[1]


def test_a_word_has_two_bytes_at_least() -> None:
    assert core is not None
    with pytest.raises(ValueError, match="two bytes"):
        core.id_bounds(b"x", b"x")
