"""torchvision's VOCSegmentation reads our planes, and they are what the truth of the fixtures has.

It opens planes as Pillow images of mode ``P`` and gives their pixels as classes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from tests.consumers.datasets import Dataset, Workshop
from tests.consumers.ground_truth import FIXTURES, Scene, covered

torchvision: Any = pytest.importorskip("torchvision")

pytestmark = [
    pytest.mark.consumers,
    # torchvision leaves it to the garbage collector to close the pictures.
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning"),
]

Plane = npt.NDArray[np.uint8]
VOID = 255
#: Committed bundles with regions, all of whose annotations are whole.
BUNDLES = [
    "dm_v1_assignments",
    "dm_v2_unwrapped",
    "dm_v2_wrapped_ground_truth",
    "golden",
    "mixed_layouts",
    "odd_pictures",
    "seed_tasks",
    "single_file",
    "twins_parts",
]
_WRITTEN = frozenset({"box", "rotated_box", "polygon", "mask", "keypoints"})


def pixels(drawn: dict[str, Any], width: int, height: int) -> npt.NDArray[np.bool_] | None:
    """What the planes have of an annotation: regions, and boxes that consumers are to ignore."""
    if drawn["kind"] == "polygon":
        rings = [[float(value) for point in ring for value in point] for part in drawn["parts"] for ring in part]
        return covered(rings, width, height)
    if drawn["kind"] == "mask":
        found = np.zeros(width * height, dtype=np.bool_)
        for start, length in drawn["runs"]:
            found[start : start + length] = True
        return found.reshape(height, width)
    if drawn.get("iscrowd"):
        x, y, w, h = drawn["box"]
        return covered([[x, y, x + w, y, x + w, y + h, x, y + h]], width, height)
    return None


def labels_of(record: dict[str, Any]) -> list[str]:
    """Class of each object that is in the annotation file."""
    return [drawn["label"] for drawn in record["annotations"] if "code" not in drawn and drawn["kind"] in _WRITTEN]


def painted(record: dict[str, Any], classes: list[str]) -> tuple[Plane, Plane] | None:
    """Both planes, painted without exportkit in the order of the source; None for a picture without a region."""
    width, height = record["width"], record["height"]
    planes = (np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8))
    written = [drawn for drawn in record["annotations"] if "code" not in drawn and drawn["kind"] in _WRITTEN]
    if not any(drawn["kind"] in {"polygon", "mask"} for drawn in written):
        return None
    for number, drawn in enumerate(written, 1):
        region = pixels(drawn, width, height)
        if region is not None:
            crowd = drawn.get("iscrowd", False)
            planes[0][region] = VOID if crowd else classes.index(drawn["label"]) + 1
            planes[1][region] = VOID if crowd else number
    return planes


def records(bundle: str) -> dict[tuple[Any, Any], dict[str, Any]]:
    truth = json.loads((FIXTURES / "truth" / f"{bundle}.json").read_text(encoding="utf-8"))
    return {(record["item_id"], record["media_id"]): record for record in truth["records"]}


def loaded(dataset: Dataset) -> Iterator[tuple[str, Path, Any, int]]:
    """Stem, path of the class plane, loader and place of every picture that torchvision finds."""
    for split in dataset.splits:
        loader = torchvision.datasets.VOCSegmentation(dataset.folder, year="2007", image_set=split)
        for place, mask in enumerate(loader.masks):
            yield Path(mask).stem, Path(mask), loader, place


@pytest.mark.parametrize("bundle", BUNDLES)
def test_both_planes_are_what_the_truth_has(workshop: Workshop, bundle: str) -> None:
    dataset = workshop.dataset(bundle, "voc_segment")
    (label_map,) = dataset.folder.rglob("labelmap.txt")
    classes = [line.partition(":")[0] for line in label_map.read_text("utf-8").splitlines()[1:]]
    truth = records(bundle)
    expected: dict[str, tuple[Plane, Plane]] = {}
    scenes: dict[str, Scene] = {}
    for path, scene in dataset.pictures.items():
        planes = painted(truth[scene.key], classes)
        if planes is not None:
            expected[Path(path).stem], scenes[Path(path).stem] = planes, scene

    found = dict.fromkeys(stem for stem, *_ in loaded(dataset))
    assert found.keys() == expected.keys()
    for stem, plane, loader, place in loaded(dataset):
        assert_planes(plane, expected[stem], labels_of(truth[scenes[stem].key]))
        if scenes[stem].has_file and Path(loader.images[place]).exists():
            _, target = loader[place]
            assert target.mode == "P"
            np.testing.assert_array_equal(np.asarray(target), expected[stem][0])


def assert_planes(path: Path, expected: tuple[Plane, Plane], labels: list[str]) -> None:
    """The class plane is the expected one; the object plane is but for the numbers, which follow the XML file."""
    root = path.parents[1]
    with Image.open(path) as classes, Image.open(root / "SegmentationObject" / path.name) as objects:
        assert (classes.mode, objects.mode) == ("P", "P")
        np.testing.assert_array_equal(np.asarray(classes), expected[0])
        pairs = set(zip(expected[1].ravel().tolist(), np.asarray(objects).ravel().tolist(), strict=True))
    assert len({wanted for wanted, _ in pairs}) == len({number for _, number in pairs}) == len(pairs)
    names = [name.text for name in ET.parse(root / "Annotations" / f"{path.stem}.xml").iterfind("object/name")]
    for wanted, number in pairs:
        assert wanted == number if {wanted, number} & {0, VOID} else names[number - 1] == labels[wanted - 1]


def test_the_golden_case_has_190_pixels_of_its_class(workshop: Workshop) -> None:
    """Formats, section 9."""
    dataset = workshop.dataset("golden", "voc_segment")
    loader = torchvision.datasets.VOCSegmentation(dataset.folder, year="2007", image_set="train")

    assert len(loader) == 1
    picture, target = loader[0]
    assert picture.size == target.size == (100, 80)
    assert (target.mode, target.getpalette()[3:6]) == ("P", [128, 0, 0])
    assert dict(zip(*np.unique(np.asarray(target), return_counts=True), strict=True)) == {0: 7810, 1: 190}
