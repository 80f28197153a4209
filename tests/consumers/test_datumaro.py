"""datumaro imports our COCO, YOLO and Pascal VOC datasets; it runs in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.consumers.datasets import (
    BUNDLES,
    YOLO_BUNDLES,
    Dataset,
    Seen,
    Workshop,
    assert_same_corners,
    unique,
    whole_corners,
)

pytestmark = pytest.mark.consumers
#: Names the Python of the environment that has datumaro.
VARIABLE = "EXPORTKIT_DATUMARO_PYTHON"
#: datumaro rounds to 2 decimals.
ROUNDED = 0.0051
#: It refuses a COCO dataset and a YOLO dataset without any picture.
WITHOUT_PICTURES = {"zero_results", "terrain_polygons", "panlabel_boxes"}
NONE_AT_ALL = [bundle for bundle in BUNDLES if "zero_results" not in bundle.values]
WITH_PICTURES = [bundle for bundle in YOLO_BUNDLES if not WITHOUT_PICTURES.intersection(bundle.values)]


@pytest.fixture(scope="module")
def imported(workshop: Workshop) -> dict[str, Any]:
    """What datumaro says of every dataset, from one process: its start takes seconds."""
    python = os.environ.get(VARIABLE)
    if python is None:
        pytest.skip(f"{VARIABLE} names no Python with datumaro (make test-consumers has one)")
    jobs = {}
    for bundle in BUNDLES:
        (name,) = bundle.values
        root = str(workshop.dataset(name, "voc").folder / "VOCdevkit" / "VOC2012")
        jobs[f"{name} coco"] = ("coco", str(workshop.dataset(name, "coco").folder), {})
        jobs[f"{name} voc"] = ("voc_detection", root, {"coordinate_mode": "voc-one-based"})
    for bundle in YOLO_BUNDLES:
        (name,) = bundle.values
        jobs[f"{name} yolo"] = ("yolo", str(workshop.dataset(name, "detect").folder), {})
    script = Path(__file__).parent / "datumaro_import.py"
    run = subprocess.run([python, str(script)], input=json.dumps(jobs), capture_output=True, text=True, check=True)
    answers: dict[str, Any] = json.loads(run.stdout)
    return answers


def boxes(answer: Any, dataset: Dataset, folders: str) -> dict[str, Seen]:
    """Boxes by path of their picture; an item is called as its picture below ``folders``, without the extension."""
    assert isinstance(answer, dict), answer
    items = {(scene.split, path): scene for path, scene in dataset.pictures.items()}
    found: dict[str, Seen] = {}
    for split, path in items:
        start = folders.format(split=split)
        assert path.startswith(start)
        things = answer[split].pop(path[len(start) : path.rindex(".")])
        found[path] = [(label, tuple(corners)) for kind, label, *corners in things if kind == "bbox"]
    left = {split: things for split, things in answer.items() if things and split != "trainval"}
    assert left == {}
    return found


@pytest.mark.parametrize("bundle", NONE_AT_ALL)
def test_coco(workshop: Workshop, imported: dict[str, Any], bundle: str) -> None:
    dataset = workshop.dataset(bundle, "coco")
    found = boxes(imported[f"{bundle} coco"], dataset, "images/{split}/")
    assert_same_corners(found, dataset, lambda _, thing: None if thing.points else thing.box, lambda _: ROUNDED)


@pytest.mark.parametrize("bundle", WITH_PICTURES)
def test_yolo(workshop: Workshop, imported: dict[str, Any], bundle: str) -> None:
    dataset = workshop.dataset(bundle, "detect")
    found = boxes(imported[f"{bundle} yolo"], dataset, "images/{split}/")
    assert_same_corners(found, dataset, unique("detect"), lambda _: ROUNDED)


@pytest.mark.parametrize("bundle", NONE_AT_ALL)
def test_pascal_voc(workshop: Workshop, imported: dict[str, Any], bundle: str) -> None:
    dataset = workshop.dataset(bundle, "voc")
    found = boxes(imported[f"{bundle} voc"], dataset, "VOCdevkit/VOC2012/JPEGImages/")
    assert_same_corners(found, dataset, whole_corners, lambda _: ROUNDED)
