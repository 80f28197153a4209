"""The golden two-image case, byte by byte as far as its writers exist (formats, section 9)."""

from __future__ import annotations

import csv
import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from tests.conversion.workbench import FIXTURES, Workbench

BUNDLE = FIXTURES / "bundles" / "golden"
CLASSES = FIXTURES / "classes" / "golden.txt"

COCO = (
    '{"info":{"description":"","version":"1.0"},"licenses":[],'
    '"images":[{"id":10,"file_name":"a/x.jpg","width":100,"height":80},'
    '{"id":11,"file_name":"b/x.jpg","width":60,"height":40}],'
    '"annotations":[{"id":1,"image_id":10,"category_id":1,"bbox":[10,10,20,20],"area":200,"iscrowd":0,'
    '"segmentation":[[10,10,30,10,10,30]],"attributes":{"color":"red"}}],'
    '"categories":[{"id":1,"name":"cat","supercategory":""},{"id":2,"name":"dog","supercategory":""}]}'
)
YAML = 'train: images/train\nval: images/train\nnc: 2\nnames:\n  0: "cat"\n  1: "dog"\n'
LONG = (
    'train,10,a/x.jpg,100,80,1,polygon,cat,0,10,10,20,20,,"[[[[10,10],[30,10],[10,30]]]]",,,,0,0,0,0,,,,'
    '"{""color"":""red""}"\n'
    "train,11,b/x.jpg,60,40,,,,,,,,,,,,,,,,,,,,,\n"
)


def _convert(bench: Workbench, *formats: str) -> dict[str, Any]:
    run = bench.convert(BUNDLE, "--classes", CLASSES, *(word for text in formats for word in ("--to", text)))
    assert run.code == 3, run
    return run.data


@pytest.mark.parametrize(
    "text",
    [
        "coco", "yolo", "yolo:task=detect", "voc", "csv", "csv:dialect=retinanet", "csv:dialect=tfod",
        "csv:dialect=openimages", "csv:dialect=via", "csv:dialect=automl", "csv:dialect=parquet",
    ],
)  # fmt: skip
def test_the_account_is_the_same_in_every_format(bench: Workbench, text: str) -> None:
    (output,) = _convert(bench, text)["outputs"]

    assert output["records"] == {"listed": 2, "written": 2, "failed": 0, "gone": 0, "filtered": 0}
    assert (output["annotations"]["seen"], output["annotations"]["failed"]) == (2, 1)
    (error,) = bench.errors()
    assert (error["line"], error["id"], error["code"]) == (2, 11, "E_BOX_ZERO_AREA")
    assert error["json_path"] == "$.data.annotations[0].bbox"
    assert output["codes"]["N_EMPTIED"] == {"": 1}
    assert [(c["name"], c["index"]) for c in bench.manifest()["classes"]] == [("cat", 0), ("dog", 1)]
    assert [f["code"] for f in output["check"]] == (["C_YOLO_SPLIT"] if text.startswith("yolo") else [])


def test_coco(bench: Workbench) -> None:
    (output,) = _convert(bench, "coco")["outputs"]

    made = (bench.out / "annotations/instances_train.json").read_text(encoding="ascii")
    assert json.loads(made) == json.loads(COCO)
    assert made.rstrip("\n") == COCO
    assert output["annotations"]["written"] == 1
    for name, source in (("a/x.jpg", "10"), ("b/x.jpg", "11")):
        assert (bench.out / "images/train" / name).read_bytes() == (BUNDLE / "files" / source / "x.jpg").read_bytes()
    (notice,) = [entry for entry in bench.losses() if entry["code"] == "N_AREA_RECOMPUTED"]
    assert "400" in notice["message"]
    assert "200" in notice["message"]


@pytest.mark.parametrize(
    ("text", "row", "lost"),
    [
        ("yolo", "0 0.100000 0.125000 0.300000 0.125000 0.100000 0.375000\n", {"L_ATTRIBUTES_DROPPED"}),
        ("yolo:task=detect", "0 0.200000 0.250000 0.200000 0.250000\n", {"L_ATTRIBUTES_DROPPED", "L_REGION_DROPPED"}),
    ],
)
def test_yolo(bench: Workbench, text: str, row: str, lost: set[str]) -> None:
    (output,) = _convert(bench, text)["outputs"]

    assert (bench.out / "data.yaml").read_text() == YAML
    assert (bench.out / "labels/train/x.txt").read_text() == row
    assert (bench.out / "labels/train/x__11.txt").read_bytes() == b""
    assert sorted(path.name for path in (bench.out / "images/train").iterdir()) == ["x.jpg", "x__11.jpg"]
    assert {code for code in output["codes"] if code[0] == "L"} == lost
    assert {"N_VAL_IS_TRAIN", "N_NAME_CHANGED"} <= output["codes"].keys()
    assert [loss["id"] for loss in bench.losses() if loss["code"] == "N_NAME_CHANGED"] == [11]


def test_voc(bench: Workbench) -> None:
    (output,) = _convert(bench, "voc")["outputs"]
    (root,) = bench.out.glob("VOCdevkit/VOC*")

    full = ET.parse(root / "Annotations/x.xml").getroot()
    assert full.findtext("filename") == "x.jpg"
    assert [full.findtext(f"size/{part}") for part in ("width", "height", "depth")] == ["100", "80", "3"]
    assert full.findtext("segmented") == "0"
    (thing,) = full.findall("object")
    assert [thing.findtext(part) for part in ("name", "truncated", "difficult")] == ["cat", "0", "0"]
    assert [thing.findtext(f"bndbox/{side}") for side in ("xmin", "ymin", "xmax", "ymax")] == ["11", "11", "30", "30"]
    assert (thing.findtext("attributes/attribute/name"), thing.findtext("attributes/attribute/value")) == (
        "color",
        "red",
    )
    empty = ET.parse(root / "Annotations/x__11.xml").getroot()
    assert empty.findall("object") == []
    assert empty.findtext("segmented") == "0"
    sets = root / "ImageSets/Main"
    assert (sets / "train.txt").read_text() == (sets / "trainval.txt").read_text() == "x\nx__11\n"
    assert (sets / "cat_train.txt").read_text() == "x  1\nx__11 -1\n"
    assert (sets / "dog_train.txt").read_text() == "x -1\nx__11 -1\n"
    labels = "background:0,0,0::\ncat:128,0,0::\ndog:0,128,0::\n"
    found = [path.read_text() for path in bench.out.rglob("labelmap.txt")]
    assert [text[-len(labels) :] for text in found] == [labels] * len(found)
    assert "L_REGION_DROPPED" in output["codes"]
    assert not list(bench.out.rglob("SegmentationClass/*"))


def test_csv_long(bench: Workbench) -> None:
    (output,) = _convert(bench, "csv")["outputs"]

    (table,) = [path for path in bench.out.glob("*.csv") if path.read_text().count("\n") == 3]
    assert table.read_text().partition("\n")[2] == LONG
    assert output["annotations"]["written"] == 1
    assert sorted(p.relative_to(bench.out).as_posix() for p in bench.out.rglob("*.jpg")) == [
        "images/a/x.jpg",
        "images/b/x.jpg",
    ]


def test_csv_retinanet(bench: Workbench) -> None:
    (output,) = _convert(bench, "csv:dialect=retinanet")["outputs"]

    tables = {path.name: path.read_text() for path in bench.out.glob("*.csv")}
    assert tables.pop("classes.csv") == "cat,0\ndog,1\n"
    assert list(tables.values()) == ["images/a/x.jpg,10,10,30,30,cat\nimages/b/x.jpg,,,,,\n"]
    assert {code for code in output["codes"] if code[0] == "L"} == {"L_REGION_DROPPED", "L_ATTRIBUTES_DROPPED"}


def test_csv_tfod(bench: Workbench) -> None:
    _convert(bench, "csv:dialect=tfod")

    rows = [path.read_text() for path in bench.out.glob("*.csv") if path.name != "train_images.csv"]
    assert [text.partition("\n")[2] for text in rows] == ["a/x.jpg,100,80,cat,10,10,30,30\n"]
    side = (bench.out / "train_images.csv").read_text()
    assert "a/x.jpg" in side
    assert "b/x.jpg" in side
    labels = (bench.out / "label_map.pbtxt").read_text()
    assert labels.index("cat") < labels.index("dog")


def test_csv_openimages(bench: Workbench) -> None:
    (output,) = _convert(bench, "csv:dialect=openimages")["outputs"]

    boxes = (bench.out / "train-annotations-bbox.csv").read_text()
    assert boxes.partition("\n")[2] == "x,exportkit,cat,1,0.1,0.3,0.125,0.375,-1,-1,0,-1,-1\n"
    assert (bench.out / "train-images.csv").read_text() == "ImageID\nx\nx__11\n"
    assert (bench.out / "class-descriptions-boxable.csv").read_text() == "cat,cat\ndog,dog\n"
    assert sorted(path.name for path in (bench.out / "images").iterdir()) == ["x.jpg", "x__11.jpg"]
    assert {code for code in output["codes"] if code[0] == "L"} == {"L_REGION_DROPPED", "L_ATTRIBUTES_DROPPED"}


def test_csv_via(bench: Workbench) -> None:
    (output,) = _convert(bench, "csv:dialect=via")["outputs"]

    with (bench.out / "via_region_data_train.csv").open(newline="") as lines:
        full, empty = csv.DictReader(lines)
    shape = {"name": "polygon", "all_points_x": [10, 30, 10], "all_points_y": [10, 10, 30]}
    assert (full["filename"], full["region_count"]) == ("a/x.jpg", "1")
    assert int(full["file_size"]) == (bench.out / "images/a/x.jpg").stat().st_size
    assert json.loads(full["region_shape_attributes"]) == shape
    assert json.loads(full["region_attributes"]) == {"class": "cat", "color": "red"}
    assert [*empty.values()][3:] == ["0", "0", "{}", "{}"]
    assert output["annotations"]["written"] == 1


def test_csv_automl(bench: Workbench) -> None:
    (output,) = _convert(bench, "csv:dialect=automl")["outputs"]

    assert (bench.out / "annotations.csv").read_text() == (
        "UNASSIGNED,images/a/x.jpg,cat,0.1,0.125,,,0.3,0.375,,\nUNASSIGNED,images/b/x.jpg,,,,,,,,,\n"
    )
    assert {code for code in output["codes"] if code[0] == "L"} == {"L_REGION_DROPPED", "L_ATTRIBUTES_DROPPED"}


def test_parquet(bench: Workbench) -> None:
    from pyarrow import parquet

    (output,) = _convert(bench, "csv:dialect=parquet")["outputs"]

    first, second = parquet.read_table(bench.out / "annotations.parquet").to_pylist()
    assert {name: value for name, value in first.items() if value is not None} == {
        "split": "train", "image_id": 10, "image": "a/x.jpg", "image_width": 100, "image_height": 80, "id": 1,
        "kind": "polygon", "label": "cat", "label_id": 0, "x": 10, "y": 10, "width": 20, "height": 20,
        "polygons": [[[{"x": 10, "y": 10}, {"x": 30, "y": 10}, {"x": 10, "y": 30}]]],
        "iscrowd": False, "difficult": False, "truncated": False, "occluded": False, "attributes": '{"color":"red"}',
    }  # fmt: skip
    assert [*second.values()][:5] == ["train", 11, "b/x.jpg", 60, 40]
    assert not any(value is not None for value in [*second.values()][5:])
    assert output["annotations"]["written"] == 1
