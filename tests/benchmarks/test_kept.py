"""What a dataset has kept is counted by reading it, whichever tool wrote it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.benchmarks.bench_data import write_coco
from tests.benchmarks.suite.kept import Source
from tests.benchmarks.suite.results import Kept

RING = [[10.0, 10.0, 30.0, 10.0, 30.0, 40.0]]
CROWD = {"size": [80, 100], "counts": [4040, 20, 60, 20, 3860]}


def thing(number: int, bbox: list[float], crowd: bool = False, occluded: bool = False) -> dict[str, object]:
    return {
        "id": number,
        "category": "cat",
        "bbox": bbox,
        "segmentation": CROWD if crowd else RING,
        "area": 40 if crowd else 300,
        "iscrowd": int(crowd),
        "attributes": {"occluded": occluded, "truncated": False, "difficulty": "hard" if number == 1 else "easy"},
    }


def line(number: int, things: list[dict[str, object]]) -> str:
    name = f"{number:012d}.jpg"
    unit = {"id": number, "name": name, "width": 100, "height": 80}
    manifest = {"image_1": {"file_name_original": name, "bundle_path": f"files/{name}", "is_primary": True}}
    return json.dumps({"id": number, "data": {"annotations": things}, "data_unit": unit, "files_manifest": manifest})


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Two outlines, one of them occluded, and a crowd."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    one = [thing(1, [10, 10, 20, 30], occluded=True), thing(2, [50, 40, 2, 20], crowd=True)]
    lines = [line(1, one), line(2, [thing(3, [10, 10, 20, 30])]), line(3, [])]
    (folder / "tasks.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "manifest.json").write_text(json.dumps({"prefix": "bundle", "total": 3}))
    return folder


def converted(bundle: Path, spec: str, out: Path) -> Path:
    words = ["--to", spec, "--media", "none", "--workers", "1", "-q", "-o", str(out)]
    subprocess.run([sys.executable, "-m", "exportkit", "convert", str(bundle), *words], check=True, capture_output=True)
    return out


def written(folder: Path, name: str, text: str) -> Path:
    folder.mkdir()
    (folder / name).write_text(text)
    return folder


def test_the_source_tells_what_there_is_to_be_kept(bundle: Path) -> None:
    assert Source(bundle).whole == Kept(objects=3, polygons=2, attributes=9, crowds=1, marked=1)


@pytest.mark.parametrize(
    ("work", "spec", "kept"),
    [
        # `truncated` is false throughout, which a constant of the tool would be too.
        ("coco", "coco", Kept(3, 2, 6, 1, 1)),
        ("csv", "csv", Kept(3, 2, 6, 1, 1)),
        ("csv", "csv:dialect=tfod", Kept(2, 0, 0, 0, 0)),
        ("voc", "voc", Kept(3, 0, 6, 1, 1)),
        ("yolo", "yolo:task=detect", Kept(2, 0, 0, 0, 0)),
        ("yolo", "yolo:task=segment", Kept(2, 2, 0, 0, 0)),
    ],
)
def test_what_exportkit_keeps_is_counted_as_it_says(
    bundle: Path, tmp_path: Path, work: str, spec: str, kept: Kept
) -> None:
    assert Source(bundle).kept(work, converted(bundle, spec, tmp_path / "out")) == kept


def test_a_crowd_that_is_written_as_one_object_is_kept_but_not_marked(bundle: Path, tmp_path: Path) -> None:
    rows = "0 0.2 0.3125 0.2 0.375\n0 0.51 0.625 0.02 0.25\n"
    out = written(tmp_path / "out", "000000000001.txt", rows)
    assert Source(bundle).kept("yolo", out) == Kept(objects=2, polygons=0, attributes=0, crowds=1, marked=0)


@pytest.mark.parametrize("group", ["0", "1"])
def test_fractions_of_a_picture_are_boxes_too(bundle: Path, tmp_path: Path, group: str) -> None:
    table = f"ImageID,LabelName,XMin,XMax,YMin,YMax,IsGroupOf\n000000000001,cat,0.5,0.52,0.5,0.75,{group}\n"
    kept = Source(bundle).kept("csv", written(tmp_path / "out", "boxes.csv", table))
    assert kept == Kept(objects=1, polygons=0, attributes=0, crowds=1, marked=int(group))


def test_a_row_without_numbers_is_no_object(bundle: Path, tmp_path: Path) -> None:
    out = written(tmp_path / "out", "000000000001.txt", "   \n0 nan nan nan nan\n")
    assert Source(bundle).kept("yolo", out).objects == 0


def test_a_list_of_pictures_holds_no_objects(bundle: Path, tmp_path: Path) -> None:
    out = written(tmp_path / "out", "train.txt", "0 0.2 0.3 0.2 0.3\n")
    assert Source(bundle).kept("yolo", out).objects == 0


@pytest.mark.parametrize(("boxes_only", "polygons"), [(False, 2), (True, 0)])
def test_other_tools_are_given_the_objects_of_the_bundle(bundle: Path, boxes_only: bool, polygons: int) -> None:
    write_coco(bundle.parent, boxes_only)
    folder = bundle.parent / ("boxes" if boxes_only else "annotations")
    assert Source(bundle).kept("coco", folder) == Kept(3, polygons, 6, 1, 1)
