"""What a line says about its item: ids, data, files, names, sizes, splits (formats, sections 1.3, 2.2, 2.3, 2.10)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exportkit.errors import RecordFault
from exportkit.normalize import InputOptions, LineNormalizer
from exportkit.records import Record

EMPTY: dict[str, Any] = {"annotations": []}


def records(line: object, options: InputOptions | None = None) -> list[Record]:
    return LineNormalizer(options).records(json.dumps(line).encode())


def one(**line: Any) -> Record:
    (made,) = records({"id": 1, "data": EMPTY, **line})
    return made


def code_of(line: object) -> tuple[str, str]:
    with pytest.raises(RecordFault) as caught:
        records(line)
    return caught.value.code, caught.value.json_path


@pytest.mark.parametrize("identity", [1, -5, 2**63 - 1, "a", "1", "日本"])
def test_ids_are_kept_with_their_type(identity: int | str) -> None:
    (made,) = records({"id": identity, "data": EMPTY})
    assert made.item_id == identity
    assert type(made.item_id) is type(identity)


def test_the_event_id_stands_in_for_a_missing_id() -> None:
    assert records({"pgh_id": 991, "data": EMPTY})[0].item_id == 991
    assert records({"id": None, "pgh_id": 991, "data": EMPTY})[0].item_id == 991
    assert records({"id": 5, "pgh_id": 991, "data": EMPTY})[0].item_id == 5


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ({}, "E_ID_MISSING"),
        ({"id": None}, "E_ID_MISSING"),
        ({"id": True}, "E_ID_TYPE"),
        ({"id": 1.0}, "E_ID_TYPE"),
        ({"id": []}, "E_ID_TYPE"),
        ({"id": {}}, "E_ID_TYPE"),
        ({"id": ""}, "E_ID_TYPE"),
        ({"id": 2**63}, "E_ID_RANGE"),
        ({"id": -(2**63)}, "E_ID_RANGE"),
        ({"id": 1, "data": None}, "E_DATA_MISSING"),
        ({"id": 1, "data": []}, "E_DATA_MISSING"),
        ({"id": 1, "data": {}}, "E_SCHEMA_UNKNOWN"),
        ({"id": 1, "data": {"annotations": "x"}}, "E_SCHEMA_UNKNOWN"),
        ({"id": 1, "data": {"annotations": {}}}, "E_SCHEMA_UNKNOWN"),
        ({"id": 1, "data_unit": 5}, "E_DATA_UNIT"),
        ({"id": 1, "files_manifest": []}, "E_FILES_MANIFEST"),
        ({"id": 1, "files_manifest": {"a": 5}}, "E_FILES_MANIFEST"),
        ({"id": 1, "data": {"mode": "presigned", "presigned_url": "https://x"}}, "E_WRAPPER"),
        ({"id": 1, "data": {"mode": "inline", "truncated": False}}, "E_WRAPPER"),
        ({"id": 1, "split": 5}, "E_SCHEMA_UNKNOWN"),
    ],
)
def test_a_wrong_line_fails_its_record(line: dict[str, Any], code: str) -> None:
    assert code_of({"data": EMPTY, **line})[0] == code


def test_a_line_without_data_is_no_negative() -> None:
    assert code_of({"id": 1})[0] == "E_DATA_MISSING"


def test_an_inline_wrapper_is_taken_off() -> None:
    (made,) = records(
        {"id": 1, "data": {"mode": "inline", "truncated": False, "payload": {"annotations": [{"category": "c"}]}}}
    )
    assert made.annotations[0].kind == "tag"


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"bundle_path": "../x"}, "E_PATH_UNSAFE"),
        ({"bundle_path": "files/../x"}, "E_PATH_UNSAFE"),
        ({"bundle_path": "/files/x"}, "E_PATH_UNSAFE"),
        ({"bundle_path": "manifest.json"}, "E_PATH_UNSAFE"),
        ({"bundle_path": "filesystem/x"}, "E_PATH_UNSAFE"),
        ({"bundle_path": ""}, "E_PATH_UNSAFE"),
        ({"bundle_path": 7}, "E_PATH_UNSAFE"),
        ({"bundle_path": "files/a\\b"}, "E_PATH_UNSAFE"),
        ({"url": "a.jpg"}, "E_URL_REFUSED"),
        ({"url": "file:///etc/passwd"}, "E_URL_REFUSED"),
        ({"url": 5}, "E_URL_REFUSED"),
    ],
)
def test_an_unsafe_file_reference_fails_its_record(entry: dict[str, Any], code: str) -> None:
    assert code_of({"id": 1, "data": EMPTY, "files_manifest": {"image_1": entry}})[0] == code


@pytest.mark.parametrize("files", [None, {}, {"image_1": {}}, {"image_1": {"url": "https://x/1.jpg"}}])
def test_an_item_without_file_in_the_bundle_is_written_without_picture(files: object) -> None:
    assert [code for code, _ in one(files_manifest=files).notices] == ["N_NO_MEDIA"]


def test_the_primary_entry_is_chosen_else_the_first() -> None:
    a, b = {"bundle_path": "files/a"}, {"bundle_path": "files/b"}
    assert one(files_manifest={"a": a, "b": b}).name == "a"
    assert one(files_manifest={"a": a, "b": {**b, "is_primary": True}}).name == "b"


def test_rows_in_the_older_forms_name_their_file_too() -> None:
    entry = {"url": "https://x/1.jpg", "file_name_original": "old.jpg"}
    assert one(file=entry).name == "old.jpg"
    assert one(data_unit={"files": {"image_1": entry}}).name == "old.jpg"
    assert one(files={"image_1": entry}).name == "old.jpg"
    assert one(files=entry).name == "old.jpg"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ({"files_manifest": {"a": {"file_name_original": "d/o.jpg", "bundle_path": "files/1/f"}}}, "d/o.jpg"),
        ({"files_manifest": {"a": {"bundle_path": "files/1/f.png"}}, "data_unit": {"name": "u.jpg"}}, "u.jpg"),
        ({"files_manifest": {"a": {"bundle_path": "files/1/f.png"}}}, "f.png"),
        ({}, "1"),
        ({"data": {"annotations": [], "data_unit": {"name": "inside.jpg"}}}, "inside.jpg"),
    ],
)
def test_the_first_name_of_the_table_wins(line: dict[str, Any], name: str) -> None:
    assert one(**line).name == name


def test_declared_sizes_are_taken_in_the_order_of_the_contract() -> None:
    unit = {"width": 3, "height": 4}
    entry = {"bundle_path": "files/a", "meta": {"width": 1, "height": 2}}
    assert (one(data_unit=unit).width, one(data_unit=unit).height) == (3, 4)
    made = one(data_unit=unit, files_manifest={"a": entry})
    assert (made.width, made.height) == (1, 2)


@pytest.mark.parametrize("width", [0, -1, True, "5", 1.5, None])
def test_a_declared_size_that_is_none_is_unknown_and_noticed(width: object) -> None:
    made = one(data_unit={"width": width, "height": 4}, files_manifest={"a": {"bundle_path": "files/a"}})
    assert (made.width, made.height) == (0, 0)
    assert [code for code, _ in made.notices] == ["N_SIZE_INVALID"]


def test_split_and_group_come_from_line_data_unit_and_data_in_this_order() -> None:
    assert one(split="val").split == "val"
    assert one(split=None, data_unit={"split": "val"}, data={"annotations": [], "split": "test"}).split == "val"
    assert one(data={"annotations": [], "group": 7}).group == "7"


def test_the_group_field_is_the_users_choice() -> None:
    (made,) = records({"id": 1, "data": EMPTY, "data_unit": {"patient": "p9"}}, InputOptions(group_by="patient"))
    assert made.group == "p9"


def test_unknown_input_options_are_refused() -> None:
    with pytest.raises(ValueError, match="extra"):
        InputOptions.model_validate({"colour": "red"})


def test_strict_json_refuses_a_key_that_is_given_twice() -> None:
    line = b'{"id":1,"id":2,"data":{"annotations":[]}}'
    assert LineNormalizer().records(line)[0].item_id == 2
    with pytest.raises(RecordFault) as caught:
        LineNormalizer(strict_json=True).records(line)
    assert caught.value.code == "E_JSON"
