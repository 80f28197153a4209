"""Each rule of ``check`` for COCO (formats, section 7, rules 11 to 22) finds the file that breaks it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.formats.coco.dataset_folder import Edit, Folder, codes

from exportkit.writing import Finding, Piece
from exportkit_coco.checker import CocoChecker
from exportkit_coco.document import DocumentFault, members
from exportkit_coco.rle import RunFault, covered, runs_of

PATH = "annotations/instances_train.json"


def runs(counts: Any) -> dict[str, Any]:
    return {"size": [80, 100], "counts": counts}


def sound() -> dict[str, Any]:
    ring = [[10, 10, 30, 10, 10, 30]]
    shared = {"image_id": 1, "category_id": 1, "iscrowd": 0}
    return {
        "info": {},
        "images": [
            {"id": 1, "file_name": "x.jpg", "width": 100, "height": 80},
            {"id": 2, "file_name": "y.jpg", "width": 10, "height": 10},
        ],
        "annotations": [
            {"id": 1, **shared, "bbox": [10, 10, 20, 20], "area": 200, "segmentation": ring},
            {"id": 2, **shared, "bbox": [10, 5, 1, 4], "area": 4, "segmentation": runs([805, 4, 7191])},
        ],
        "categories": [{"id": 1, "name": "cat", "supercategory": ""}, {"id": 2, "name": "dog", "supercategory": ""}],
    }  # fmt: skip


def check_directory(root: Path, text: bytes, manifest: dict[str, Any] | None = None) -> list[Finding]:
    """Check a directory as the command does."""
    (root / "annotations").mkdir(exist_ok=True)
    (root / PATH).write_bytes(text)
    checker = CocoChecker(Folder(root, manifest))
    reports = [checker.check_pieces([piece]) for piece in checker.pieces()]
    return [*(finding for report in reports for finding in report.findings), *checker.conclude(reports)]


def check_conversion(root: Path, document: dict[str, Any]) -> list[Finding]:
    """Check as a conversion does: pieces in hand, the assembled file only at the end."""

    def joined(key: str) -> bytes:
        return b",".join(json.dumps(entry, separators=(",", ":")).encode() for entry in document[key])

    (root / "annotations").mkdir(exist_ok=True)
    tail = json.dumps(document["categories"]).encode()
    body = (joined("images"), joined("annotations"), tail)
    (root / PATH).write_bytes(b'{"info":{},"licenses":[],"images":[%b],"annotations":[%b],"categories":%b}\n' % body)
    checker = CocoChecker(Folder(root))
    pieces = [Piece(PATH, joined(key), key) for key in ("annotations", "images") if document[key]]
    reports = [checker.check_pieces(pieces)]
    return [*reports[0].findings, *checker.conclude(reports)]


def set_object(key: str, value: Any, position: int = 0) -> Edit:
    return lambda document: document["annotations"][position].__setitem__(key, value)


def drop(key: str) -> Edit:
    return lambda document: document["annotations"][0].pop(key)


def set_image(key: str, value: Any) -> Edit:
    return lambda document: document["images"][1].__setitem__(key, value)


def set_category(key: str, value: Any) -> Edit:
    return lambda document: document["categories"][1].__setitem__(key, value)


BREAKAGES: list[tuple[str, str, str, Edit]] = [
    ("a null in a mandatory key", "C_COCO_JSON", "error", set_object("area", None)),
    ("an image without a size", "C_COCO_JSON", "error", lambda d: d["images"][1].pop("width")),
    ("an id that is text", "C_COCO_ID", "error", set_object("id", "1")),
    ("an annotation id 0", "C_COCO_ID", "error", set_object("id", 0)),
    ("an annotation id twice", "C_COCO_ID", "error", set_object("id", 2)),
    ("an image id twice", "C_COCO_ID", "error", set_image("id", 1)),
    ("a foreign image_id", "C_COCO_REF", "error", set_object("image_id", 9)),
    ("a foreign category_id", "C_COCO_REF", "error", set_object("category_id", 9)),
    ("a category name twice", "C_COCO_CATEGORY", "error", set_category("name", "cat")),
    ("a category without a name", "C_COCO_CATEGORY", "error", set_category("name", None)),
    ("category ids with a gap", "C_COCO_CATEGORY", "warn", set_category("id", 7)),
    ("a file_name twice", "C_COCO_FILE", "error", set_image("file_name", "x.jpg")),
    ("an absolute file_name", "C_COCO_FILE", "error", set_image("file_name", "/y.jpg")),
    ("a file_name that leaves", "C_COCO_FILE", "error", set_image("file_name", "a/../../y.jpg")),
    ("a file_name with backslashes", "C_COCO_FILE", "error", set_image("file_name", "a\\y.jpg")),
    ("no iscrowd", "C_COCO_KEYS", "error", drop("iscrowd")),
    ("no segmentation", "C_COCO_KEYS", "error", drop("segmentation")),
    ("a bbox without width", "C_COCO_BBOX", "error", set_object("bbox", [10, 10, 0, 20])),
    ("a bbox over the edge", "C_COCO_BBOX", "error", set_object("bbox", [90, 10, 10.01, 20])),
    ("a bbox of three", "C_COCO_BBOX", "error", set_object("bbox", [10, 10, 20])),
    ("an area of 0", "C_COCO_AREA", "error", set_object("area", 0)),
    ("an area that does not fit", "C_COCO_AREA", "warn", set_object("area", 400)),
    ("an area that does not fit a mask", "C_COCO_AREA", "warn", set_object("area", 8, 1)),
    ("an iscrowd of 2", "C_COCO_CROWD", "error", set_object("iscrowd", 2)),
    ("a crowd of rings", "C_COCO_CROWD", "error", set_object("iscrowd", 1)),
    ("a ring of five numbers", "C_COCO_RING", "error", set_object("segmentation", [[1, 1, 2, 2, 3]])),
    ("a ring of two points", "C_COCO_RING", "error", set_object("segmentation", [[1, 1, 2, 2]])),
    ("a ring over the edge", "C_COCO_RING", "error", set_object("segmentation", [[10, 10, 30, 10, 10, 81]])),
    ("a ring of text", "C_COCO_RING", "error", set_object("segmentation", [["a"] * 6])),
    ("a mask turned about", "C_COCO_RLE", "error", set_object("segmentation", {"size": [100, 80], "counts": [8000]})),
    ("counts that do not sum up", "C_COCO_RLE", "error", set_object("segmentation", runs([1, 2]))),
    ("counts that do not decode", "C_COCO_RLE", "error", set_object("segmentation", runs("~~"))),
    ("counts of no known form", "C_COCO_RLE", "error", set_object("segmentation", runs(1))),
    ("a bare box among segmented ones", "C_COCO_MIXED", "error", set_object("segmentation", [])),
]  # fmt: skip


def test_a_sound_file_passes(tmp_path: Path) -> None:
    assert check_directory(tmp_path, json.dumps(sound(), indent=1).encode()) == []
    assert check_conversion(tmp_path, sound()) == []


@pytest.mark.parametrize(("what", "code", "severity", "edit"), BREAKAGES, ids=[row[0] for row in BREAKAGES])
def test_a_broken_file_is_found_out(tmp_path: Path, what: str, code: str, severity: str, edit: Edit) -> None:
    document = sound()
    edit(document)

    assert (code, severity) in codes(check_directory(tmp_path, json.dumps(document).encode()))
    assert (code, severity) in codes(check_conversion(tmp_path, document))


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(sound()).replace("200", "NaN").encode(),
        json.dumps(sound()).replace('"cat"', '"kät"').encode(),
        json.dumps(sound()).replace("x.jpg", "ä.jpg").encode(),
        b"\xef\xbb\xbf" + json.dumps(sound()).encode(),
        json.dumps(sound())[:-20].encode(),
        json.dumps({key: value for key, value in sound().items() if key != "categories"}).encode(),
        json.dumps(sound() | {"images": {}}).encode(),
        json.dumps(sound()).encode() + b"{}",
        b"[]",
        b"",
    ],
    ids=["NaN", "name", "file", "mark", "cut", "no categories", "no list", "more text", "a list", "empty"],
)  # fmt: skip
def test_a_file_that_is_no_strict_coco_json_is_refused(tmp_path: Path, text: bytes) -> None:
    assert ("C_COCO_JSON", "error") in codes(check_directory(tmp_path, text))


def test_a_fragment_that_is_missing_in_the_assembled_file_is_noticed(tmp_path: Path) -> None:
    check_conversion(tmp_path, sound())
    text = (tmp_path / PATH).read_bytes()
    (tmp_path / PATH).write_bytes(text.replace(b'{"id":2,"file_name":"y.jpg","width":10,"height":10}', b""))
    checker = CocoChecker(Folder(tmp_path))
    entries = b",".join(json.dumps(entry, separators=(",", ":")).encode() for entry in sound()["images"])

    findings = list(checker.conclude([checker.check_pieces([Piece(PATH, entries, "images")])]))

    assert ("C_COCO_JSON", "error") in codes(findings)


def test_bare_boxes_that_were_asked_for_are_a_warning(tmp_path: Path) -> None:
    document = sound()
    document["annotations"][0]["segmentation"] = []
    manifest = {"writer": {"options": {"boxes": "empty"}}}

    assert ("C_COCO_MIXED", "warn") in codes(check_directory(tmp_path, json.dumps(document).encode(), manifest))


def test_a_bare_crowd_among_segmented_ones_is_a_warning(tmp_path: Path) -> None:
    document = sound()
    document["annotations"][0] |= {"segmentation": [], "iscrowd": 1}

    assert codes(check_directory(tmp_path, json.dumps(document).encode())) >= {("C_COCO_MIXED", "warn")}


def test_the_area_of_a_crossing_ring_may_count_pixels(tmp_path: Path) -> None:
    document = sound()
    document["annotations"][0] |= {"segmentation": [[10, 10, 30, 30, 30, 10, 10, 30]], "area": 200}

    assert check_directory(tmp_path, json.dumps(document).encode()) == []


def test_annotations_may_stand_before_images(tmp_path: Path) -> None:
    document = dict(reversed(sound().items()))
    document["annotations"][0]["bbox"] = [90, 10, 11, 10]

    assert codes(check_directory(tmp_path, json.dumps(document).encode())) == {("C_COCO_BBOX", "error")}


def test_objects_and_pictures_are_counted(tmp_path: Path) -> None:
    (tmp_path / "annotations").mkdir()
    (tmp_path / PATH).write_bytes(json.dumps(sound()).encode())
    (tmp_path / "images" / "train").mkdir(parents=True)
    checker = CocoChecker(Folder(tmp_path))
    assert CocoChecker.recognises(Folder(tmp_path))
    reports = [checker.check_pieces([piece]) for piece in checker.pieces()]

    assert sum(report.objects for report in reports) == 2
    assert [p.path for report in reports for p in report.pictures] == ["images/train/x.jpg", "images/train/y.jpg"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(
    document=st.dictionaries(st.text(max_size=6), JSON, max_size=5),
    size=st.integers(1, 40),
    indent=st.sampled_from([None, 1]),
)
def test_a_document_cut_into_members_is_the_document(document: dict[str, Any], size: int, indent: int | None) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=False).encode("utf-8", "surrogatepass")
    read: dict[str, Any] = {}
    for member in members(text[at : at + size] for at in range(0, len(text), size)):
        if member.element:
            read[member.key].append(json.loads(member.data))
        else:
            read[member.key] = json.loads(member.data)

    assert read == document


def test_a_document_that_breaks_off_is_named_with_its_byte() -> None:
    with pytest.raises(DocumentFault, match="byte"):
        list(members([b'{"a":[1,2', b",3"]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 5000), min_size=1, max_size=30))
def test_compressed_counts_read_as_pycocotools_writes_them(runs: list[int]) -> None:
    from pycocotools import mask  # type: ignore[import-untyped]

    encoded = mask.frPyObjects({"size": [sum(runs), 1], "counts": runs}, sum(runs), 1)

    assert runs_of(encoded["counts"].decode()) == runs
    assert covered(runs, sum(runs), 1) == sum(runs[1::2])


def test_counts_that_are_cut_are_refused() -> None:
    with pytest.raises(RunFault):
        runs_of("o")
