"""Ultralytics takes our YOLO datasets: its own verification has no word to say, and it trains.

It turns pictures upright by their EXIF orientation, so its sizes are ours.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.consumers.datasets import (
    WITHOUT_PICTURES,
    YOLO_BUNDLES,
    Dataset,
    Seen,
    Workshop,
    assert_same_corners,
    each,
    unique,
)
from tests.consumers.ground_truth import Scene

ultralytics: Any = pytest.importorskip("ultralytics")
get_cfg: Any = pytest.importorskip("ultralytics.cfg").get_cfg
YOLODataset: Any = pytest.importorskip("ultralytics.data.dataset").YOLODataset
verification: Any = pytest.importorskip("ultralytics.data.utils")

pytestmark = [
    pytest.mark.consumers,
    # Its own: files left open, and warnings of torch about its use of torch.
    pytest.mark.filterwarnings("ignore"),
]
TASKS = ["detect", "segment"]


def loaded(dataset: Dataset, task: str, split: str, data: dict[str, Any], **settings: Any) -> Any:
    settings = {"overlap_mask": False, "mask_ratio": 1, **settings}
    return YOLODataset(
        img_path=data[split], data=data, task=task, imgsz=64, augment=False, hyp=get_cfg(overrides=settings)
    )


def described(dataset: Dataset, monkeypatch: pytest.MonkeyPatch, elsewhere: Path) -> dict[str, Any]:
    """The dataset's yaml, read from another working directory."""
    monkeypatch.chdir(elsewhere)
    data: dict[str, Any] = verification.check_det_dataset(str(dataset.folder / "data.yaml"), autodownload=False)
    return data


def normalised(scene: Scene) -> float:
    """Rows have 6 decimals of the size; Ultralytics holds them as 32-bit floats."""
    return 1.2e-6 * max(scene.width, scene.height)


@pytest.mark.parametrize("task", TASKS)
@each(YOLO_BUNDLES, *WITHOUT_PICTURES)
def test_its_verification_finds_every_picture_and_every_box(
    workshop: Workshop, bundle: str, task: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dataset = workshop.dataset(bundle, task)
    data = described(dataset, monkeypatch, tmp_path)
    assert list(data["names"].values()) == dataset.classes
    with_file = {path: scene for path, scene in dataset.pictures.items() if scene.has_file}
    found: dict[str, Seen] = {}
    for split in dataset.splits:
        yolo = loaded(dataset, task, split, data)
        cache = verification.load_dataset_cache_file(dataset.folder / "labels" / f"{split}.cache")
        read, missing, empty, corrupt, total = cache["results"]
        assert cache["msgs"] == []
        assert (missing, corrupt) == (0, 0)
        assert read == total == sum(scene.has_file for _, scene in dataset.of(split))
        labels = {dataset.path_of(label["im_file"]): label for label in yolo.labels}
        assert empty == sum(len(label["cls"]) == 0 for label in labels.values())
        for path, label in labels.items():
            scene = dataset.pictures[path]
            assert label["shape"] == (scene.height, scene.width)
            assert len(label["segments"]) == (len(label["cls"]) if task == "segment" else 0)
            found[path] = seen(label, data["names"])
    assert found.keys() == with_file.keys()
    assert_same_corners(found, dataset, unique(task), normalised)


def seen(label: dict[str, Any], names: dict[int, str]) -> Seen:
    height, width = label["shape"]
    boxes: Seen = []
    for index, (cx, cy, w, h) in zip(label["cls"][:, 0], label["bboxes"].tolist(), strict=True):
        corners = (cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height
        boxes.append((names[int(index)], corners))
    return boxes


def test_every_picture_that_it_takes_is_in_the_dataset(workshop: Workshop) -> None:
    """PGM is not among its formats (formats, section 5.2)."""
    dataset = workshop.dataset("unusual_pictures", "detect")
    left_out = {scene.name for scene in dataset.scenes.values()} - {scene.name for scene in dataset.pictures.values()}
    assert left_out == {"hopper_16bit.pgm"}


@pytest.mark.parametrize("bundle", ["seed_tasks", "golden", "odd_pictures", "dm_v1_assignments"])
def test_each_object_becomes_a_mask(
    workshop: Workshop, bundle: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dataset = workshop.dataset(bundle, "segment")
    data = described(dataset, monkeypatch, tmp_path)
    yolo = loaded(dataset, "segment", "train", data)
    for place, label in enumerate(yolo.labels):
        sample = yolo[place]
        assert len(sample["cls"]) == len(label["cls"]), label["im_file"]
        masks = sample["masks"]
        assert len(masks) == len(label["cls"])
        assert int((masks.flatten(1).sum(1) > 0).sum()) == len(label["cls"])


def test_a_dataset_without_a_picture_is_refused_in_words(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing that one could write would be taken (formats, section 5.2); our ``check`` says ``C_EMPTY``."""
    dataset = workshop.dataset("zero_results", "detect")
    data = described(dataset, monkeypatch, tmp_path)
    assert data["names"] == {0: "object"}
    with pytest.raises(FileNotFoundError, match="Error loading data"):
        loaded(dataset, "detect", "train", data)


@pytest.mark.parametrize(
    ("bundle", "task"),
    [pytest.param("blood_cells", "detect", marks=pytest.mark.shared_data), ("seed_tasks", "segment")],
)
def test_it_trains_for_one_epoch(
    workshop: Workshop, bundle: str, task: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The smallest model, built from its description: no weights are fetched."""
    dataset = workshop.dataset(bundle, task)
    monkeypatch.chdir(tmp_path)
    model = ultralytics.YOLO("yolo11n.yaml" if task == "detect" else "yolo11n-seg.yaml")
    model.train(
        data=str(dataset.folder / "data.yaml"),
        epochs=1,
        imgsz=64,
        batch=5,
        device="cpu",
        workers=0,
        amp=False,
        plots=False,
        project=str(tmp_path / "runs"),
    )
    assert (Path(model.trainer.save_dir) / "weights" / "last.pt").is_file()
    assert len(model.trainer.train_loader.dataset) == len(dataset.pictures)
