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
    WITHOUT_PICTURES,
    YOLO_BUNDLES,
    Dataset,
    Seen,
    Workshop,
    assert_same_corners,
    each,
    unique,
    whole_corners,
)

pytestmark = pytest.mark.consumers
#: Names the Python of the environment that has datumaro.
VARIABLE = "EXPORTKIT_DATUMARO_PYTHON"
#: datumaro rounds to 2 decimals.
ROUNDED = 0.0051


@pytest.fixture(scope="module")
def imported(workshop: Workshop) -> dict[str, Any]:
    """What datumaro says of every dataset, from one process: its start takes seconds."""
    python = os.environ.get(VARIABLE)
    if python is None:
        pytest.skip(f"{VARIABLE} names no Python with datumaro (make test-consumers has one)")
    jobs: dict[str, tuple[str, str, dict[str, str]]] = {}
    for name in BUNDLES:
        root = str(workshop.dataset(name, "voc").folder / "VOCdevkit" / "VOC2012")
        jobs[f"{name} coco"] = ("coco", str(workshop.dataset(name, "coco").folder), {})
        jobs[f"{name} voc"] = ("voc_detection", root, {"coordinate_mode": "voc-one-based"})
    for name in YOLO_BUNDLES:
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
        things = answer[split].pop(path[len(start) :].removesuffix(Path(path).suffix))
        found[path] = [(label, tuple(corners)) for kind, label, *corners in things if kind == "bbox"]
    left = {split: things for split, things in answer.items() if things and split != "trainval"}
    assert left == {}
    return found


@each(BUNDLES, *WITHOUT_PICTURES)
def test_coco(workshop: Workshop, imported: dict[str, Any], bundle: str) -> None:
    """datumaro refuses a COCO dataset without a folder of pictures."""
    dataset = workshop.dataset(bundle, "coco")
    found = boxes(imported[f"{bundle} coco"], dataset, "images/{split}/")
    assert_same_corners(found, dataset, lambda _, thing: thing.box, lambda _: ROUNDED)


@each(YOLO_BUNDLES, *WITHOUT_PICTURES, "mixed_layouts")
def test_yolo(workshop: Workshop, imported: dict[str, Any], bundle: str) -> None:
    """datumaro refuses a YOLO dataset in which a label file has no picture, too."""
    dataset = workshop.dataset(bundle, "detect")
    found = boxes(imported[f"{bundle} yolo"], dataset, "images/{split}/")
    assert_same_corners(found, dataset, unique("detect"), lambda _: ROUNDED)


@each(BUNDLES)
def test_pascal_voc(workshop: Workshop, imported: dict[str, Any], bundle: str) -> None:
    dataset = workshop.dataset(bundle, "voc")
    found = boxes(imported[f"{bundle} voc"], dataset, "VOCdevkit/VOC2012/JPEGImages/")
    assert_same_corners(found, dataset, whole_corners, lambda _: ROUNDED)
