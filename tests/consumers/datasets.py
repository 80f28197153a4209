"""Datasets that ``exportkit convert`` makes of a bundle, beside what the pictures hold in truth."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests import real_bundles
from tests.consumers.classified import classified_bundle
from tests.consumers.ground_truth import FIXTURES, REAL, Corners, Key, Scene, Thing, fixture_scenes, real_scenes

__all__ = [
    "BUNDLES",
    "CLASSIFIED",
    "OUTPUTS",
    "WITHOUT_PICTURES",
    "YOLO_BUNDLES",
    "Dataset",
    "Seen",
    "Workshop",
    "assert_same_boxes",
    "assert_same_corners",
    "each",
    "half_up",
    "matched",
    "unique",
    "whole_corners",
]

#: Every fixture bundle and every bundle of real data.
BUNDLES = [*sorted(folder.name for folder in (FIXTURES / "bundles").iterdir()), *REAL]
#: Datasets by name, all made by one run.
OUTPUTS = {
    "coco": "coco",
    "coco_separate": "coco:boxes=separate",
    "coco_panoptic": "coco:panoptic=yes,layout=2017",
    "coco_semantic": "coco:segmentation=semantic,panoptic=yes",
    "coco_roboflow": "coco:layout=roboflow",
    "detect": "yolo:task=detect",
    "segment": "yolo:task=segment",
    "pose": "yolo:task=pose",
    "obb": "yolo:task=obb",
    "darknet": "yolo:dialect=darknet",
    "voc": "voc",
    "voc_2007": "voc:year=2007",
    "voc_jpeg": "voc:year=2007,images=transcode",
    "voc_rotated": "voc:year=2007,robndbox=yes",
    "voc_segment": "voc:year=2007,task=segment",
    "long": "csv",
    "retinanet": "csv:dialect=retinanet",
    "tfod": "csv:dialect=tfod",
}
#: The bundle whose pictures have a class each, and what is made of it.
CLASSIFIED = "classified"
CLASSIFIED_OUTPUTS = {"classify": "yolo:task=classify"}
#: Bundles whose pictures are all smaller than Ultralytics takes: nothing is written for it.
TOO_SMALL = {"coco_instances", "coco_keypoints"}
#: The others.
YOLO_BUNDLES = [bundle for bundle in BUNDLES if bundle not in TOO_SMALL]
#: Bundles of which no picture is at hand.
WITHOUT_PICTURES = {"zero_results", "terrain_polygons", "panlabel_boxes"}
#: Objects of a picture as a consumer tells them: class name and corners.
Seen = list[tuple[str, Corners]]


def each(bundles: Iterable[str], *without: str) -> pytest.MarkDecorator:
    """Run a test for each of the bundles, but for those named."""
    names = [bundle for bundle in bundles if bundle not in without]
    return pytest.mark.parametrize(
        "bundle", [pytest.param(name, marks=pytest.mark.shared_data) if name in REAL else name for name in names]
    )


@dataclass(frozen=True)
class Dataset:
    """One published dataset."""

    folder: Path
    #: Scenes by path of their picture, relative to the folder.
    pictures: dict[str, Scene]
    #: All scenes of the bundle.
    scenes: dict[Key, Scene]
    classes: list[str]

    @property
    def splits(self) -> list[str]:
        return sorted({scene.split for scene in self.scenes.values()}) or ["train"]

    def of(self, split: str) -> Iterator[tuple[str, Scene]]:
        """Path and scene of each picture of one split."""
        return ((path, scene) for path, scene in self.pictures.items() if scene.split == split)

    def path_of(self, picture: str | Path) -> str:
        """The path in ``pictures`` of a file that a consumer names."""
        return Path(picture).resolve().relative_to(self.folder.resolve()).as_posix()


class Workshop:
    """Makes the datasets of a bundle when the first of them is asked for."""

    def __init__(self, folder: Path, outputs: Mapping[str, str] = OUTPUTS) -> None:
        self.folder = folder
        self._outputs = outputs
        self._made: dict[str, dict[str, Dataset]] = {}

    def dataset(self, bundle: str, output: str) -> Dataset:
        """One dataset of a bundle."""
        if bundle not in self._made:
            self._made[bundle] = self._make(bundle)
        return self._made[bundle][output]

    def _make(self, bundle: str) -> dict[str, Dataset]:
        source, scenes = self._bundle(bundle)
        target = self.folder / "datasets" / bundle
        outputs = CLASSIFIED_OUTPUTS if bundle == CLASSIFIED else self._outputs
        if bundle in TOO_SMALL:
            outputs = {name: spec for name, spec in outputs.items() if "yolo" not in spec}
        arguments = [f"{spec}{',' if ':' in spec else ':'}as={name}" for name, spec in outputs.items()]
        # Of one output the dataset would be the target itself.
        target = target / next(iter(outputs)) if len(outputs) == 1 else target
        command = [sys.executable, "-m", "exportkit", "convert", str(source), "-o", str(target), "--json", "--quiet"]
        classes = FIXTURES / "classes" / f"{bundle}.txt"
        if classes.exists():
            command += ["--classes", str(classes)]
        run = subprocess.run(
            [*command, *(part for argument in arguments for part in ("--to", argument))],
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode in {0, 3}, run.stdout[-2000:] + run.stderr[-2000:]
        told = {output["name"]: output for output in json.loads(run.stdout)["outputs"]}
        root = target.parent if len(outputs) == 1 else target
        return {name: _published(root / name, scenes, told[name]["classes"]) for name in outputs}

    def _bundle(self, bundle: str) -> tuple[Path, dict[Key, Scene]]:
        """Where the bundle lies, and its scenes."""
        folder = self.folder / "bundles" / bundle
        if bundle == CLASSIFIED:
            folder.mkdir(parents=True)
            return folder, classified_bundle(folder)
        if bundle not in REAL:
            return FIXTURES / "bundles" / bundle, fixture_scenes(bundle)
        real = real_bundles.READERS[bundle](folder)
        if real is None:
            pytest.skip("the real photographs (../shared/data) are not on this machine")
        return real.folder, real_scenes(real)


def _published(folder: Path, scenes: dict[Key, Scene], classes: list[str]) -> Dataset:
    pictures = {}
    for line in (folder / "exportkit-images.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        pictures[row["path"]] = scenes[row["record"], row["media"]]
    return Dataset(folder, pictures, scenes, classes)


def matched(seen: Seen, expected: Iterable[tuple[str, Corners]], tolerance: float) -> list[int | None]:
    """For each expected object the position of the one seen in its place, or None."""
    free = dict(enumerate(seen))
    found: list[int | None] = []
    for label, box in expected:
        distances = {
            place: max(abs(a - b) for a, b in zip(corners, box, strict=True))
            for place, (name, corners) in free.items()
            if name == label
        }
        nearest = min(distances, key=distances.__getitem__, default=None)
        if nearest is not None and not distances[nearest] <= tolerance:
            nearest = None
        if nearest is not None:
            del free[nearest]
        found.append(nearest)
    return found


def assert_same_boxes(seen: Seen, scene: Scene, expected: list[tuple[str, Corners]], tolerance: float) -> None:
    """Every expected box was seen, and no other one (but for what broken annotations may have left)."""
    places = matched(seen, expected, tolerance)
    missing = [thing for thing, place in zip(expected, places, strict=True) if place is None]
    assert not missing, f"{scene.name}: {missing} not among {seen}"
    assert len(expected) <= len(seen) <= len(expected) + scene.broken, f"{scene.name}: {seen}, not {expected}"


def assert_same_corners(
    found: dict[str, Seen],
    dataset: Dataset,
    expect: Callable[[Scene, Thing], Corners | None],
    tolerance: Callable[[Scene], float] = lambda _: 0.0,
) -> None:
    """The boxes that a consumer found in each picture are the expected ones; None says that a thing has none."""
    for path, seen in found.items():
        scene = dataset.pictures[path]
        boxes = ((thing.label, expect(scene, thing)) for thing in scene.things)
        assert_same_boxes(
            seen, scene, [(label, box) for label, box in boxes if box is not None], tolerance(scene) + scene.blur
        )


def whole_corners(scene: Scene, thing: Thing) -> Corners:
    """A box of whole pixels, at least one each way (formats, sections 5.3 and 5.4)."""
    x0, y0, x1, y1 = (half_up(value) for value in thing.box)
    if x1 <= x0:
        x0 = min(math.floor((thing.box[0] + thing.box[2]) / 2), scene.width - 1)
        x1 = x0 + 1
    if y1 <= y0:
        y0 = min(math.floor((thing.box[1] + thing.box[3]) / 2), scene.height - 1)
        y1 = y0 + 1
    return x0, y0, x1, y1


def unique(task: str) -> Callable[[Scene, Thing], Corners | None]:
    """Boxes of YOLO rows: no crowds, and no two rows of a picture are equal (formats, section 5.2)."""

    def corners(scene: Scene, thing: Thing) -> Corners | None:
        def row(other: Thing) -> object:
            return other.label, other.box, other.keypoints if task == "pose" else None

        same = next(other for other in scene.things if row(other) == row(thing))
        if thing.crowd or (task != "segment" and same is not thing):
            return None
        return thing.extent if task == "segment" else thing.box

    return corners


def half_up(value: float) -> int:
    """The whole number nearest to a value, the greater one of two (formats, section 5.3)."""
    return math.floor(value + 0.5)
