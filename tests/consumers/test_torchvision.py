"""torchvision reads our COCO and Pascal VOC datasets.

It does not turn pictures upright: of those with an EXIF orientation it reads the pixels as they are stored, while
our sizes and boxes are those of the upright picture (formats, section 1, "EXIF policy"; ``check`` warns of them).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from tests.consumers.datasets import BUNDLES, Dataset, Seen, Workshop, assert_same_corners, each, whole_corners
from tests.consumers.ground_truth import Scene

torchvision: Any = pytest.importorskip("torchvision")

pytestmark = [
    pytest.mark.consumers,
    # torchvision leaves it to the garbage collector to close the pictures.
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning"),
]
ROUNDED = 1e-6


def size_read(scene: Scene) -> tuple[int, int]:
    """Size of the picture as stored."""
    return (scene.height, scene.width) if scene.orientation >= 5 else (scene.width, scene.height)


@each(BUNDLES)
def test_coco_detection_opens_each_picture_and_gives_its_boxes(workshop: Workshop, bundle: str) -> None:
    dataset = workshop.dataset(bundle, "coco")
    found: dict[str, Seen] = {}
    for split in dataset.splits:
        root = dataset.folder / "images" / split
        loader = torchvision.datasets.CocoDetection(root, dataset.folder / "annotations" / f"instances_{split}.json")
        names = {category["id"]: category["name"] for category in loader.coco.dataset["categories"]}
        for place, image in enumerate(loader.ids):
            path = f"images/{split}/{loader.coco.imgs[image]['file_name']}"
            scene = dataset.pictures[path]
            if scene.has_file:
                picture, things = loader[place]
                assert picture.size == size_read(scene)
            else:
                things = loader._load_target(image)
            boxes = [(names[thing["category_id"]], thing["bbox"]) for thing in things]
            found[path] = [(label, (x, y, x + w, y + h)) for label, (x, y, w, h) in boxes]
    assert found.keys() == dataset.pictures.keys()
    assert_same_corners(found, dataset, lambda _, thing: thing.box, lambda _: ROUNDED)


def objects(loader: Any, place: int) -> Seen:
    """Objects of one picture in 0-based half-open pixels; VOC counts from 1 and includes both ends."""
    _, target = loader[place]
    seen: Seen = []
    for thing in target["annotation"]["object"]:
        x0, y0, x1, y1 = (int(thing["bndbox"][side]) for side in ("xmin", "ymin", "xmax", "ymax"))
        seen.append((thing["name"], (x0 - 1, y0 - 1, x1, y1)))
    return seen


def read(dataset: Dataset, year: str, split: str) -> dict[str, Seen]:
    """Objects of each picture of a split that torchvision finds: it appends ``.jpg`` to the id."""
    loader = torchvision.datasets.VOCDetection(dataset.folder, year=year, image_set=split)
    assert [Path(picture).stem for picture in loader.images] == [Path(path).stem for path, _ in dataset.of(split)]
    found = {}
    for place, (path, scene) in enumerate(dataset.of(split)):
        if scene.has_file and path.endswith(".jpg"):
            assert Path(loader.images[place]) == dataset.folder / path
            assert loader[place][0].size == size_read(scene)
            found[path] = objects(loader, place)
    return found


@each(BUNDLES)
def test_voc_detection_opens_each_jpeg_and_gives_its_boxes(workshop: Workshop, bundle: str) -> None:
    """Of 2007, the one year with a test set in torchvision."""
    dataset = workshop.dataset(bundle, "voc_2007")
    found: dict[str, Seen] = {}
    for split in dataset.splits:
        found |= read(dataset, "2007", split)
    assert_same_corners(found, dataset, whole_corners)


@each(BUNDLES)
def test_voc_detection_gives_rotated_boxes_beside_the_upright_ones(workshop: Workshop, bundle: str) -> None:
    """``robndbox`` disturbs no box, and its centre, sides and angle give the corners that were drawn."""
    dataset = workshop.dataset(bundle, "voc_rotated")
    found: dict[str, Seen] = {}
    for split in dataset.splits:
        found |= read(dataset, "2007", split)
        loader = torchvision.datasets.VOCDetection(dataset.folder, year="2007", image_set=split)
        for place, (path, scene) in enumerate(dataset.of(split)):
            if path in found:
                things = loader[place][1]["annotation"]["object"]
                told = [corners(thing["robndbox"]) for thing in things if "robndbox" in thing]
                drawn = [thing.turned for thing in scene.things if thing.turned is not None]
                assert len(told) == len(drawn)
                for mine, theirs in zip(drawn, told, strict=True):
                    assert mine == pytest.approx(theirs, abs=1e-4 + scene.blur)
    assert_same_corners(found, dataset, whole_corners)


def corners(element: dict[str, str]) -> list[float]:
    """x, y of the box's own top left, top right, bottom right and bottom left; the angle is clockwise on screen."""
    cx, cy, w, h, angle = (float(element[name]) for name in ("cx", "cy", "w", "h", "angle"))
    cos, sin = math.cos(angle), math.sin(angle)
    sides = ((-w / 2, -h / 2), (w / 2, -h / 2), (w / 2, h / 2), (-w / 2, h / 2))
    return [value for dx, dy in sides for value in (cx + dx * cos - dy * sin, cy + dx * sin + dy * cos)]


@each(BUNDLES)
def test_voc_detection_opens_every_picture_once_it_is_a_jpeg(workshop: Workshop, bundle: str) -> None:
    """``images=transcode`` makes JPEGs of the others."""
    dataset = workshop.dataset(bundle, "voc_jpeg")
    found: dict[str, Seen] = {}
    for split in dataset.splits:
        found |= read(dataset, "2007", split)
    assert found.keys() == {path for path, scene in dataset.pictures.items() if scene.has_file}
    assert_same_corners(found, dataset, whole_corners)


def test_trainval_is_train_and_val_together(workshop: Workshop) -> None:
    dataset = workshop.dataset("splits", "voc")
    loader = torchvision.datasets.VOCDetection(dataset.folder, year="2012", image_set="trainval")
    parts = [
        torchvision.datasets.VOCDetection(dataset.folder, year="2012", image_set=part) for part in ("train", "val")
    ]
    assert sorted(loader.images) == sorted(picture for part in parts for picture in part.images)
    assert len(loader) == 7


def test_the_golden_case_has_its_box_from_11_to_30(workshop: Workshop) -> None:
    """Formats, section 9."""
    dataset = workshop.dataset("golden", "voc")
    loader = torchvision.datasets.VOCDetection(dataset.folder, year="2012", image_set="train")
    (_, first), (_, second) = loader[0], loader[1]
    assert first["annotation"]["object"][0]["bndbox"] == {"xmin": "11", "ymin": "11", "xmax": "30", "ymax": "30"}
    assert second["annotation"]["filename"] == "x__11.jpg"
    assert second["annotation"]["object"] == []
