"""pycocotools reads our COCO files, and its boxes and masks say what the pictures hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tests.consumers.datasets import BUNDLES, Dataset, Seen, Workshop, assert_same_corners, each, matched
from tests.consumers.ground_truth import Scene, Thing, covered

run_lengths: Any = pytest.importorskip("pycocotools.mask")
COCO: Any = pytest.importorskip("pycocotools.coco").COCO

pytestmark = [
    pytest.mark.consumers,
    # pycocotools and NumPy 2 differ about copies.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
#: Computed coordinates are rounded to 6 decimals (formats, section 1.1).
ROUNDED = 1e-6


def loaded(dataset: Dataset, role: str) -> Iterator[tuple[str, Any]]:
    for path in sorted((dataset.folder / "annotations").glob(f"{role}_*.json")):
        yield path.stem.removeprefix(f"{role}_"), COCO(path)


def scenes_of(dataset: Dataset, split: str, coco: Any) -> dict[int, str]:
    """Path of the picture of each image id."""
    paths = {image["id"]: f"images/{split}/{image['file_name']}" for image in coco.dataset["images"]}
    assert set(paths.values()) == {path for path, _ in dataset.of(split)}
    return paths


def things_of(coco: Any, image: int) -> list[dict[str, Any]]:
    things: list[dict[str, Any]] = coco.loadAnns(coco.getAnnIds(imgIds=[image]))
    return things


def seen(coco: Any, things: list[dict[str, Any]]) -> Seen:
    boxes = ((thing["category_id"], thing["bbox"]) for thing in things)
    return [(coco.cats[category]["name"], (x, y, x + w, y + h)) for category, (x, y, w, h) in boxes]


@each(BUNDLES)
def test_each_picture_has_its_boxes_and_its_size(workshop: Workshop, bundle: str) -> None:
    dataset = workshop.dataset(bundle, "coco")
    found = {}
    for split, coco in loaded(dataset, "instances"):
        assert [category["name"] for category in coco.dataset["categories"]] == dataset.classes
        for image, path in scenes_of(dataset, split, coco).items():
            scene = dataset.pictures[path]
            assert (coco.imgs[image]["width"], coco.imgs[image]["height"]) == (scene.width, scene.height)
            found[path] = seen(coco, things_of(coco, image))
    assert len(found) == len(dataset.scenes)
    assert_same_corners(found, dataset, lambda _, thing: thing.box, lambda _: ROUNDED)


@each(BUNDLES)
def test_each_mask_covers_the_pixels_of_its_object(workshop: Workshop, bundle: str) -> None:
    dataset = workshop.dataset(bundle, "coco")
    for split, coco in loaded(dataset, "instances"):
        for image, path in scenes_of(dataset, split, coco).items():
            scene = dataset.pictures[path]
            things = things_of(coco, image)
            expected = scene.things
            boxes = [(thing.label, thing.box) for thing in expected]
            for thing, place in zip(expected, matched(seen(coco, things), boxes, ROUNDED + scene.blur), strict=True):
                assert place is not None
                written = things[place]
                assert written["iscrowd"] == thing.crowd
                if written["segmentation"] != []:
                    assert np.array_equal(coco.annToMask(written), pixels_of(thing, scene)), (path, thing.label)
                else:
                    assert thing.rings is not None
                    assert len(thing.rings) == 1


def pixels_of(thing: Thing, scene: Scene) -> npt.NDArray[np.bool_]:
    """Masks as they are, polygons of crowds by the centres of pixels, other polygons as pycocotools draws them."""
    if thing.pixels is not None:
        return thing.pixels
    assert thing.rings is not None
    if thing.crowd:
        return covered(thing.rings, scene.width, scene.height)
    drawn = run_lengths.merge(run_lengths.frPyObjects(thing.rings, scene.height, scene.width))
    pixels: npt.NDArray[np.bool_] = run_lengths.decode(drawn).astype(np.bool_)
    return pixels


@each(BUNDLES)
def test_boxes_and_segments_stand_in_files_of_their_own_on_request(workshop: Workshop, bundle: str) -> None:
    dataset = workshop.dataset(bundle, "coco_separate")
    together = workshop.dataset(bundle, "coco")
    apart = sum(len(coco.anns) for role in ("instances", "boxes") for _, coco in loaded(dataset, role))
    assert apart == sum(len(coco.anns) for _, coco in loaded(together, "instances"))
    for _, coco in loaded(dataset, "instances"):
        assert len({thing["segmentation"] == [] for thing in coco.anns.values()}) <= 1


def test_the_golden_case_has_its_two_pictures_and_its_one_polygon(workshop: Workshop) -> None:
    """Formats, section 9."""
    dataset = workshop.dataset("golden", "coco")
    coco = COCO(dataset.folder / "annotations" / "instances_train.json")
    assert {image: coco.imgs[image]["file_name"] for image in coco.imgs} == {10: "a/x.jpg", 11: "b/x.jpg"}
    assert things_of(coco, 10) == json.loads(
        '[{"id": 1, "image_id": 10, "category_id": 1, "bbox": [10, 10, 20, 20], "area": 200, "iscrowd": 0,'
        ' "segmentation": [[10, 10, 30, 10, 10, 30]], "attributes": {"color": "red"}}]'
    )
    assert things_of(coco, 11) == []


def test_a_dataset_without_a_record_is_read_as_empty(workshop: Workshop) -> None:
    path: Path = workshop.dataset("zero_results", "coco").folder / "annotations" / "instances_train.json"
    coco = COCO(path)
    assert (coco.dataset["images"], coco.dataset["annotations"], coco.dataset["categories"]) == ([], [], [])
