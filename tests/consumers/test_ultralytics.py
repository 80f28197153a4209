"""Ultralytics takes our YOLO datasets: its own verification has no word to say, and every label is the record's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tests.consumers.datasets import (
    WITHOUT_PICTURES,
    YOLO_BUNDLES,
    Seen,
    Workshop,
    assert_same_corners,
    each,
    unique,
)
from tests.consumers.ground_truth import Scene, Thing, covered
from tests.consumers.ultralytics_reading import described, labels_of, loaded, normalised, seen, verification, warned

pytestmark = [
    pytest.mark.consumers,
    # Its own: files left open, and warnings of torch about its use of torch.
    pytest.mark.filterwarnings("ignore"),
]
#: Where in a pixel it is asked whether it is covered: not at the centre, where rows of 6 decimals decide by chance.
WITHIN_PIXEL = 0.5173


@pytest.mark.parametrize("task", ["detect", "segment", "pose"])
@each(YOLO_BUNDLES, *WITHOUT_PICTURES)
def test_its_verification_finds_every_picture_and_every_box(
    workshop: Workshop, bundle: str, task: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dataset = workshop.dataset(bundle, task)
    data = described(dataset, monkeypatch, tmp_path)
    assert list(data["names"].values()) == dataset.classes
    found: dict[str, Seen] = {}
    for path, label in labels_of(dataset, task, data):
        assert len(label["segments"]) == (len(label["cls"]) if task == "segment" else 0)
        found[path] = seen(label, data["names"])
    assert found.keys() == {path for path, scene in dataset.pictures.items() if scene.has_file}
    assert_same_corners(found, dataset, unique(task), normalised)


@each(YOLO_BUNDLES, *WITHOUT_PICTURES)
def test_every_key_point_is_where_it_was_set(
    workshop: Workshop, bundle: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dataset = workshop.dataset(bundle, "pose")
    data = described(dataset, monkeypatch, tmp_path)
    (names,) = {tuple(points) for points in data["kpt_names"].values()}
    assert data["kpt_shape"] == [len(names), 3]
    if "flip_idx" in data:
        sides = [name.replace("left", "r").replace("right", "left").replace("r_", "right_") for name in names]
        assert [names[place] for place in data["flip_idx"]] == sides
    for path, label in labels_of(dataset, "pose", data):
        scene = dataset.pictures[path]
        scale = np.array([scene.width, scene.height, 1])
        rows = [
            (data["names"][int(index)], points)
            for index, points in zip(label["cls"][:, 0], label["keypoints"] * scale, strict=True)
        ]
        for thing in scene.things:
            if not thing.crowd:
                wanted = [(thing.keypoints or {}).get(name, (0, 0, 0)) for name in names]
                expected = np.array([(x, y, v) if v else (0, 0, 0) for x, y, v in wanted])
                place = next(
                    place
                    for place, (name, points) in enumerate(rows)
                    if name == thing.label and np.abs(points - expected).max() <= normalised(scene)
                )
                del rows[place]
        assert len(rows) <= scene.broken


@each(YOLO_BUNDLES, *WITHOUT_PICTURES)
def test_every_outline_covers_the_pixels_of_its_object(
    workshop: Workshop, bundle: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Holes and parts, too: seams are walked there and back, so they take and give nothing."""
    dataset = workshop.dataset(bundle, "segment")
    data = described(dataset, monkeypatch, tmp_path)
    for path, label in labels_of(dataset, "segment", data):
        scene = dataset.pictures[path]
        rows = [
            (data["names"][int(index)], outline_pixels(segment, scene))
            for index, segment in zip(label["cls"][:, 0], label["segments"], strict=True)
        ]
        for thing in scene.things:
            if not thing.crowd:
                expected = pixels_of(thing, scene)
                assert any(name == thing.label and np.array_equal(pixels, expected) for name, pixels in rows), path


def outline_pixels(segment: npt.NDArray[np.float32], scene: Scene) -> npt.NDArray[np.bool_]:
    points = segment.astype(np.float64) * [scene.width, scene.height]
    return covered([points.ravel().tolist()], scene.width, scene.height, WITHIN_PIXEL)


def pixels_of(thing: Thing, scene: Scene) -> npt.NDArray[np.bool_]:
    rings = thing.rings or thing.edges
    if rings is not None:
        return covered(rings, scene.width, scene.height, WITHIN_PIXEL)
    assert thing.pixels is not None
    return thing.pixels


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
    yolo = loaded("segment", data["train"], data)
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
        loaded("detect", data["train"], data)


def test_what_is_verified_would_be_told_if_it_were_wrong(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The verification of these tests sees a row twice and a value out of range."""
    dataset = workshop.dataset("golden", "detect")
    labels = tmp_path / "labels"
    labels.mkdir()
    (tmp_path / "images").symlink_to(dataset.folder / "images" / "train")
    (labels / "x.txt").write_text("0 0.2 0.2 0.1 0.1\n0 0.2 0.2 0.1 0.1\n")
    (labels / "x__11.txt").write_text("0 1.2 0.2 0.1 0.1\n")
    data = described(dataset, monkeypatch, tmp_path)

    loaded("detect", str(tmp_path / "images"), data)

    cache = verification.load_dataset_cache_file(tmp_path / "labels.cache")
    assert "1 duplicate labels removed" in cache["msgs"][0]
    assert "non-normalized or out of bounds" in cache["msgs"][1]
    assert cache["results"][3] == 1


@each(YOLO_BUNDLES, *WITHOUT_PICTURES)
def test_it_reads_the_layout_of_darknet_by_its_lists(
    workshop: Workshop, bundle: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A yaml over ``train.txt`` is all it needs; lines of the list are relative to where it runs."""
    dataset = workshop.dataset(bundle, "darknet")
    monkeypatch.chdir(dataset.folder)
    names = (dataset.folder / "obj.names").read_text(encoding="utf-8").split("\n")[:-1]
    assert names == dataset.classes
    listed: list[str] = []
    found: dict[str, Seen] = {}
    for path in sorted(dataset.folder.glob("*.txt")):
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
        listed += lines
        data: dict[str, Any] = {"names": dict(enumerate(names)), "nc": len(names)}
        with warned() as messages:
            yolo = loaded("detect", str(path), data)
        assert [text for text in messages if not text.startswith("Labels are missing or empty")] == []
        for label in yolo.labels:
            found[dataset.path_of(label["im_file"])] = seen(label, data["names"])
    assert sorted(listed) == sorted(path for path, scene in dataset.pictures.items() if scene.has_file)
    assert_same_corners(found, dataset, unique("detect"), normalised)
