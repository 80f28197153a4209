"""labelformat reads our COCO, YOLO and Pascal VOC datasets; it runs in an environment of its own.

It reads pictures as they are stored, never turned by their EXIF orientation.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from tests.consumers.datasets import (
    BUNDLES,
    WITHOUT_PICTURES,
    YOLO_BUNDLES,
    Dataset,
    Seen,
    Workshop,
    assert_same_boxes,
    assert_same_corners,
    each,
    unique,
    whole_corners,
)
from tests.consumers.ground_truth import Corners, Scene, Thing, covered
from tests.consumers.neighbours import Neighbours

pytestmark = pytest.mark.consumers
#: Extensions that it looks for.
TAKEN = {".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
#: Where in a pixel it is asked whether it is covered: not at the centre, where rows of 6 decimals decide by chance.
WITHIN_PIXEL = 0.5173
DEVKIT = "VOCdevkit/VOC2012"

Answers = dict[str, Any]


@pytest.fixture(scope="module")
def answers(workshop: Workshop, neighbours: Neighbours) -> Answers:
    jobs: dict[str, Any] = {}
    for name in BUNDLES:
        coco = workshop.dataset(name, "coco")
        for split in coco.splits:
            file = {"input_file": str(coco.folder / "annotations" / f"instances_{split}.json")}
            jobs[f"{name} coco {split}"] = ["COCOObjectDetectionInput", file]
            jobs[f"{name} coco segments {split}"] = ["COCOInstanceSegmentationInput", file]
        voc = workshop.dataset(name, "voc")
        options = {"category_names": ",".join(voc.classes)}
        jobs[f"{name} voc"] = [
            "PascalVOCObjectDetectionInput", {"input_folder": str(voc.folder / DEVKIT / "Annotations"), **options}
        ]  # fmt: skip
    for name in YOLO_BUNDLES:
        for task, reader in (
            ("detect", "YOLOv8ObjectDetectionInput"),
            ("segment", "YOLOv8InstanceSegmentationInput"),
        ):
            yolo = workshop.dataset(name, task)
            for split in yolo.splits:
                options = {"input_file": str(yolo.folder / "data.yaml"), "input_split": split}
                jobs[f"{name} {task} {split}"] = [reader, options]
    return neighbours.ask("labelformat", jobs)


def boxes(answer: Any, folder: str) -> dict[str, Seen]:
    assert isinstance(answer, dict), answer
    return {
        f"{folder}{picture}": [(label, tuple(corners)) for label, corners in things]
        for picture, things in answer.items()
    }


def entries(dataset: Dataset, split: str) -> list[dict[str, Any]]:
    text = (dataset.folder / "annotations" / f"instances_{split}.json").read_text(encoding="ascii")
    listed: list[dict[str, Any]] = json.loads(text)["annotations"]
    return listed


@each(BUNDLES)
def test_coco_boxes(workshop: Workshop, answers: Answers, bundle: str) -> None:
    dataset = workshop.dataset(bundle, "coco")
    found: dict[str, Seen] = {}
    for split in dataset.splits:
        found |= boxes(answers[f"{bundle} coco {split}"], f"images/{split}/")
    assert found.keys() == dataset.pictures.keys()
    assert_same_corners(found, dataset, lambda _, thing: thing.box, lambda _: 2e-6)


def limit_of_segments(things: Iterable[dict[str, Any]]) -> str | None:
    """The error with which it stops: it takes run lengths from crowds alone, and a crowd must have them."""
    for thing in things:
        if thing["iscrowd"] and not thing["segmentation"]:
            return "TypeError: list indices must be integers or slices, not str"
        if not thing["iscrowd"] and isinstance(thing["segmentation"], dict):
            return "ValueError: could not convert string to float"
    return None


@each(BUNDLES)
def test_coco_segments_but_for_what_it_does_not_know(workshop: Workshop, answers: Answers, bundle: str) -> None:
    dataset = workshop.dataset(bundle, "coco")
    for split in dataset.splits:
        answer = answers[f"{bundle} coco segments {split}"]
        things = entries(dataset, split)
        limit = limit_of_segments(things)
        if limit is not None:
            assert isinstance(answer, str)
            assert answer.startswith(limit), answer
            continue
        assert isinstance(answer, dict), answer
        told = sorted(
            json.dumps([[float(value) for value in ring] for ring in segments["rings"]])
            for objects in answer.values()
            for _, segments in objects
            if "rings" in segments
        )
        written = (thing["segmentation"] for thing in things if not thing["iscrowd"])
        assert told == sorted(json.dumps([[float(value) for value in ring] for ring in rings]) for rings in written)


def stored(scene: Scene, corners: Corners) -> Corners:
    """A box whose fractions of the upright picture were taken for fractions of the stored one."""
    if scene.orientation < 5:
        return corners
    x0, y0, x1, y1 = corners
    across, down = scene.height / scene.width, scene.width / scene.height
    return x0 * across, y0 * down, x1 * across, y1 * down


def in_sight(dataset: Dataset) -> set[str]:
    return {
        path for path, scene in dataset.pictures.items() if scene.has_file and path[path.rindex(".") :].lower() in TAKEN
    }


@each(YOLO_BUNDLES, *WITHOUT_PICTURES)
def test_yolo_boxes(workshop: Workshop, answers: Answers, bundle: str) -> None:
    dataset = workshop.dataset(bundle, "detect")
    found: dict[str, Seen] = {}
    for split in dataset.splits:
        found |= boxes(answers[f"{bundle} detect {split}"], f"images/{split}/")
    assert found.keys() == in_sight(dataset)

    def read(scene: Scene, thing: Thing) -> Corners | None:
        box = unique("detect")(scene, thing)
        return None if box is None else stored(scene, box)

    assert_same_corners(found, dataset, read, lambda scene: 1e-6 * max(scene.width, scene.height) + 1e-9)


@each(YOLO_BUNDLES, *WITHOUT_PICTURES)
def test_yolo_outlines(workshop: Workshop, answers: Answers, bundle: str) -> None:
    dataset = workshop.dataset(bundle, "segment")
    found = set()
    for split in dataset.splits:
        answer = answers[f"{bundle} segment {split}"]
        assert isinstance(answer, dict), answer
        for picture, objects in answer.items():
            path = f"images/{split}/{picture}"
            found.add(path)
            scene = dataset.pictures[path]
            if scene.orientation >= 5:
                continue
            things = [thing for thing in scene.things if not thing.crowd]
            rows = [(label, covered_by(segments["rings"], scene)) for label, segments in objects]
            for thing in things:
                rings = thing.rings or thing.edges
                expected = thing.covered(scene) if rings is None else covered_by(rings, scene)
                assert any(label == thing.label and np.array_equal(row, expected) for label, row in rows)
            assert len(rows) <= len(things) + scene.broken
    assert found == in_sight(dataset)


def covered_by(rings: list[list[float]], scene: Scene) -> npt.NDArray[np.bool_]:
    return covered(rings, scene.width, scene.height, WITHIN_PIXEL)


@each(BUNDLES)
def test_pascal_voc_boxes_one_pixel_off_at_the_near_edges(workshop: Workshop, answers: Answers, bundle: str) -> None:
    """It takes 1-based inclusive corners for 0-based half-open ones (stated in the docs of the format)."""
    dataset = workshop.dataset(bundle, "voc")
    answer = answers[f"{bundle} voc"]
    assert isinstance(answer, dict), answer
    stems = {Path(path).name: path for path in dataset.pictures}
    found = {stems[picture]: seen for picture, seen in boxes(answer, "").items()}
    assert found.keys() == dataset.pictures.keys()
    for path, seen in found.items():
        scene = dataset.pictures[path]
        corners = [(thing.label, whole_corners(scene, thing)) for thing in scene.things]
        expected = [(label, (x0 + 1, y0 + 1, x1, y1)) for label, (x0, y0, x1, y1) in corners]
        assert_same_boxes(seen, scene, expected, scene.blur)


@pytest.mark.parametrize("bundle", ["golden", "seed_tasks", "dm_v2_wrapped_ground_truth", "twins_parts"])
def test_planes_of_pascal_voc(workshop: Workshop, neighbours: Neighbours, bundle: str, tmp_path: Path) -> None:
    """It wants a plane for each picture of a folder: it gets those that ``ImageSets/Segmentation`` lists."""
    dataset = workshop.dataset(bundle, "voc_segment")
    root = dataset.folder / "VOCdevkit" / "VOC2007"
    listed = [line for path in (root / "ImageSets/Segmentation").iterdir() for line in path.read_text().splitlines()]
    for picture in (root / "JPEGImages").iterdir():
        if picture.stem in listed:
            (tmp_path / picture.name).symlink_to(picture)
    lines = (root / "labelmap.txt").read_text(encoding="utf-8").splitlines()
    names = {str(number): line.partition(":")[0] for number, line in enumerate(lines)}
    whole = {"masks_dir": str(root / "SegmentationClass"), "class_id_to_name": {**names, "255": "void"}}
    reader = "PascalVOCSemanticSegmentationInput"

    answers = neighbours.ask(
        "labelformat",
        {
            "listed": [reader, {"images_dir": str(tmp_path), **whole}],
            "all": [reader, {"images_dir": str(root / "JPEGImages"), **whole}],
        },
    )

    assert isinstance(answers["listed"], dict), answers["listed"]
    assert len(answers["listed"]) == len(list(tmp_path.iterdir())) > 0
    for picture, objects in answers["listed"].items():
        with Image.open(root / "SegmentationClass" / f"{Path(picture).stem}.png") as plane:
            values = np.asarray(plane)
        told = {label: set(segments["pixels"]) for label, segments in objects}
        found = {names.get(str(value), "void"): set(np.flatnonzero(values == value)) for value in np.unique(values)}
        assert told == found
    if listed and len(list((root / "JPEGImages").iterdir())) > len(list(tmp_path.iterdir())):
        assert str(answers["all"]).startswith("ValueError: Missing mask PNG")
