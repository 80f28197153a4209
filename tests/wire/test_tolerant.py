from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exportkit.errors import RecordFault
from exportkit.wire.tolerant import BEYOND_64_BITS, deeper_than, tolerant_loads


def fault_of(line: bytes, *, strict: bool = False) -> RecordFault:
    with pytest.raises(RecordFault) as caught:
        tolerant_loads(line, strict=strict)
    return caught.value


def test_numbers_that_are_not_finite_are_kept_where_they_stand() -> None:
    value = tolerant_loads(b'{"a": [NaN, Infinity, -Infinity, 1e999], "b": 1}')
    assert math.isnan(value["a"][0])
    assert value["a"][1:] == [math.inf, -math.inf, math.inf]
    assert value["b"] == 1


def test_integers_are_exact_and_very_long_ones_stay_out_of_range() -> None:
    big = 2**70 + 1
    assert tolerant_loads(b'{"a": %d}' % big) == {"a": big}
    assert tolerant_loads(b'{"a": ' + b"9" * 5000 + b"}") == {"a": BEYOND_64_BITS}
    assert tolerant_loads(b'{"a": -' + b"9" * 1_000_000 + b"}") == {"a": -BEYOND_64_BITS}


def test_the_last_of_equal_keys_counts_unless_strict() -> None:
    line = b'{"a": {"k": 1, "k": 2}}'
    assert tolerant_loads(line) == {"a": {"k": 2}}
    assert fault_of(line, strict=True).code == "E_JSON"
    assert "'k'" in fault_of(line, strict=True).message
    assert tolerant_loads(b'{"a": {"k": 1}, "b": {"k": 2}}', strict=True)["b"] == {"k": 2}


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"k":', b"}")])
@pytest.mark.parametrize("depth", [300, 1500, 100_000])
def test_deep_nesting_is_a_fault_and_nothing_worse(depth: int, opening: bytes, closing: bytes) -> None:
    assert fault_of(b'{"a":' + opening * depth + b"1" + closing * depth + b"}").code == "E_JSON_DEPTH"
    assert fault_of(b'{"a":' + opening * depth).code == "E_JSON_DEPTH"


def test_256_levels_are_read_and_257_are_not() -> None:
    assert tolerant_loads(b'{"a":' + b"[" * 255 + b"]" * 255 + b"}")
    assert fault_of(b'{"a":' + b"[" * 256 + b"]" * 256 + b"}").code == "E_JSON_DEPTH"


def test_brackets_in_strings_and_side_by_side_are_not_depth() -> None:
    line = json.dumps({"a": "[" * 1000 + '"\\' + "{" * 1000, "b": [[] for _ in range(1000)]}).encode()
    assert tolerant_loads(line)["a"].startswith("[[")


def test_a_string_that_is_never_closed_is_found_in_linear_time() -> None:
    line = b'{"a": "' + b'\\"[' * 500_000
    assert not deeper_than(line)
    assert fault_of(line).code == "E_JSON"


@pytest.mark.parametrize(
    ("line", "code", "part"),
    [
        (b'{"a": "\xff"}', "E_ENCODING", "offset 7"),
        (b'{"a": "\xed\xa0\x80"}', "E_ENCODING", "offset 7"),
        ('{"ä": 1} x'.encode(), "E_JSON", "offset 10"),
        (b'{"a": 1', "E_JSON", "offset 7"),
        (b'{"a": nan}', "E_JSON", "offset 6"),
        (b'{"a": 01}', "E_JSON", "offset"),
        (b'{"a": "\x01"}', "E_JSON", "offset"),
        (b"[1]", "E_NOT_OBJECT", "object"),
        (b"null", "E_NOT_OBJECT", "object"),
        (b"NaN", "E_NOT_OBJECT", "object"),
        (b"\xef\xbb\xbf{}", "E_JSON", "offset 0"),
        (b'"\\ud800"', "E_SURROGATE", "$"),
    ],
)
def test_lines_that_are_no_object_name_what_is_wrong(line: bytes, code: str, part: str) -> None:
    fault = fault_of(line)
    assert (fault.code, part in fault.message) == (code, True)


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (b'{"data": {"annotations": [{"a": 1}, {"label": "x\\ud800"}]}}', "$.data.annotations[1].label"),
        (b'{"data": {"\\uDFFF": 1}}', "$.data['\\udfff']"),
    ],
)
def test_a_lone_surrogate_is_named_by_its_path(line: bytes, path: str) -> None:
    fault = fault_of(line)
    assert (fault.code, fault.json_path) == ("E_SURROGATE", path)


def test_a_surrogate_pair_and_an_escaped_backslash_are_ordinary_text() -> None:
    assert tolerant_loads(b'{"a": "\\ud83d\\ude00 \\\\ud800"}') == {"a": "\N{GRINNING FACE} \\ud800"}


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:\\u d8019aENI.-+', max_size=60).map(str.encode))
def test_any_bytes_give_an_object_or_a_fault(line: bytes) -> None:
    try:
        value: dict[str, object] | RecordFault = tolerant_loads(line)
    except RecordFault as fault:
        value = fault
    assert isinstance(value, dict) or value.code in {"E_ENCODING", "E_JSON", "E_SURROGATE", "E_NOT_OBJECT"}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(), values, max_size=4))
def test_what_json_writes_is_read_back(value: dict[str, object]) -> None:
    assert tolerant_loads(json.dumps(value, ensure_ascii=False).encode(), strict=True) == value
