"""Rules 23 to 25 of ``check``, and the layouts that it knows (formats, section 7)."""

from __future__ import annotations

import io
import json
import struct
import time
import zlib
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.formats.coco.dataset_folder import Edit, Folder, codes, findings, write

from exportkit.records import PERSON_17
from exportkit.writing.png_pixels import bands, read_png
from exportkit_coco.checker import CocoChecker

PEOPLE = "annotations/person_keypoints_train.json"
PANOPTIC = "annotations/panoptic_train.json"
IMAGES = [{"id": 1, "file_name": "x.jpg", "width": 100, "height": 80}]


def people() -> dict[str, Any]:
    return {
        "images": deepcopy(IMAGES),
        "annotations": [
            {
                "id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2, 30, 40], "area": 1200, "iscrowd": 0,
                "segmentation": [], "keypoints": [5, 6, 2, 7.5, 8, 1, *[0] * 45], "num_keypoints": 2,
            }
        ],
        "categories": [
            {
                "id": 3, "name": "person", "supercategory": "", "keypoints": list(PERSON_17.points),
                "skeleton": [[a + 1, b + 1] for a, b in PERSON_17.edges],
            }
        ],
    }  # fmt: skip


def entry(key: str, value: Any) -> Edit:
    return lambda document: document["annotations"][0].__setitem__(key, value)


def category(key: str, value: Any) -> Edit:
    return lambda document: document["categories"][0].__setitem__(key, value)


BROKEN_PEOPLE: list[tuple[str, str, str, Edit]] = [
    ("no triplets", "C_COCO_KPT", "error", entry("keypoints", [0] * 50)),
    ("no points at all", "C_COCO_KPT", "error", entry("keypoints", [])),
    ("points that are text", "C_COCO_KPT", "error", entry("keypoints", ["a"] * 51)),
    ("points that are missing", "C_COCO_KPT", "error", lambda d: d["annotations"][0].pop("keypoints")),
    ("points that are null", "C_COCO_KPT", "error", entry("keypoints", None)),
    ("a visibility of 3", "C_COCO_KPT", "error", entry("keypoints", [5, 6, 3, *[0] * 48])),
    ("a visibility of one half", "C_COCO_KPT", "error", entry("keypoints", [5, 6, 0.5, *[0] * 48])),
    ("a wrong count", "C_COCO_KPT", "error", entry("num_keypoints", 3)),
    ("no count", "C_COCO_KPT", "error", lambda d: d["annotations"][0].pop("num_keypoints")),
    ("fewer points than the category names", "C_COCO_KPT", "error", entry("keypoints", [5, 6, 2, 7, 8, 1])),
    ("a category without point names", "C_COCO_KPT", "error", lambda d: d["categories"][0].pop("keypoints")),
    ("a category without skeleton", "C_COCO_KPT", "error", lambda d: d["categories"][0].pop("skeleton")),
    ("a skeleton that is none", "C_COCO_KPT", "error", category("skeleton", "1-2")),
    ("a skeleton from 0", "C_COCO_KPT", "error", category("skeleton", [[0, 1]])),
    ("a skeleton beyond the points", "C_COCO_KPT", "error", category("skeleton", [[1, 18]])),
    ("a skeleton of triples", "C_COCO_KPT", "error", category("skeleton", [[1, 2, 3]])),
    ("another number of points", "C_COCO_KPT17", "warn", category("keypoints", ["a", "b"])),
    ("objects of another number", "C_COCO_KPT17", "warn", lambda d: (
        category("keypoints", [])(d), entry("keypoints", [5, 6, 2, 7, 8, 1])(d))),
    ("a box over the edge", "C_COCO_BBOX", "error", entry("bbox", [90, 2, 30, 40])),
    ("a foreign picture", "C_COCO_REF", "error", entry("image_id", 9)),
    ("a foreign category", "C_COCO_REF", "error", entry("category_id", 9)),
    ("a category 0", "C_COCO_CATEGORY", "warn", lambda d: (category("id", 0)(d), entry("category_id", 0)(d))),
]  # fmt: skip


def test_sound_key_points_pass(tmp_path: Path) -> None:
    write(tmp_path, PEOPLE, people())

    assert findings(tmp_path) == []


@pytest.mark.parametrize(("what", "code", "severity", "edit"), BROKEN_PEOPLE, ids=[row[0] for row in BROKEN_PEOPLE])
def test_broken_key_points_are_found_out(tmp_path: Path, what: str, code: str, severity: str, edit: Edit) -> None:
    document = people()
    edit(document)
    write(tmp_path, PEOPLE, document)

    assert (code, severity) in codes(findings(tmp_path))


def test_pycocotools_stops_at_key_points_without_a_count(tmp_path: Path) -> None:
    """Why rule 23 is an error."""
    from pycocotools.coco import COCO  # type: ignore[import-untyped]
    from pycocotools.cocoeval import COCOeval  # type: ignore[import-untyped]

    document = people()
    del document["annotations"][0]["num_keypoints"]
    write(tmp_path, PEOPLE, document)
    truth = COCO(tmp_path / PEOPLE)
    guess = truth.loadRes([{**people()["annotations"][0], "score": 1.0}])

    with pytest.raises(KeyError, match="num_keypoints"):
        COCOeval(truth, guess, "keypoints").evaluate()


def captions() -> dict[str, Any]:
    said = {"id": 1, "image_id": 1, "caption": "words"}
    return {"images": deepcopy(IMAGES), "annotations": [said], "categories": []}


@pytest.mark.parametrize(
    ("code", "edit"),
    [
        ("C_COCO_JSON", entry("caption", None)),
        ("C_COCO_ID", entry("id", 0)),
        ("C_COCO_ID", entry("id", "a")),
        ("C_COCO_REF", entry("image_id", 7)),
        ("C_COCO_ID", lambda d: d["annotations"].append(d["annotations"][0])),
    ],
)
def test_captions_are_judged(tmp_path: Path, code: str, edit: Edit) -> None:
    document = captions()
    write(tmp_path, "annotations/captions_train.json", document)
    assert findings(tmp_path) == []

    edit(document)
    write(tmp_path, "annotations/captions_train.json", document)

    assert (code, "error") in codes(findings(tmp_path))


# -- panoptic ----------------------------------------------------------------------------------------------


def panoptic(root: Path, edit: Edit | None = None, **options: Any) -> dict[str, Any]:
    """A sound directory, with one change to its JSON file."""
    picture = Image.new("RGB", (100, 80))
    picture.paste((1, 0, 0), (0, 0, 10, 10))
    picture.paste((0, 1, 0), (20, 20, 30, 40))
    document: dict[str, Any] = {
        "images": deepcopy(IMAGES),
        "annotations": [
            {
                "image_id": 1, "file_name": "x.png",
                "segments_info": [
                    {"id": 1, "category_id": 1, "area": 100, "bbox": [0, 0, 10, 10], "iscrowd": 0},
                    {"id": 256, "category_id": 2, "area": 200, "bbox": [20, 20, 10, 20], "iscrowd": 0},
                ],
            }
        ],
        "categories": [
            {"id": 1, "name": "cat", "supercategory": "", "isthing": 1, "color": [128, 0, 0]},
            {"id": 2, "name": "sky", "supercategory": "", "isthing": 0, "color": [0, 128, 0]},
        ],
    }  # fmt: skip
    if edit is not None:
        edit(document)
    write(root, PANOPTIC, document)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", **options)
    write(root, "annotations/panoptic_train/x.png", buffer.getvalue())
    return document


def segment(key: str, value: Any) -> Edit:
    return lambda document: document["annotations"][0]["segments_info"][1].__setitem__(key, value)


BROKEN_PANOPTIC: list[tuple[str, str, Edit]] = [
    ("an id that is not in the PNG", "C_COCO_PANOPTIC", segment("id", 7)),
    ("an id twice", "C_COCO_PANOPTIC", segment("id", 1)),
    ("an id that is text", "C_COCO_PANOPTIC", segment("id", "1")),
    ("a segment that is not told", "C_COCO_PANOPTIC", lambda d: d["annotations"][0]["segments_info"].pop()),
    ("another area", "C_COCO_PANOPTIC", segment("area", 199)),
    ("a foreign category", "C_COCO_PANOPTIC", segment("category_id", 9)),
    ("no list of segments", "C_COCO_PANOPTIC", entry("segments_info", None)),
    ("no PNG", "C_COCO_PANOPTIC", entry("file_name", "y.png")),
    ("a PNG elsewhere", "C_COCO_FILE", entry("file_name", "../panoptic_train/x.png")),
    ("another size", "C_COCO_PANOPTIC", lambda d: d["images"][0].__setitem__("width", 99)),
    ("a foreign picture", "C_COCO_REF", entry("image_id", 9)),
]


def test_a_sound_panoptic_file_passes(tmp_path: Path) -> None:
    panoptic(tmp_path)

    assert findings(tmp_path) == []


@pytest.mark.parametrize(("what", "code", "edit"), BROKEN_PANOPTIC, ids=[row[0] for row in BROKEN_PANOPTIC])
def test_a_broken_panoptic_file_is_found_out(tmp_path: Path, what: str, code: str, edit: Edit) -> None:
    panoptic(tmp_path, edit)

    assert (code, "error") in codes(findings(tmp_path))


@pytest.mark.parametrize("mode", ["P", "L", "I;16"])
def test_a_png_without_colours_of_8_bits_is_found_out(tmp_path: Path, mode: str) -> None:
    panoptic(tmp_path)
    Image.new(mode, (100, 80)).save(tmp_path / "annotations/panoptic_train/x.png")

    assert codes(findings(tmp_path)) == {("C_COCO_PANOPTIC", "error")}


def test_a_png_with_transparency_is_read(tmp_path: Path) -> None:
    panoptic(tmp_path)
    path = tmp_path / "annotations/panoptic_train/x.png"
    Image.open(path).convert("RGBA").save(path)

    assert findings(tmp_path) == []


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, pixels: bytes, colour: int = 2) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:60],
        lambda data: b"no PNG at all",
        lambda data: b"",
        lambda data: png(100, 80, zlib.compress(bytes(100))),
        lambda data: png(100, 80, b"\xff" * 40),
        lambda data: png(100, 80, zlib.compress(b"\7" * 80 * 301)),
        lambda data: png(0, 0, b""),
        lambda data: png(60_000, 60_000, zlib.compress(bytes(1 << 20))),
    ],
    ids=["cut", "text", "empty", "short", "noise", "filters", "no size", "huge header"],
)
def test_a_damaged_png_is_a_finding(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    panoptic(tmp_path)
    path = tmp_path / "annotations/panoptic_train/x.png"
    path.write_bytes(spoil(path.read_bytes()))
    started = time.monotonic()

    assert codes(findings(tmp_path)) == {("C_COCO_PANOPTIC", "error")}
    assert time.monotonic() - started < 5


def test_a_huge_picture_allocates_nothing(tmp_path: Path) -> None:
    panoptic(tmp_path, lambda d: d["images"][0].update(width=60_000, height=60_000))
    path = tmp_path / "annotations/panoptic_train/x.png"
    path.write_bytes(png(60_000, 60_000, zlib.compress(bytes(1 << 20))))

    assert codes(findings(tmp_path)) == {("C_COCO_PANOPTIC", "warn")}


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([2, 6]), st.integers(1, 9), st.integers(1, 6), st.data())
def test_rows_of_every_filter_are_read_as_pillow_reads_them(
    colour: int, width: int, height: int, data: st.DataObject
) -> None:
    channels = {2: 3, 6: 4}[colour]
    row = st.tuples(st.integers(0, 4), st.binary(min_size=channels * width, max_size=channels * width))
    rows = data.draw(st.lists(row, min_size=height, max_size=height))
    made = png(width, height, zlib.compress(b"".join(bytes((kind,)) + line for kind, line in rows)), colour)

    assert b"".join(bands(read_png(made))) == Image.open(io.BytesIO(made)).tobytes()


# -- layouts -----------------------------------------------------------------------------------------------


def objects() -> dict[str, Any]:
    return {
        "images": deepcopy(IMAGES),
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 30, 40], "area": 1200, "iscrowd": 0,
             "segmentation": []}
        ],
        "categories": [{"id": 1, "name": "cat", "supercategory": ""}],
    }  # fmt: skip


LAYOUTS = [
    ("annotations/instances_train.json", "images/train/"),
    ("annotations/instances_train2017.json", "train2017/"),
    ("annotations/instances_default.json", "images/"),
    ("annotations/instances.json", "images/"),
    ("train/_annotations.coco.json", "train/"),
    ("_annotations.coco.json", ""),
]
#: Names that tell nothing: such a file is judged where the format is given.
STRANGERS = [("my.coco.json", "images/"), ("result.json", ""), ("annotations/labels.json", "images/")]


@pytest.mark.parametrize(("path", "folder"), [*LAYOUTS, *STRANGERS])
def test_a_layout_is_known_with_its_pictures(tmp_path: Path, path: str, folder: str) -> None:
    write(tmp_path, path, objects())
    write(tmp_path, f"{folder}x.jpg", b"picture")
    dataset = Folder(tmp_path)

    assert CocoChecker.recognises(dataset) == ((path, folder) in LAYOUTS)
    checker = CocoChecker(dataset)
    reports = [checker.check_pieces([piece]) for piece in checker.pieces()]
    assert [picture.path for report in reports for picture in report.pictures] == [f"{folder}x.jpg"]
    assert sum(report.objects for report in reports) == 1


def test_json_of_other_formats_is_not_taken_for_coco(tmp_path: Path) -> None:
    for name, text in (("via.json", b'{"x.jpg": {"regions": []}}'), ("labels_coco.json", b"[1, 2]")):
        write(tmp_path, name, text)

    assert not CocoChecker.recognises(Folder(tmp_path))
    assert list(CocoChecker(Folder(tmp_path)).pieces()) == []


def test_a_lone_file_of_key_points_is_counted(tmp_path: Path) -> None:
    write(tmp_path, PEOPLE, people())
    checker = CocoChecker(Folder(tmp_path))

    assert sum(checker.check_pieces([piece]).objects for piece in checker.pieces()) == 1


def test_beside_objects_key_points_are_not_counted_again(tmp_path: Path) -> None:
    write(tmp_path, PEOPLE, people())
    write(tmp_path, "annotations/instances_train.json", objects())
    checker = CocoChecker(Folder(tmp_path))

    assert sum(checker.check_pieces([piece]).objects for piece in checker.pieces()) == 1


# -- hostile files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [PEOPLE, PANOPTIC, "annotations/captions_train.json", "_annotations.coco.json"])
@pytest.mark.parametrize(
    "text",
    [
        b"[" * 100_000,
        b'{"images":' + b"[" * 100_000,
        b'{"images":[],"annotations":[' + b'{"a":' * 20_000 + b"1" + b"}" * 20_000 + b'],"categories":[]}',
        b'{"images":[],"annotations":[NaN,Infinity,null,7,"x",[]],"categories":[null,1,"a",{}]}',
        b'{"images":[{"id":1,"file_name":"x","width":1e400,"height":-5}],"annotations":{},"categories":7}',
        b'{"images":[],"annotations":[{"id":' + b"9" * 5000 + b'}],"categories":[{"id":1e99,"name":[]}]}',
        b'{"images":[],"annotations":[{"id":1,"image_id":1,"keypoints":{},"segments_info":[[]],"file_name":"\\ud800"}],%b'
        % b'"categories":[{"id":1,"name":"\\ud800","keypoints":[1],"skeleton":"x"}]}',
        b"\xff\xfe\x00",
    ],
    ids=["deep", "deep list", "deep entry", "odd entries", "odd parts", "long numbers", "odd texts", "bytes"],
)
def test_a_hostile_file_gives_findings_and_no_traceback(tmp_path: Path, path: str, text: bytes) -> None:
    write(tmp_path, path, text)
    started = time.monotonic()

    found = findings(tmp_path)

    assert any(finding.severity == "error" for finding in found)
    assert json.dumps([finding.message for finding in found]).isascii()
    assert time.monotonic() - started < 20


def test_run_lengths_of_a_huge_grid_are_summed_not_drawn(tmp_path: Path) -> None:
    document = objects()
    document["images"][0] |= {"width": 60_000, "height": 60_000}
    document["annotations"][0]["segmentation"] = {"size": [60_000, 60_000], "counts": [0, 3_600_000_000]}
    document["annotations"][0] |= {"area": 3_600_000_000, "bbox": [0, 0, 60_000, 60_000], "iscrowd": 1}
    write(tmp_path, "annotations/instances_train.json", document)

    assert findings(tmp_path) == []
