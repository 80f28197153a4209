"""Ultralytics trains an epoch on our datasets with the smallest models, built from their description: no weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.consumers.datasets import CLASSIFIED, Workshop
from tests.consumers.ultralytics_reading import ultralytics, warned

pytestmark = [
    pytest.mark.consumers,
    # Its own: files left open, and warnings of torch about its use of torch.
    pytest.mark.filterwarnings("ignore"),
]
TINY: dict[str, Any] = {
    "epochs": 1,
    "imgsz": 64,
    "batch": 5,
    "device": "cpu",
    "workers": 0,
    "amp": False,
    "plots": False,
    "pretrained": False,
}


@pytest.mark.parametrize(
    ("bundle", "task", "model"),
    [
        pytest.param("blood_cells", "detect", "yolo11n.yaml", marks=pytest.mark.shared_data),
        ("seed_tasks", "segment", "yolo11n-seg.yaml"),
        ("dm_v2_unwrapped", "pose", "yolo11n-pose.yaml"),
        ("mixed_layouts", "obb", "yolo11n-obb.yaml"),
        (CLASSIFIED, "classify", "yolo11n-cls.yaml"),
    ],
)
def test_it_trains_for_one_epoch(
    workshop: Workshop, bundle: str, task: str, model: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dataset = workshop.dataset(bundle, task)
    monkeypatch.chdir(tmp_path)
    data = dataset.folder if task == "classify" else dataset.folder / "data.yaml"
    network = ultralytics.YOLO(model)
    with warned() as messages:
        network.train(data=str(data), project=str(tmp_path / "runs"), **TINY)

    of_data = [text for text in messages if "labels" in text.lower() or "images" in text.lower() or "skip" in text]
    assert of_data == []
    assert (Path(network.trainer.save_dir) / "weights" / "last.pt").is_file()
    trained = {path for path, _ in dataset.of("train") if (dataset.folder / path).is_file()}
    assert len(network.trainer.train_loader.dataset) == len(trained)
