"""One bad line costs one record, named by code, line and path; the rest is published (formats, 2.1 to 2.3)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.conversion.workbench import FOUR, Workbench, assert_balanced, box, item

BIG = 2**63


def _line(**changes: Any) -> bytes:
    """A line with id 2 and one good box, changed at its top."""
    return json.dumps(item(2, box(), **changes)).encode()


def _with(annotation: str) -> bytes:
    """A line whose only annotation is this JSON text."""
    return _line().replace(json.dumps(box()).encode(), annotation.encode())


DEEP = b'{"id": 2, "x": ' + b"[" * 300 + b"]" * 300 + b"}"

RECORDS = [
    ("bytes that are no UTF-8", _line(note="@").replace(b"@", b"\xff\xfe"), "E_ENCODING", "$"),
    ("lone surrogate", _line(note="@").replace(b"@", b"\\ud800"), "E_SURROGATE", "$.note"),
    ("lone surrogate in a label", _with('{"category": "\\udc00", "bbox": [1, 1, 2, 2]}'), "E_SURROGATE", None),
    ("lone surrogate in a key", _line(note=1).replace(b"note", b"\\ud800"), "E_SURROGATE", None),
    ("syntax error", b'{"id": 2, "data": nothing}', "E_JSON", "$"),
    ("cut line", _line()[:-5], "E_JSON", "$"),
    ("text after the value", _line() + b" x", "E_JSON", "$"),
    ("two values", _line() + _line(), "E_JSON", "$"),
    ("list", b"[1, 2]", "E_NOT_OBJECT", "$"),
    ("number", b"7", "E_NOT_OBJECT", "$"),
    ("null", b"null", "E_NOT_OBJECT", "$"),
    ("text", b'"x"', "E_NOT_OBJECT", "$"),
    ("nested deeper than 256", DEEP, "E_JSON_DEPTH", None),
    ("nested 100,000 deep", b'{"id": 2, "x": ' + b"[" * 100_000, "E_JSON_DEPTH", None),
    ("nested objects", b'{"id": 2, "x": ' + b'{"a":' * 1500 + b"1" + b"}" * 1501, "E_JSON_DEPTH", None),
    ("NaN outside of annotations", _line(note=1).replace(b'"note": 1', b'"note": NaN'), "E_NOT_FINITE", "$.note"),
    ("overflow outside", _line(note=1).replace(b'"note": 1', b'"note": 1e400'), "E_NOT_FINITE", "$.note"),
    (
        "integer beyond 64 bits",
        _line(note=1).replace(b'"note": 1', b'"note": 1' + b"0" * 30),
        "E_NUMBER_RANGE",
        "$.note",
    ),
    (
        "integer of 5,000 digits",
        _line(note=1).replace(b'"note": 1', b'"note": 1' + b"0" * 5000),
        "E_NUMBER_RANGE",
        "$.note",
    ),
    ("NaN in a known place", _line().replace(b'"width": 40', b'"width": NaN'), "E_NOT_FINITE", "$.data_unit.width"),
    (
        "long integer in a known place",
        _line().replace(b'"width": 40', b'"width": 4' + b"0" * 30),
        "E_NUMBER_RANGE",
        "$.data_unit.width",
    ),
    ("id absent", _line(id=...), "E_ID_MISSING", "$.id"),
    ("id null", _line(id=None), "E_ID_MISSING", "$.id"),
    ("id true", _line(id=True), "E_ID_TYPE", "$.id"),
    ("id fraction", _line(id=2.0), "E_ID_TYPE", "$.id"),
    ("id list", _line(id=[2]), "E_ID_TYPE", "$.id"),
    ("id object", _line(id={"a": 2}), "E_ID_TYPE", "$.id"),
    ("id empty text", _line(id=""), "E_ID_TYPE", "$.id"),
    ("id 2^63", _line(id=BIG), "E_ID_RANGE", "$.id"),
    ("id -2^63", _line(id=-BIG), "E_ID_RANGE", "$.id"),
    ("id seen before", _line(id=1), "E_ID_DUPLICATE", "$.id"),
    ("data absent", _line(data=...), "E_DATA_MISSING", "$.data"),
    ("data null", _line(data=None), "E_DATA_MISSING", "$.data"),
    ("data text", _line(data="x"), "E_DATA_MISSING", "$.data"),
    ("data list", _line(data=[]), "E_DATA_MISSING", "$.data"),
    ("data of no schema", _line(data={"x": 1}), "E_SCHEMA_UNKNOWN", "$.data"),
    ("annotations a number", _line(data={"annotations": 3}), "E_SCHEMA_UNKNOWN", "$.data.annotations"),
    ("annotations null", _line(data={"annotations": None}), "E_SCHEMA_UNKNOWN", "$.data.annotations"),
    ("data_unit a list", _line(data_unit=[]), "E_DATA_UNIT", "$.data_unit"),
    ("data_unit a text", _line(data_unit="x"), "E_DATA_UNIT", "$.data_unit"),
    ("files_manifest a list", _line(files_manifest=[1]), "E_FILES_MANIFEST", "$.files_manifest"),
    ("files_manifest a text", _line(files_manifest="x"), "E_FILES_MANIFEST", "$.files_manifest"),
    ("chosen entry no object", _line(files_manifest={"image_1": 5}), "E_FILES_MANIFEST", "$.files_manifest.image_1"),
    (
        "payload that is only a URL",
        _line(data={"mode": "presigned", "presigned_url": "https://files.example/1"}),
        "E_WRAPPER",
        "$.data",
    ),
    ("wrapper without a payload", _line(data={"mode": "inline", "truncated": False}), "E_WRAPPER", "$.data"),
]

ANNOTATIONS = [
    ("no object", "5", "E_ANNOTATION", "$.data.annotations[0]"),
    ("null", "null", "E_ANNOTATION", "$.data.annotations[0]"),
    ("no geometry of its kind", '{"category": "cat", "type": "bbox"}', "E_ANNOTATION", None),
    ("NaN in a box", '{"category": "cat", "bbox": [1, NaN, 2, 2]}', "E_NOT_FINITE", "$.data.annotations[0].bbox[1]"),
    ("infinity", '{"category": "cat", "bbox": [1, 1, Infinity, 2]}', "E_NOT_FINITE", "$.data.annotations[0].bbox[2]"),
    ("overflow", '{"category": "cat", "bbox": [1, 1, 2, 1e999]}', "E_NOT_FINITE", "$.data.annotations[0].bbox[3]"),
    (
        "long integer",
        '{"category": "cat", "bbox": [1, 1, 2, 1%s]}' % ("0" * 40),
        "E_NUMBER_RANGE",
        "$.data.annotations[0].bbox[3]",
    ),
    (
        "NaN in an attribute",
        '{"category": "cat", "bbox": [1, 1, 2, 2], "attributes": {"a": NaN}}',
        "E_NOT_FINITE",
        None,
    ),
    ("class null", '{"category": null, "bbox": [1, 1, 2, 2]}', "E_CLASS_INVALID", "$.data.annotations[0].category"),
    ("class number", '{"category": 3, "bbox": [1, 1, 2, 2]}', "E_CLASS_INVALID", "$.data.annotations[0].category"),
    ("class empty", '{"category": "", "bbox": [1, 1, 2, 2]}', "E_CLASS_INVALID", "$.data.annotations[0].category"),
    ("class blank", '{"category": " \\t", "bbox": [1, 1, 2, 2]}', "E_CLASS_INVALID", "$.data.annotations[0].category"),
    ("relation to nobody", '{"type": "relation", "from": 1, "to": 9}', "E_REFERENCE", None),
]


@pytest.mark.parametrize(("line", "code", "path"), [row[1:] for row in RECORDS], ids=[row[0] for row in RECORDS])
def test_a_bad_line_costs_its_record_and_is_named(bench: Workbench, line: bytes, code: str, path: str | None) -> None:
    run = bench.convert(bench.bundle([item(1, box()), b"", line, item(3, box())]))

    assert run.code == 3, run
    (error,) = bench.errors()
    assert (error["code"], error["line"], error["file"]) == (code, 3, "task/part-00001.jsonl")
    assert error["message"].endswith(".")
    assert path is None or error["json_path"] == path
    assert [image["id"] for image in bench.coco()["images"]] == [1, 3]
    assert bench.manifest()["codes"][code] == {"": 1}
    assert_balanced(bench.manifest())


@pytest.mark.parametrize(
    ("text", "code", "path"), [row[1:] for row in ANNOTATIONS], ids=[row[0] for row in ANNOTATIONS]
)
def test_a_bad_annotation_costs_itself_alone(bench: Workbench, text: str, code: str, path: str | None) -> None:
    line = _with(f"{text}, {json.dumps(box('dog'))}")

    run = bench.convert(bench.bundle([item(1, box()), line, item(3, box())]))

    assert run.code == 3, run
    (error,) = bench.errors()
    assert (error["code"], error["line"], error["annotation"]) == (code, 2, 0)
    assert path is None or error["json_path"] == path
    assert [a["image_id"] for a in bench.coco()["annotations"]] == [1, 2, 3]
    assert bench.manifest()["annotations"] == {"seen": 4, "written": 3, "lossy": 0, "skipped": 0, "failed": 1}


@pytest.mark.parametrize("value", ["NaN", "-1", "0", '"x"', "1e400", "true", "null"])
def test_a_wrong_area_alone_is_recomputed(bench: Workbench, value: str) -> None:
    line = _with(f'{{"category": "cat", "bbox": [1, 1, 4, 5], "area": {value}}}')

    run = bench.convert(bench.bundle([line]))

    assert run.code == 0, run
    assert bench.coco()["annotations"][0]["area"] == 20


def test_the_name_of_an_unknown_kind_is_listed_with_line_and_path(bench: Workbench) -> None:
    run = bench.convert(
        bench.bundle([item(1, box()), _with('{"category": "cat", "type": "blob", "bbox": [1, 1, 2, 2]}')])
    )

    assert run.code == 0, run
    (loss,) = [entry for entry in bench.losses() if entry["code"] == "S_KIND_UNKNOWN"]
    assert (loss["line"], loss["outcome"]) == (2, "skipped")
    assert loss["json_path"].startswith("$.data.annotations[0]")


def test_the_second_of_two_equal_ids_names_the_line_of_the_first(bench: Workbench) -> None:
    lines = [item(7, box(), box()), item(1, box()), item("7", box()), item(7, box("new"))]

    run = bench.convert(bench.bundle(lines), *(word for f in FOUR for word in ("--to", f)))

    assert run.code == 3
    for name in ("coco", "yolo", "voc", "csv"):
        (error,) = bench.errors(name)
        assert (error["code"], error["line"], error["id"]) == ("E_ID_DUPLICATE", 4, 7)
        assert "line 1" in error["message"]
        assert bench.manifest(name)["classes"] == [{"name": "cat", "index": 0, "source": "observed"}]
        assert bench.manifest(name)["records"] == {"listed": 4, "written": 3, "failed": 1, "gone": 0, "filtered": 0}


def test_harmless_habits_of_text_files_are_accepted(bench: Workbench) -> None:
    first, second, third = (json.dumps(item(n, box())).encode() for n in (1, 2, 3))
    bundle = bench.bundle([b"\xef\xbb\xbf" + first, b"", b"  \r", second + b"\r", "\u2028".encode() or b""][:4])
    part = bundle / "task/part-00001.jsonl"
    part.write_bytes(part.read_bytes() + third)
    manifest = (bundle / "manifest.json").read_text()
    (bundle / "manifest.json").write_text(manifest.replace('records": 2', 'records": 3'))

    run = bench.convert(bundle)

    assert run.code == 0, run
    assert bench.manifest()["records"]["written"] == 3
    assert [entry["code"] for entry in bench.losses() if entry["code"] == "N_BOM"] == ["N_BOM"]


def test_only_lf_ends_a_line(bench: Workbench) -> None:
    label = "a\u2028b\u0085c"
    line = json.dumps(item(1, box(label)), ensure_ascii=False).encode()

    run = bench.convert(bench.bundle([line, b"{"]))

    assert run.code == 3
    assert bench.manifest()["classes"][0]["name"] == label
    assert bench.errors()[0]["line"] == 2


def test_the_last_of_two_equal_keys_counts_unless_json_is_strict(bench: Workbench) -> None:
    line = _line().replace(b'"category": "cat"', b'"category": "cow", "category": "dog"')
    bundle = bench.bundle([item(1, box()), line])

    assert bench.convert(bundle).code == 0
    assert [c["name"] for c in bench.coco()["categories"]] == ["cat", "dog"]
    assert bench.convert(bundle, "--strict-json", "--overwrite").code == 3
    assert [(error["code"], error["line"]) for error in bench.errors()] == [("E_JSON", 2)]


def test_a_record_emptied_by_errors_is_written_and_said(bench: Workbench) -> None:
    run = bench.convert(bench.bundle([item(1, box()), item(2, box(width=0))]))

    assert run.code == 3
    assert [image["id"] for image in bench.coco()["images"]] == [1, 2]
    assert bench.manifest()["codes"]["N_EMPTIED"] == {"": 1}


def test_an_empty_list_of_annotations_is_a_negative(bench: Workbench) -> None:
    run = bench.convert(bench.bundle([item(1, box()), item(2)]))

    assert run.code == 0
    assert [image["id"] for image in bench.coco()["images"]] == [1, 2]
    assert "N_EMPTIED" not in bench.manifest()["codes"]


@pytest.mark.slow
def test_a_line_over_64_mib_is_skipped_without_a_copy_in_memory(bench: Workbench) -> None:
    long = b'{"id": 2, "x": "' + b"a" * (65 << 20) + b'"}'

    run = bench.convert(bench.bundle([item(1, box()), long, item(3, box())]))

    assert run.code == 3
    (error,) = bench.errors()
    assert (error["code"], error["line"]) == ("E_LINE_SIZE", 2)
    assert [image["id"] for image in bench.coco()["images"]] == [1, 3]


def test_a_run_in_which_every_record_failed_publishes_nothing(bench: Workbench) -> None:
    run = bench.convert(bench.bundle([b"{", b"[]"]))

    assert run.code == 8
    assert run.data["exit_error"]["code"] == 8
    assert not bench.out.exists()


def test_values_of_the_input_are_escaped_and_cut_in_messages(bench: Workbench) -> None:
    hostile = "\x1b[31m" + "x" * 500 + "\n"
    lines = [item(1, box()), item(2, {"category": "cat", "bbox": hostile}), item(3, box(), name=hostile)]

    run = bench.convert(bench.bundle(lines))

    assert run.code == 3
    for error in bench.errors():
        assert "\x1b" not in error["message"]
        assert "x" * 121 not in error["message"]
