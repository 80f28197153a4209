"""Folders of classes, read by torchvision's ImageFolder and by Ultralytics, which number them in code-point order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.consumers.datasets import CLASSIFIED, Dataset, Workshop
from tests.consumers.ultralytics_reading import get_cfg, verification, warned

torchvision: Any = pytest.importorskip("torchvision")
ClassificationDataset: Any = pytest.importorskip("ultralytics.data.dataset").ClassificationDataset

pytestmark = [
    pytest.mark.consumers,
    # torchvision leaves it to the garbage collector to close the pictures; warnings of torch about its use of torch.
    pytest.mark.filterwarnings("ignore"),
]


def folder_classes(dataset: Dataset) -> list[str]:
    """Class of each folder in the order of the loaders, by the table of the manifest."""
    manifest = json.loads((dataset.folder / "exportkit-manifest.json").read_text(encoding="utf-8"))
    order: dict[str, int] = manifest["writer"]["facts"]["class_folders"]
    assert list(order) == sorted(order)
    return [dataset.classes[index] for index in order.values()]


def expected(dataset: Dataset, split: str) -> dict[str, str]:
    return {path: scene.tags[0] for path, scene in dataset.of(split)}


@pytest.mark.parametrize("split", ["train", "val"])
def test_image_folder_finds_each_picture_in_its_class(workshop: Workshop, split: str) -> None:
    dataset = workshop.dataset(CLASSIFIED, "classify")
    loader = torchvision.datasets.ImageFolder(dataset.folder / split)
    names = folder_classes(dataset)

    found = {dataset.path_of(path): names[index] for path, index in loader.samples}

    assert len(loader.classes) == len(dataset.classes)
    assert found == expected(dataset, split)
    for place in range(len(loader)):
        picture, _ = loader[place]
        assert picture.mode == "RGB"


@pytest.mark.parametrize("split", ["train", "val"])
def test_ultralytics_finds_each_picture_in_its_class(workshop: Workshop, split: str) -> None:
    dataset = workshop.dataset(CLASSIFIED, "classify")
    names = folder_classes(dataset)
    with warned() as messages:
        data = verification.check_cls_dataset(dataset.folder, split)
        loader = ClassificationDataset(str(data[split]), args=get_cfg(overrides={"imgsz": 32}), prefix=split)
    cache = verification.load_dataset_cache_file(Path(f"{dataset.folder / split}.cache"))

    assert messages == []
    assert (data["nc"], list(data["names"].values())) == (len(names), sorted(loader.base.classes))
    assert cache["results"][:2] == (len(expected(dataset, split)), 0)
    assert cache["msgs"] == []
    assert {dataset.path_of(path): names[index] for path, index, *_ in loader.samples} == expected(dataset, split)
    for place in range(len(loader)):
        assert loader[place]["img"].shape == (3, 32, 32)
