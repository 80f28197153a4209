from __future__ import annotations

import json
from typing import Any

import pytest

from exportkit.errors import BundleRefused
from exportkit.wire.manifest import parse_manifest

PART = {"path": "task/part-00001.jsonl", "records": 2, "cumulative_records": 2}
FULL: dict[str, Any] = {"prefix": "x/y/", "targets": {"task": {"dir": "task", "records": 2, "parts": [PART]}}}


def bytes_of(document: object) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "document",
    [
        FULL,
        {"manifest": FULL},
        {"id": "6f", "data": {"count": 2, "manifest": FULL}},
        {"data": {"id": "6f", "data": {"count": 2, "manifest": FULL}}, "meta": {}},
        {"id": "6f", "data": {"count": 2, **FULL}},
        {"data": {"id": "6f", "data": FULL}, "meta": {}},
        FULL | {"future": [1], "schema": "exportkit-bundle/1.9", "complete": True},
    ],
)
def test_every_accepted_form_gives_the_same_parts(document: dict[str, Any]) -> None:
    manifest = parse_manifest(bytes_of(document))
    assert manifest.prefix == "x/y/"
    parts = manifest.targets["task"].parts
    assert parts is not None
    assert parts[0].path == "task/part-00001.jsonl"


def test_the_count_of_a_job_row_is_a_declared_count() -> None:
    row = {"data": {"count": 3, "manifest": FULL}}
    assert parse_manifest(bytes_of(row)).flat_counts("task") == {"count": 3}


def test_flat_counts_are_numbers_or_a_map_by_target() -> None:
    flat = parse_manifest(bytes_of({"prefix": "b", "total": 3, "records": 4}))
    assert flat.flat_counts("task") == {"total": 3, "records": 4}
    by_target = parse_manifest(bytes_of({"prefix": "b", "records": {"task": 5, "assignment": 6}}))
    assert by_target.flat_counts("task") == {"records.task": 5}


def test_a_byte_order_mark_before_the_manifest_is_skipped() -> None:
    assert parse_manifest(b"\xef\xbb\xbf" + bytes_of(FULL)).prefix == "x/y/"


def test_originals_are_entries_or_plain_paths() -> None:
    manifest = parse_manifest(bytes_of({"prefix": "b", "files": ["files/1/a", {"path": "files/2/b", "size": 3}]}))
    assert [(entry.path, entry.size) for entry in manifest.files or ()] == [("files/1/a", None), ("files/2/b", 3)]


def with_part(**changes: object) -> dict[str, Any]:
    return {"prefix": "x", "targets": {"task": {"parts": [PART | changes]}}}


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({}, "$.prefix"),
        ({"total": 3}, "$.prefix"),
        ({"prefix": None}, "$.prefix"),
        ({"prefix": 5}, "$.prefix"),
        ({"prefix": "x", "total": "3"}, "$.total"),
        ({"prefix": "x", "total": True}, "$.total"),
        ({"prefix": "x", "total": -1}, "$.total"),
        ({"prefix": "x", "total": 2.0}, "$.total"),
        ({"prefix": "x", "records": {"task": "2"}}, "$.records"),
        ({"prefix": "x", "targets": []}, "$.targets"),
        ({"prefix": "x", "targets": {"task": []}}, "$.targets.task"),
        ({"prefix": "x", "targets": {"task": {"parts": {}}}}, "$.targets.task.parts"),
        ({"prefix": "x", "targets": {"task": {"parts": [{"records": 1}]}}}, "$.targets.task.parts[0].path"),
        (with_part(path=7), "$.targets.task.parts[0].path"),
        (with_part(records=None, size="1"), "$.targets.task.parts[0].size"),
        (with_part(sha256="abc"), "$.targets.task.parts[0].sha256"),
        (with_part(encoding="lzma"), "$.targets.task.parts[0].encoding"),
        ({"prefix": "x", "schema": "exportkit-bundle/2.0"}, "$.schema"),
        ({"prefix": "x", "schema": "exportkit-bundle/one"}, "$.schema"),
        ({"prefix": "x", "complete": "yes"}, "$.complete"),
        ({"prefix": "x", "files": {}}, "$.files"),
        ({"prefix": "x", "files": [{"size": 1}]}, "$.files[0].path"),
        ({"data": {"manifest": {"prefix": 1}}}, "$.data.manifest.prefix"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_by_its_path(document: object, path: str) -> None:
    with pytest.raises(BundleRefused) as caught:
        parse_manifest(bytes_of(document))
    assert (caught.value.code, caught.value.json_path, caught.value.file) == ("E_MANIFEST", path, "manifest.json")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe{\0}\0", b'{"prefix": "\xff"}', b'{"prefix": "x", "y": ' + b"[" * 100_000],
)
def test_what_is_no_json_object_is_refused(content: bytes) -> None:
    with pytest.raises(BundleRefused) as caught:
        parse_manifest(content)
    assert caught.value.code == "E_MANIFEST"


def test_values_in_messages_are_short_and_escaped() -> None:
    with pytest.raises(BundleRefused) as caught:
        parse_manifest(bytes_of({"prefix": "x", "total": "\x1b[31m" * 1000}))
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 300
