"""Attributes come back as strict JSON (formats, sections 2.1 and 5.0)."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exportkit.errors import AnnotationFault, RecordFault
from exportkit.writing.attributes import attribute_text, read_attributes

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(TEXT, VALUES, max_size=4), st.booleans())
def test_attributes_come_back_equal_from_bytes_and_from_a_mapping(attributes: dict[str, Any], ascii_only: bool) -> None:
    for source in (json.dumps(attributes).encode(), attributes, msgspec.Raw(json.dumps(attributes).encode())):
        text = attribute_text(source, {}, ascii_only=ascii_only)

        assert json.loads(text) == attributes
        assert text.isascii() or not ascii_only


def test_an_added_entry_stands_last_and_takes_the_place_of_its_name() -> None:
    assert attribute_text(b'{"a": 1, "b": 2}', {"a": 3}) == '{"b":2,"a":3}'


@pytest.mark.parametrize(
    ("source", "code", "path"),
    [
        (b'{"a":NaN}', "E_NOT_FINITE", ".attributes.a"),
        ({"a": [float("inf")]}, "E_NOT_FINITE", ".attributes.a[0]"),
        (b'{"a":-9223372036854775809}', "E_NUMBER_RANGE", ".attributes.a"),
        (b'{"a":1' + b"0" * 5000 + b"}", "E_NUMBER_RANGE", ".attributes.a"),
        (b"[1]", "E_ANNOTATION", ".attributes"),
        (b'{"a"', "E_ANNOTATION", ".attributes"),
        ({"a": object}, "E_ANNOTATION", ".attributes.a"),
    ],
)
def test_what_strict_json_cannot_hold_is_named(source: Any, code: str, path: str) -> None:
    with pytest.raises(AnnotationFault) as caught:
        read_attributes(source)

    assert (caught.value.code, caught.value.json_path) == (code, path)


def test_half_a_character_costs_the_record() -> None:
    with pytest.raises(RecordFault):
        read_attributes({"\ud800": 1})
