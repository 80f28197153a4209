"""globox reads our COCO, YOLO and Pascal VOC datasets; it runs in an environment of its own.

It reads pictures as they are stored, never turned by their EXIF orientation; YOLO classes are numbers to it.
"""

from __future__ import annotations

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
    assert_same_boxes,
    assert_same_corners,
    each,
    unique,
    whole_corners,
)
from tests.consumers.ground_truth import Corners, Scene, Thing
from tests.consumers.neighbours import Neighbours

pytestmark = pytest.mark.consumers
#: Extensions that it looks for where it looks for any.
TAKEN = {".bmp", ".jpe", ".jpeg", ".jpg", ".png", ".tif", ".tiff"}
ANNOTATIONS = "VOCdevkit/VOC2012/Annotations"

Answers = dict[str, Any]


@pytest.fixture(scope="module")
def answers(workshop: Workshop, neighbours: Neighbours) -> Answers:
    jobs: dict[str, Any] = {}
    for name in BUNDLES:
        coco = workshop.dataset(name, "coco")
        for split in coco.splits:
            jobs[f"{name} coco {split}"] = ["from_coco", str(coco.folder / f"annotations/instances_{split}.json"), {}]
        jobs[f"{name} voc"] = ["from_pascal_voc", str(workshop.dataset(name, "voc").folder / ANNOTATIONS), {}]
    for name in YOLO_BUNDLES:
        darknet = str(workshop.dataset(name, "darknet").folder / "obj_train_data")
        jobs[f"{name} darknet"] = ["from_yolo_darknet", darknet, {"image_folder": darknet}]
        for task, method, options in (("detect", "from_yolo_v5", {}), ("segment", "from_yolo_seg", {"relative": True})):
            yolo = workshop.dataset(name, task)
            for split in yolo.splits:
                pictures = {"image_folder": str(yolo.folder / "images" / split)}
                folder = str(yolo.folder / "labels" / split)
                jobs[f"{name} {task} {split}"] = [method, folder, {**pictures, **options}]
    return neighbours.ask("globox", jobs)


def boxes(answer: Any, folder: str, names: list[str] | None = None) -> dict[str, Seen]:
    """Objects by path of their picture; ``names`` are those of numbered classes."""
    assert isinstance(answer, dict), answer
    return {
        f"{folder}{picture}": [
            (label if names is None else names[int(label)], (x0, y0, x1, y1)) for label, x0, y0, x1, y1 in things
        ]
        for picture, things in answer.items()
    }


def stored(scene: Scene, corners: Corners) -> Corners:
    """A box whose fractions of the upright picture were taken for fractions of the stored one."""
    if scene.orientation < 5:
        return corners
    x0, y0, x1, y1 = corners
    across, down = scene.height / scene.width, scene.width / scene.height
    return x0 * across, y0 * down, x1 * across, y1 * down


def assert_same_rows(found: dict[str, Seen], dataset: Dataset, task: str) -> None:
    def read(scene: Scene, thing: Thing) -> Corners | None:
        box = unique(task)(scene, thing)
        return None if box is None else stored(scene, box)

    assert_same_corners(found, dataset, read, lambda scene: 1e-6 * max(scene.width, scene.height) + 1e-9)


@each(BUNDLES)
def test_coco(workshop: Workshop, answers: Answers, bundle: str) -> None:
    dataset = workshop.dataset(bundle, "coco")
    found: dict[str, Seen] = {}
    for split in dataset.splits:
        found |= boxes(answers[f"{bundle} coco {split}"], f"images/{split}/")
    assert found.keys() == dataset.pictures.keys()
    assert_same_corners(found, dataset, lambda _, thing: thing.box, lambda _: 2e-6)


@each(BUNDLES)
def test_pascal_voc_one_pixel_off_at_the_near_edges(workshop: Workshop, answers: Answers, bundle: str) -> None:
    """It takes 1-based inclusive corners for 0-based half-open ones (stated in the docs of the format)."""
    dataset = workshop.dataset(bundle, "voc")
    stems = {Path(path).name: path for path in dataset.pictures}
    found = {stems[picture]: seen for picture, seen in boxes(answers[f"{bundle} voc"], "").items()}
    assert found.keys() == dataset.pictures.keys()
    for path, seen in found.items():
        scene = dataset.pictures[path]
        corners = [(thing.label, whole_corners(scene, thing)) for thing in scene.things]
        expected = [(label, (x0 + 1, y0 + 1, x1, y1)) for label, (x0, y0, x1, y1) in corners]
        assert_same_boxes(seen, scene, expected, scene.blur)


def jpegs_alone(paths: list[str], answer: Any) -> bool:
    """Whether it could read the rows; it looks for one extension a folder, ``.jpg``, and misses the key of others."""
    if all(path.endswith(".jpg") for path in paths):
        return True
    assert isinstance(answer, str)
    assert answer.startswith("KeyError"), answer
    return False


@each(YOLO_BUNDLES, *WITHOUT_PICTURES)
def test_yolo_boxes_of_jpegs(workshop: Workshop, answers: Answers, bundle: str) -> None:
    dataset = workshop.dataset(bundle, "detect")
    for split in dataset.splits:
        paths = [path for path, _ in dataset.of(split)]
        answer = answers[f"{bundle} detect {split}"]
        if jpegs_alone(paths, answer):
            found = boxes(answer, f"images/{split}/", dataset.classes)
            assert sorted(found) == sorted(paths)
            assert_same_rows(found, dataset, "detect")


@each(YOLO_BUNDLES, *WITHOUT_PICTURES)
def test_darknet_boxes_of_jpegs(workshop: Workshop, answers: Answers, bundle: str) -> None:
    dataset = workshop.dataset(bundle, "darknet")
    if jpegs_alone(list(dataset.pictures), answers[f"{bundle} darknet"]):
        found = boxes(answers[f"{bundle} darknet"], "obj_train_data/", dataset.classes)
        assert found.keys() == dataset.pictures.keys()
        assert_same_rows(found, dataset, "detect")


def test_some_datasets_have_jpegs_alone(answers: Answers) -> None:
    """Lest the two tests above should find nothing to do."""
    read = [job for job, answer in answers.items() if "detect" in job and isinstance(answer, dict) and answer]
    assert len(read) >= 5


@each(YOLO_BUNDLES, *WITHOUT_PICTURES)
def test_yolo_outlines_by_their_extent(workshop: Workshop, answers: Answers, bundle: str) -> None:
    """Every label file needs a picture, in one of the formats that it knows."""
    dataset = workshop.dataset(bundle, "segment")
    for split in dataset.splits:
        answer = answers[f"{bundle} segment {split}"]
        scenes = dict(dataset.of(split))
        if all(scene.has_file and path[path.rindex(".") :] in TAKEN for path, scene in scenes.items()):
            found = boxes(answer, f"images/{split}/", dataset.classes)
            assert found.keys() == scenes.keys()
            assert_same_rows(found, dataset, "segment")
        else:
            assert str(answer).startswith("AssertionError: Image "), answer
