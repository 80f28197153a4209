from __future__ import annotations

from typing import Any

import pytest

from exportkit.errors import RecordFault
from exportkit.wire.file_entry import choose_entry

FIRST = {"url": "https://x/1", "file_name_original": "1.jpg"}
PRIMARY = {"url": "https://x/2", "is_primary": True}
BOTH = {"image_1": FIRST, "image_2": PRIMARY}


@pytest.mark.parametrize(
    ("row", "entry", "path"),
    [
        ({"files_manifest": BOTH}, PRIMARY, "$.files_manifest.image_2"),
        ({"files_manifest": {"b": FIRST, "a": FIRST | {"x": 1}}}, FIRST, "$.files_manifest.b"),
        ({"files_manifest": {"a b": FIRST}}, FIRST, "$.files_manifest['a b']"),
        ({"files_manifest": {"a": FIRST, "b": {"is_primary": 1}}}, FIRST, "$.files_manifest.a"),
        ({"files_manifest": {"a": FIRST}, "data_unit": {"files": BOTH}, "file": PRIMARY}, FIRST, "$.files_manifest.a"),
        ({"data_unit": {"files": BOTH}, "file": FIRST}, PRIMARY, "$.data_unit.files.image_2"),
        ({"files_manifest": None, "data_unit": {"files": BOTH}}, PRIMARY, "$.data_unit.files.image_2"),
        ({"file": FIRST, "files": BOTH}, FIRST, "$.file"),
        ({"file": None, "files": BOTH}, None, "$"),
        ({"files_manifest": {}, "file": FIRST, "files": BOTH}, PRIMARY, "$.files.image_2"),
        ({"data_unit": {"files": {}}, "files": BOTH}, PRIMARY, "$.files.image_2"),
        ({"files": FIRST}, FIRST, "$.files"),
        ({"files": None}, None, "$"),
        ({"files_manifest": {}, "data_unit": None}, None, "$"),
        ({}, None, "$"),
    ],
)
def test_the_first_rule_that_applies_chooses_the_file(row: dict[str, Any], entry: Any, path: str) -> None:
    chosen = choose_entry(row)
    assert chosen[0] is entry or chosen[0] == entry
    assert chosen[1] == path


def test_all_entries_are_kept_by_their_spec_name() -> None:
    assert choose_entry({"files_manifest": BOTH})[2] == BOTH
    assert choose_entry({"file": FIRST})[2] == {"file": FIRST}
    assert choose_entry({})[2] == {}


@pytest.mark.parametrize(
    ("row", "code", "path"),
    [
        ({"files_manifest": []}, "E_FILES_MANIFEST", "$.files_manifest"),
        ({"files_manifest": "x"}, "E_FILES_MANIFEST", "$.files_manifest"),
        ({"files_manifest": {"a": 5}}, "E_FILES_MANIFEST", "$.files_manifest.a"),
        ({"files_manifest": FIRST}, "E_FILES_MANIFEST", "$.files_manifest.url"),
        ({"data_unit": {"files": [1]}}, "E_FILES_MANIFEST", "$.data_unit.files"),
        ({"data_unit": 5}, "E_DATA_UNIT", "$.data_unit"),
        ({"file": "x"}, "E_FILES_MANIFEST", "$.file"),
        ({"files": 0}, "E_FILES_MANIFEST", "$.files"),
    ],
)
def test_files_of_a_wrong_type_fail_the_record(row: dict[str, Any], code: str, path: str) -> None:
    with pytest.raises(RecordFault) as caught:
        choose_entry(row)
    assert (caught.value.code, caught.value.json_path) == (code, path)
