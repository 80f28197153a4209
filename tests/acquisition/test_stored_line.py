"""The line that is stored for a row is the canonical one, whatever of it has to be looked into."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from exportkit.acquisition.stored_line import file_entries, plain_lines, stored_line
from exportkit.bundles.canonical_line import canonical_line
from exportkit.clients import WireRow
from exportkit.clients.plain_row import keys_of_plain, plain_rows

SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=8)
ENTRY = st.fixed_dictionaries({"url": st.text(max_size=5)}, optional={"is_primary": st.booleans()})
UNIT = st.dictionaries(st.sampled_from(["id", "name", "width", "height", "extra"]), SCALARS)
ROWS = st.fixed_dictionaries(
    {"id": st.integers(1, 2**62) | st.integers()},
    optional={
        "pgh_id": st.integers(1, 2**62) | st.integers(),
        "project": st.integers(),
        "data": st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=5),
        "files_manifest": st.none() | st.dictionaries(st.text(max_size=4), ENTRY, max_size=2),
        "data_unit": UNIT,
        "status_label": SCALARS,
        "split": SCALARS,
        "group": SCALARS,
    },
)


def wire_row(text: str) -> WireRow:
    return WireRow(msgspec.json.decode(text.encode(), type=dict[str, msgspec.Raw]))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, st.sampled_from([None, 1]))
def test_a_stored_line_is_the_canonical_line_of_its_row(row: dict[str, Any], indent: int | None) -> None:
    text = json.dumps(row, ensure_ascii=False, indent=indent)
    given_row = wire_row(text)
    line = stored_line(given_row, given_row.raw("data"), file_entries(given_row))
    expected = {**row} if row.get("files_manifest") != {} else {k: v for k, v in row.items() if k != "files_manifest"}
    assert line.count(b"\n") == 1
    assert json.loads(line) == json.loads(canonical_line(expected))
    assert list(json.loads(line)) == list(json.loads(canonical_line(expected)))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(ROWS | ROWS.map(lambda row: {**row, "files_manifest": None}), min_size=1, max_size=4),
    st.sampled_from([None, 1]),
    st.sampled_from(["id", "pgh_id"]),
)
@example([{"id": 1, "data": {"b": [1.50, 1e3], "a": "\\u00e9"}, "data_unit": {"name": "x", "id": 5}}], None, "id")
def test_rows_that_are_read_as_plain_give_the_same_lines(
    rows: list[dict[str, Any]], indent: int | None, key: str
) -> None:
    texts = [json.dumps(row, indent=indent) for row in rows]
    found = [wire_row(text) for text in texts]

    plain = plain_rows("".join(f"{text}\n" for text in texts).encode())

    if plain is None:
        keys = [row[name] for row in rows for name in ("id", "pgh_id") if name in row]
        odd = any(not 1 <= value < 2**63 for value in keys)
        assert indent or odd or any(row.get("files_manifest") is not None for row in rows)
        return
    assert plain_lines(plain) == b"".join(stored_line(row, row.raw("data"), {}) for row in found)
    assert keys_of_plain(plain, key) == [row.get(key, row["id"]) for row in rows]


@pytest.mark.parametrize(
    "row",
    [
        '{"id":1,"data":{"mode":"presigned"}}',
        '{"id":1,"files":{"a":{}}}',
        '{"id":1,"files":""}',
        '{"id":1,"file":{}}',
        '{"id":1,"file":null}',
        '{"id":1,"files_manifest":{"a":{"url":"u"}}}',
        '{"id":1,"data_unit":{"id":1,"files":{"a":{}}}}',
        '{"id":1,"data_unit":null}',
        '{"id":1,"data_unit":[1]}',
        '{"id":null}',
        '{"id":"1"}',
        '{"id":-0}',
        '{"id":9223372036854775808}',
        '{"id":1,"pgh_id":null}',
        '{"id":1,"data":[1,\r2]}',
        '{"id":1,"data":[1,\n2]}',
        '{"id":1,"data":[1,}',
        '{"id":1}\n',
        '{"end":true',
    ],
)
def test_a_row_that_has_to_be_looked_into_is_not_plain(row: str) -> None:
    assert plain_rows(f'{{"id":2}}\n{row}\n'.encode()) is None


def test_rows_on_one_line_and_on_several_are_stored_on_a_line_each() -> None:
    rows = plain_rows(b'{"id":1,"data":{\n"a":1}} {"id":2,"data":{}}\n')
    assert rows is not None
    assert plain_lines(rows) == b'{"id":1,"data":{ "a":1}}\n{"id":2,"data":{}}\n'


def test_a_row_without_the_key_of_a_list_has_no_plain_keys() -> None:
    rows = plain_rows(b'{"id":1,"pgh_id":7}\n{"id":2}\n{"data":{}}\n')
    assert rows is not None
    assert keys_of_plain(rows, "id") is None
    assert keys_of_plain(rows[:2], "id") == [1, 2]
    assert keys_of_plain(rows[:2], "pgh_id") == [7, 2]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ROWS, max_size=4), st.sampled_from([None, 1]))
def test_plain_lines_are_the_stored_lines_of_all_their_rows(rows: list[dict[str, Any]], indent: int | None) -> None:
    found = [wire_row(json.dumps(row, ensure_ascii=False, indent=indent)) for row in rows]
    lines = plain_lines(found)
    if lines is not None:
        assert lines == b"".join(stored_line(row, row.raw("data"), {}) for row in found)
    else:
        assert indent or any(row.get("files_manifest") for row in rows)


@pytest.mark.parametrize(
    "text",
    [
        '{"id":1,"data":{"mode":"presigned","presigned_url":"u"}}',
        '{"id":1,"data":{"a":\n1}}',
        '{"id":1,"data":{"a":\r1}}',
        '{"id":1,"file":{"url":"u"}}',
        '{"id":1,"data_unit":{"files":{"x":{"url":"u"}}}}',
    ],
)
def test_one_row_that_has_to_be_looked_into_leaves_no_plain_lines(text: str) -> None:
    assert plain_lines([wire_row('{"id":2,"data":{}}'), wire_row(text)]) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"id":1,"data":{"a":1.50,"b":1E2}}', '{"id":1,"data":{"a":1.50,"b":1E2}}'),
        ('{"data":{"a":\n1},"id":1}', '{"id":1,"data":{"a": 1}}'),
        ('{"id":1,"pgh_id":null,"data_unit":null,"split":null}', '{"id":1,"split":null}'),
        ('{"id":1,"files_manifest":null}', '{"id":1,"files_manifest":null}'),
        ('{"id":1,"files_manifest":{}}', '{"id":1}'),
        ('{"id":1,"data_unit":[3]}', '{"id":1,"data_unit":[3]}'),
        ('{"id":1,"data_unit":{"height":2,"color":"red","id":9}}', '{"id":1,"data_unit":{"id":9,"height":2}}'),
        ('{"id":1,"file":{"url":"u"}}', '{"id":1,"files_manifest":{"file":{"url":"u"}}}'),
        (
            '{"id":1,"data_unit":{"files":{"x":{"url":"u"}}}}',
            '{"id":1,"files_manifest":{"x":{"url":"u"}},"data_unit":{}}',
        ),
    ],
)
def test_members_are_kept_as_they_came(text: str, expected: str) -> None:
    row = wire_row(text)
    assert stored_line(row, row.raw("data"), file_entries(row)).decode() == expected + "\n"
