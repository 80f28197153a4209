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


@pytest.mark.parametrize("task", ["detect", "segment"])
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
