"""supervision reads our COCO, YOLO and Pascal VOC datasets, and every box lies where it was drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.consumers.datasets import (
    BUNDLES,
    YOLO_BUNDLES,
    Dataset,
    Seen,
    Workshop,
    assert_same_corners,
    each,
    unique,
    whole_corners,
)
from tests.consumers.ground_truth import Scene

supervision: Any = pytest.importorskip("supervision")

pytestmark = pytest.mark.consumers
#: Extensions that supervision looks for.
TAKEN = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


def boxes(loaded: Any, dataset: Dataset) -> dict[str, Seen]:
    """Objects by path of their picture."""
    found = {}
    for image, things in loaded.annotations.items():
        path = dataset.path_of(image)
        labels = [loaded.classes[index] for index in ([] if things.class_id is None else things.class_id)]
        found[path] = list(zip(labels, (tuple(corners) for corners in things.xyxy.tolist()), strict=True))
    return found


def single(scene: Scene) -> float:
    """supervision holds corners as 32-bit floats."""
    return 1e-6 + 2e-7 * max(scene.width, scene.height)


def normalised(scene: Scene) -> float:
    """YOLO rows have 6 decimals of the size, as supervision multiplies them in 32-bit floats."""
    return 1e-6 * max(scene.width, scene.height) + single(scene)


@each(BUNDLES)
def test_coco_boxes_and_masks(workshop: Workshop, bundle: str) -> None:
    dataset = workshop.dataset(bundle, "coco")
    found: dict[str, Seen] = {}
    for split in dataset.splits:
        loaded = supervision.DetectionDataset.from_coco(
            str(dataset.folder / "images" / split), str(dataset.folder / "annotations" / f"instances_{split}.json")
        )
        assert loaded.classes == dataset.classes
        found |= boxes(loaded, dataset)
        for things in loaded.annotations.values():
            if things.mask is not None:
                assert np.all(things.mask.any(axis=(1, 2)) | (things.data["iscrowd"] == 1))
    assert found.keys() == dataset.pictures.keys()
    assert_same_corners(found, dataset, lambda _, thing: thing.box, single)


@each(BUNDLES)
def test_coco_boxes_in_the_folders_of_roboflow(workshop: Workshop, bundle: str) -> None:
    dataset = workshop.dataset(bundle, "coco_roboflow")
    found: dict[str, Seen] = {}
    for split in dataset.splits:
        folder = dataset.folder / {"val": "valid"}.get(split, split)
        loaded = supervision.DetectionDataset.from_coco(str(folder), str(folder / "_annotations.coco.json"))
        assert loaded.classes == dataset.classes
        found |= boxes(loaded, dataset)
    assert found.keys() == dataset.pictures.keys()
    assert_same_corners(found, dataset, lambda _, thing: thing.box, single)


@each(BUNDLES)
def test_coco_masks_are_the_pixels_of_their_objects(workshop: Workshop, bundle: str) -> None:
    """Run lengths pixel by pixel; polygons as it draws them, with corners rounded and their edges filled."""
    dataset = workshop.dataset(bundle, "coco")
    found: list[tuple[Scene, list[str], list[Any]]] = []
    for split in dataset.splits:
        loaded = supervision.DetectionDataset.from_coco(
            str(dataset.folder / "images" / split),
            str(dataset.folder / "annotations" / f"instances_{split}.json"),
            force_masks=True,
        )
        for image, things in loaded.annotations.items():
            labels = [loaded.classes[index] for index in ([] if things.class_id is None else things.class_id)]
            masks = [] if things.mask is None else list(things.mask)
            assert len(labels) == len(masks)
            found.append((dataset.pictures[dataset.path_of(image)], labels, masks))
    if not any(mask.any() for _, _, masks in found for mask in masks):
        # A dataset of boxes alone.
        assert not any(thing.region or thing.turned for scene, _, _ in found for thing in scene.things)
        return
    for scene, labels, masks in found:
        for thing in scene.things:
            mine = [mask for label, mask in zip(labels, masks, strict=True) if label == thing.label]
            if thing.pixels is not None:
                assert any(np.array_equal(mask, thing.pixels) for mask in mine)
            elif not thing.crowd:
                assert thing.rings is not None
                pixels = thing.covered(scene)
                assert any(overlap(mask, pixels, thing.rings) for mask in mine)


def overlap(mask: Any, pixels: Any, rings: list[list[float]]) -> bool:
    """Whether a mask is the covered pixels but for those along the outline."""
    length = sum(np.hypot(*np.diff(closed(ring), axis=0).T).sum() for ring in rings)
    return bool((mask ^ pixels).sum() <= 2 * length + 4)


def closed(ring: list[float]) -> Any:
    points = np.array(ring).reshape(-1, 2)
    return np.concatenate([points, points[:1]])


@each(YOLO_BUNDLES)
def test_yolo_corners_of_rotated_boxes(workshop: Workshop, bundle: str) -> None:
    """Every row gives its four corners, in its order."""
    dataset = workshop.dataset(bundle, "obb")
    for split in dataset.splits:
        loaded = supervision.DetectionDataset.from_yolo(
            str(dataset.folder / "images" / split),
            str(dataset.folder / "labels" / split),
            str(dataset.folder / "data.yaml"),
            is_obb=True,
        )
        for image, things in loaded.annotations.items():
            path = dataset.path_of(image)
            scene = dataset.pictures[path]
            label_file = (dataset.folder / "labels" / path.removeprefix("images/")).with_suffix(".txt")
            written = np.loadtxt(label_file, ndmin=2) if label_file.stat().st_size else np.zeros((0, 9))
            expected = written[:, 1:].reshape(-1, 4, 2) * [scene.width, scene.height]
            told = things.data.get("xyxyxyxy", np.zeros((0, 4, 2)))
            assert np.abs(told - expected).max(initial=0) <= single(scene)
            for thing in scene.things:
                inside = thing.turned is not None and all(
                    0 <= value <= side
                    for value, side in zip(thing.turned, [scene.width, scene.height] * 4, strict=True)
                )
                if inside and not thing.crowd:
                    corners = np.array(thing.turned).reshape(4, 2)
                    assert np.abs(told - corners).max(axis=(1, 2)).min() <= normalised(scene) + scene.blur


@pytest.mark.parametrize("task", ["detect", "segment", "pose"])
@each(YOLO_BUNDLES)
def test_yolo_boxes(workshop: Workshop, bundle: str, task: str) -> None:
    dataset = workshop.dataset(bundle, task)
    found: dict[str, Seen] = {}
    for split in dataset.splits:
        loaded = supervision.DetectionDataset.from_yolo(
            str(dataset.folder / "images" / split),
            str(dataset.folder / "labels" / split),
            str(dataset.folder / "data.yaml"),
        )
        assert loaded.classes == (dataset.classes or ["object"])
        found |= boxes(loaded, dataset)
    assert found.keys() == {path for path, scene in dataset.pictures.items() if scene.has_file}
    assert_same_corners(found, dataset, unique(task), normalised)


@each(BUNDLES)
def test_pascal_voc_boxes(workshop: Workshop, bundle: str) -> None:
    dataset = workshop.dataset(bundle, "voc")
    root = dataset.folder / "VOCdevkit" / "VOC2012"
    loaded = supervision.DetectionDataset.from_pascal_voc(str(root / "JPEGImages"), str(root / "Annotations"))
    found = boxes(loaded, dataset)
    with_file = {path for path, scene in dataset.pictures.items() if scene.has_file}
    assert found.keys() == {path for path in with_file if path[path.rindex(".") :].lower() in TAKEN}
    assert_same_corners(found, dataset, whole_corners, single)
