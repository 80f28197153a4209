"""datumaro imports our COCO, YOLO and Pascal VOC datasets; it runs in an environment of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.consumers.datasets import (
    BUNDLES,
    CLASSIFIED,
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
from tests.consumers.neighbours import Neighbours

pytestmark = pytest.mark.consumers
#: datumaro rounds to 2 decimals.
ROUNDED = 0.0051
#: Bundles with key points in pictures that are at hand, and with regions of every kind.
WITH_POINTS = ["coco_keypoints", "dm_v1_assignments", "dm_v2_unwrapped", "mixed_layouts", "seed_tasks", "yolo_people"]
WITH_REGIONS = ["dm_v1_assignments", "dm_v2_unwrapped", "golden", "odd_pictures", "seed_tasks", "twins_parts"]
#: A point that is not labelled.
NONE = (0, 0, 0)
OTHER_TASKS = ["segment", "pose", "obb"]


@pytest.fixture(scope="module")
def imported(workshop: Workshop, neighbours: Neighbours) -> dict[str, Any]:
    """What datumaro says of every dataset."""
    jobs: dict[str, tuple[str, str, dict[str, str]]] = {}
    for name in BUNDLES:
        root = str(workshop.dataset(name, "voc").folder / "VOCdevkit" / "VOC2012")
        jobs[f"{name} coco"] = ("coco", str(workshop.dataset(name, "coco").folder), {})
        jobs[f"{name} voc"] = ("voc_detection", root, {"coordinate_mode": "voc-one-based"})
    for name in YOLO_BUNDLES:
        jobs[f"{name} yolo"] = ("yolo", str(workshop.dataset(name, "detect").folder), {})
        jobs[f"{name} darknet"] = ("yolo", str(workshop.dataset(name, "darknet").folder), {})
        for task in OTHER_TASKS:
            jobs[f"{name} {task}"] = ("yolo", str(workshop.dataset(name, task).folder), {})
    for name in WITH_POINTS:
        jobs[f"{name} points"] = ("coco_person_keypoints", str(workshop.dataset(name, "coco").folder), {})
    for name in WITH_REGIONS:
        jobs[f"{name} planes"] = (
            "voc_segmentation", str(workshop.dataset(name, "voc_segment").folder / "VOCdevkit" / "VOC2007"), {}
        )  # fmt: skip
        for role in ("stuff", "panoptic"):
            jobs[f"{name} {role}"] = (f"coco_{role}", str(workshop.dataset(name, "coco_semantic").folder), {})
    jobs["captions"] = ("coco_captions", str(workshop.dataset("seed_tasks", "coco").folder), {})
    jobs["classes"] = ("imagenet_with_subset_dirs", str(workshop.dataset(CLASSIFIED, "classify").folder), {})
    return neighbours.ask("datumaro", jobs)


def items(answer: Any, dataset: Dataset, folders: str) -> dict[str, list[list[Any]]]:
    """Things by path of their picture; an item is called as its picture below ``folders``, without the extension."""
    assert isinstance(answer, dict), answer
    found = {}
    for path, scene in dataset.pictures.items():
        start = folders.format(split=scene.split)
        assert path.startswith(start)
        found[path] = answer[scene.split].pop(path[len(start) :].removesuffix(Path(path).suffix))
    left = {split: things for split, things in answer.items() if things and split != "trainval"}
    assert left == {}
    return found


def boxes(answer: Any, dataset: Dataset, folders: str) -> dict[str, Seen]:
    return {
        path: [(label, tuple(corners)) for kind, label, corners in things if kind == "bbox"]
        for path, things in items(answer, dataset, folders).items()
    }


@each(BUNDLES, *WITHOUT_PICTURES)
def test_coco(workshop: Workshop, imported: dict[str, Any], bundle: str) -> None:
    """datumaro refuses a COCO dataset without a folder of pictures."""
    dataset = workshop.dataset(bundle, "coco")
    found = boxes(imported[f"{bundle} coco"], dataset, "images/{split}/")
    assert_same_corners(found, dataset, lambda _, thing: thing.box, lambda _: ROUNDED)


@each(WITH_POINTS)
def test_coco_key_points(workshop: Workshop, imported: dict[str, Any], bundle: str) -> None:
    dataset = workshop.dataset(bundle, "coco")
    answer = {split: dict(things) for split, things in imported[f"{bundle} points"].items()}
    for path, things in items(answer, dataset, "images/{split}/").items():
        told = sorted((label, points) for kind, label, points in things if kind == "points")
        wanted = sorted(
            (
                thing.label,
                [float(value) for x, y, v in thing.keypoints.values() for value in ((x, y, v) if v else [0] * 3)],
            )
            for thing in dataset.pictures[path].things
            if thing.keypoints is not None
        )
        assert [label for label, _ in told] == [label for label, _ in wanted]
        for (_, points), (_, expected) in zip(told, wanted, strict=True):
            assert np.abs(np.array(points) - expected).max() <= ROUNDED


def test_coco_captions(imported: dict[str, Any]) -> None:
    texts = {item: [text for _, _, text in things] for item, things in imported["captions"]["train"].items()}
    assert texts.pop("lake") == ["A lake, clouds and many people."]
    assert set(map(len, texts.values())) == {0}


@pytest.mark.parametrize("role", ["stuff", "panoptic"])
@each(WITH_REGIONS)
def test_coco_semantic_and_panoptic_masks(workshop: Workshop, imported: dict[str, Any], bundle: str, role: str) -> None:
    """Together the masks of a class cover in ``stuff_`` what its regions cover, in ``panoptic_`` what is seen of it."""
    dataset = workshop.dataset(bundle, "coco_semantic")
    for path, things in items(imported[f"{bundle} {role}"], dataset, "images/{split}/").items():
        scene = dataset.pictures[path]
        told: dict[str, set[int]] = {}
        for kind, label, pixels in things:
            if kind == "mask":
                told.setdefault(label, set()).update(pixels)
        regions = [thing for thing in scene.things if thing.region]
        assert told.keys() <= {thing.label for thing in regions}
        for label, pixels in told.items():
            whole: set[int] = set()
            for thing in regions:
                if thing.label == label:
                    whole |= set(np.flatnonzero(thing.covered(scene)).tolist())
            assert pixels <= whole
            if role == "stuff":
                assert pixels == whole
        if role == "panoptic":
            seen = set().union(*told.values())
            assert (
                seen == set(np.flatnonzero(np.any([thing.covered(scene) for thing in regions], axis=0))) or not regions
            )


@each(YOLO_BUNDLES, *WITHOUT_PICTURES, "mixed_layouts")
def test_yolo(workshop: Workshop, imported: dict[str, Any], bundle: str) -> None:
    """datumaro refuses a YOLO dataset in which a label file has no picture, too."""
    dataset = workshop.dataset(bundle, "detect")
    found = boxes(imported[f"{bundle} yolo"], dataset, "images/{split}/")
    assert_same_corners(found, dataset, unique("detect"), lambda _: ROUNDED)


@each(YOLO_BUNDLES, *WITHOUT_PICTURES)
def test_darknet(workshop: Workshop, imported: dict[str, Any], bundle: str) -> None:
    """It calls the lists by their keys in ``obj.data``, so one of a third split it does not know."""
    dataset = workshop.dataset(bundle, "darknet")
    answer = imported[f"{bundle} darknet"]
    assert isinstance(answer, dict), answer
    found: dict[str, Seen] = {}
    for path, scene in dataset.pictures.items():
        if scene.split in {"train", "val"} and scene.has_file:
            things = answer["valid" if scene.split == "val" else "train"]
            name = path.removeprefix("obj_train_data/").removesuffix(Path(path).suffix)
            found[path] = [(label, tuple(corners)) for _, label, corners in things[name]]
    assert_same_corners(found, dataset, unique("detect"), lambda _: ROUNDED)


@pytest.mark.parametrize("task", OTHER_TASKS)
@each(YOLO_BUNDLES, *WITHOUT_PICTURES)
def test_it_knows_no_other_rows_of_yolo_than_boxes(
    workshop: Workshop, imported: dict[str, Any], bundle: str, task: str
) -> None:
    """It asks for 5 columns and leaves a picture out that has others, or the dataset if none is left."""
    answer = imported[f"{bundle} {task}"]
    if isinstance(answer, str):
        assert "Failed to find dataset" in answer or "Can't" in answer or "Failed to import" in answer, answer
    else:
        assert [things for split in answer.values() for things in split.values() if things] == []


@each(BUNDLES)
def test_pascal_voc(workshop: Workshop, imported: dict[str, Any], bundle: str) -> None:
    dataset = workshop.dataset(bundle, "voc")
    found = boxes(imported[f"{bundle} voc"], dataset, "VOCdevkit/VOC2012/JPEGImages/")
    assert_same_corners(found, dataset, whole_corners, lambda _: ROUNDED)


@each(WITH_REGIONS)
def test_pascal_voc_planes(workshop: Workshop, imported: dict[str, Any], bundle: str) -> None:
    """It does not know the colour of void, 224,224,192: it refuses planes with crowds."""
    dataset = workshop.dataset(bundle, "voc_segment")
    folder = dataset.folder / "VOCdevkit/VOC2007/SegmentationClass"
    answer = imported[f"{bundle} planes"]
    planes = {}
    for path in folder.iterdir():
        with Image.open(path) as picture:
            planes[path.stem] = np.asarray(picture)
    if any((plane == 255).any() for plane in planes.values()):
        assert "Undeclared color" in answer
        return
    lines = (folder.parent / "labelmap.txt").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[0] for line in lines]
    assert isinstance(answer, dict), answer
    things = {item: things for split in answer.values() for item, things in split.items()}
    assert things.keys() == planes.keys()
    for stem, plane in planes.items():
        told: dict[str, set[int]] = {}
        for kind, label, pixels in things[stem]:
            assert kind == "mask"
            told.setdefault(label, set()).update(pixels)
        assert told == {names[value]: set(np.flatnonzero(plane == value)) for value in np.unique(plane) if value}


def test_classes_of_pictures(workshop: Workshop, imported: dict[str, Any]) -> None:
    dataset = workshop.dataset(CLASSIFIED, "classify")
    manifest = json.loads((dataset.folder / "exportkit-manifest.json").read_text(encoding="utf-8"))
    index: dict[str, int] = manifest["writer"]["facts"]["class_folders"]
    found = {}
    for split, things in imported["classes"].items():
        for item, ((_, folder, _),) in things.items():
            found[f"{split}/{item.replace(':', '/')}"] = dataset.classes[index[folder]]
    assert found == {path[: path.rindex(".")]: scene.tags[0] for path, scene in dataset.pictures.items()}
