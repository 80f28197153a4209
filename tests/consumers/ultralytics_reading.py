"""How Ultralytics reads a dataset, and what it says while it does.

It turns pictures upright by their EXIF orientation, so its sizes are ours.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.consumers.datasets import Dataset, Seen
from tests.consumers.ground_truth import Scene

__all__ = ["described", "get_cfg", "labels_of", "loaded", "normalised", "seen", "ultralytics", "verification", "warned"]

ultralytics: Any = pytest.importorskip("ultralytics")
get_cfg: Any = pytest.importorskip("ultralytics.cfg").get_cfg
YOLODataset: Any = pytest.importorskip("ultralytics.data.dataset").YOLODataset
verification: Any = pytest.importorskip("ultralytics.data.utils")


def loaded(task: str, folder: str, data: dict[str, Any], imgsz: int = 64, **settings: Any) -> Any:
    """Its dataset of one split."""
    settings = {"overlap_mask": False, "mask_ratio": 1, **settings}
    return YOLODataset(
        img_path=folder, data=data, task=task, imgsz=imgsz, augment=False, hyp=get_cfg(overrides=settings)
    )


def described(dataset: Dataset, monkeypatch: pytest.MonkeyPatch, elsewhere: Path) -> dict[str, Any]:
    """The dataset's yaml, read from another working directory."""
    monkeypatch.chdir(elsewhere)
    data: dict[str, Any] = verification.check_det_dataset(str(dataset.folder / "data.yaml"), autodownload=False)
    return data


@contextmanager
def warned() -> Iterator[list[str]]:
    """What it warns of."""
    messages: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    logger: logging.Logger = ultralytics.utils.LOGGER
    logger.addHandler(handler)
    try:
        yield messages
    finally:
        logger.removeHandler(handler)


def labels_of(dataset: Dataset, task: str, data: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Path and labels of every picture, after a verification that has no word to say."""
    for split in dataset.splits:
        with warned() as messages:
            yolo = loaded(task, data[split], data)
        cache = verification.load_dataset_cache_file(dataset.folder / "labels" / f"{split}.cache")
        read, missing, empty, corrupt, total = cache["results"]
        assert cache["msgs"] == []
        assert (missing, corrupt) == (0, 0)
        assert read == total == sum(scene.has_file for _, scene in dataset.of(split))
        assert empty == sum(len(label["cls"]) == 0 for label in yolo.labels)
        # It asks for a label in each split; our ``check`` warns, too (C_EMPTY).
        allowed = ("Labels are missing or empty",) if empty == total else ()
        assert [message for message in messages if not message.startswith(allowed)] == []
        for label in yolo.labels:
            path = dataset.path_of(label["im_file"])
            scene = dataset.pictures[path]
            assert label["shape"] == (scene.height, scene.width)
            yield path, label


def normalised(scene: Scene) -> float:
    """Rows have 6 decimals of the size; Ultralytics holds them as 32-bit floats."""
    return 1.2e-6 * max(scene.width, scene.height)


def seen(label: dict[str, Any], names: dict[int, str]) -> Seen:
    """Class names and boxes of one picture in pixels."""
    height, width = label["shape"]
    boxes: Seen = []
    for index, (cx, cy, w, h) in zip(label["cls"][:, 0], label["bboxes"].tolist(), strict=True):
        corners = (cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height
        boxes.append((names[int(index)], corners))
    return boxes
