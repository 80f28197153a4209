"""Sound datasets of every layout, made once, as somebody else might have them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from exportkit import Export
from exportkit.conversion import check_dataset
from exportkit.plugins import PluginManager
from exportkit.writing import Finding

#: Dataset → annotations of its bundle, and the words after ``--to``.
DATASETS = {
    "coco": ("shapes", "coco"),
    "people": ("people", "coco"),
    "panoptic": ("shapes", "coco:panoptic=yes"),
    "detect": ("shapes", "yolo:task=detect"),
    "segment": ("shapes", "yolo:task=segment"),
    "pose": ("points", "yolo:task=pose"),
    "classify": ("tags", "yolo:task=classify"),
    "darknet": ("shapes", "yolo:dialect=darknet"),
    "voc": ("shapes", "voc:task=segment"),
    "long": ("shapes", "csv"),
    "retinanet": ("shapes", "csv:dialect=retinanet"),
    "tfod": ("shapes", "csv:dialect=tfod"),
    "openimages": ("shapes", "csv:dialect=openimages"),
    "via": ("shapes", "csv:dialect=via"),
    "automl": ("shapes", "csv:dialect=automl"),
    "parquet": ("shapes", "csv:dialect=parquet"),
}
POINTS = {"keypoint_names": ["left_eye", "nose", "right_eye"], "keypoints": [10, 10, 2, 14, 14, 2, 0, 0, 0]}
SIDES = [
    f"{side}_{part}"
    for part in ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    for side in ("left", "right")
]
#: The seventeen points that COCO's evaluation knows.
PERSON = {"keypoint_names": ["nose", *SIDES], "keypoints": [value for n in range(17) for value in (9 + n, 10, 2)]}
#: Name, split and whether the picture has objects; all are 48 × 40.
PICTURES = [("a", "train", True), ("b", "train", False), ("c", "val", True)]

Check = Callable[[Path], list[Finding]]


def objects(kind: str, name: str, *, full: bool) -> list[dict[str, Any]]:
    if kind == "tags":
        return [{"category": "cat" if full else "dog"}]
    if not full:
        return []
    if kind == "people":
        return [{"category": "person", "bbox": [8, 8, 20, 20], **PERSON}]
    if kind == "points":
        return [{"category": "person", "bbox": [8, 8, 20, 20], **POINTS}]
    shift = ord(name) - ord("a")
    ring = [20 + shift, 20, 40 + shift, 20, 20 + shift, 36]
    return [{"category": "cat", "bbox": [1 + shift, 2, 12, 9]}, {"category": "dog", "segmentation": [ring]}]


def bundle(kind: str, folder: Path, pictures: Path) -> Path:
    (folder / "task").mkdir(parents=True)
    lines = []
    for number, (name, split, full) in enumerate(PICTURES, 1):
        place = folder / f"files/{number}/{name}.jpg"
        place.parent.mkdir(parents=True)
        shutil.copyfile(pictures / f"{number}/00{number}.jpg", place)
        entry = {"file_name_original": f"{name}.jpg", "bundle_path": f"files/{number}/{name}.jpg", "is_primary": True}
        data = {"annotations": objects(kind, name, full=full)}
        unit = {"id": number, "name": f"{name}.jpg", "width": 48, "height": 40}
        line = {"id": number, "data": data, "files_manifest": {"image_1": entry}, "data_unit": unit, "split": split}
        lines.append(json.dumps(line) + "\n")
    if kind == "tags":  # each class needs a picture in each split
        extra = json.loads(lines[2]) | {"id": 4}
        extra["data"]["annotations"] = [{"category": "dog"}]
        extra["files_manifest"]["image_1"] |= {"bundle_path": "files/4/d.jpg", "file_name_original": "d.jpg"}
        (folder / "files/4").mkdir()
        shutil.copyfile(pictures / "4/004.jpg", folder / "files/4/d.jpg")
        lines.append(json.dumps(extra) + "\n")
    (folder / "task/part-00001.jsonl").write_text("".join(lines))
    part = {"path": "task/part-00001.jsonl", "records": len(lines), "cumulative_records": len(lines)}
    target = {"dir": "task", "records": len(lines), "parts": [part]}
    (folder / "manifest.json").write_text(json.dumps({"prefix": "x/", "targets": {"task": target}}))
    return folder


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> dict[str, Path]:
    """Folder of each dataset, as exportkit wrote it."""
    root = tmp_path_factory.mktemp("sound")
    pictures = checkout / "fixtures/bundles/splits/files"
    bundles = {kind: bundle(kind, root / f"{kind}-bundle", pictures) for kind in ("shapes", "points", "people", "tags")}
    for name, (kind, words) in DATASETS.items():
        Export(bundles[kind]).to(words).write(root / name, workers=1)
    return {name: root / name for name in DATASETS}


@pytest.fixture
def own(made: dict[str, Path], tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A copy of a dataset with its manifest and lists."""
    return lambda name: Path(shutil.copytree(made[name], tmp_path / name))  # type: ignore[return-value]


@pytest.fixture
def strange(own: Callable[[str], Path]) -> Callable[[str], Path]:
    """A copy of a dataset without a trace of who wrote it."""

    def copied(name: str) -> Path:
        folder = own(name)
        for path in folder.glob("exportkit-*"):
            path.unlink()
        return folder

    return copied


@pytest.fixture(scope="session")
def check() -> Check:
    """Check one dataset."""
    plugins = PluginManager.load()

    def found(path: Path) -> list[Finding]:
        (result,) = check_dataset(path, plugins)
        return result.findings

    return found
