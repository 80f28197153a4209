"""Every fixture bundle, in every dialect, read by its tool's own rules: box for box what the pictures hold."""

from __future__ import annotations

import numpy as np
import pytest
from tests.consumers.datasets import Dataset, Workshop, assert_same_corners, whole_corners
from tests.consumers.ground_truth import FIXTURES, Corners, Scene, Thing, covered
from tests.formats.csv import oracles

BUNDLES = sorted(folder.name for folder in (FIXTURES / "bundles").iterdir())
OUTPUTS = {
    name: f"csv:dialect={name}" for name in ("long", "parquet", "retinanet", "tfod", "openimages", "via", "automl")
}
#: The last decimal of a fraction, as a share of the picture.
ROUNDED = 1e-6


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("oracles"), OUTPUTS)


def no_crowd(_: Scene, thing: Thing) -> Corners | None:
    return None if thing.crowd else thing.box


def sizes(dataset: Dataset) -> oracles.Sizes:
    return {path: (scene.width, scene.height) for path, scene in dataset.pictures.items()}


def of_fractions(scene: Scene) -> float:
    return 2 * ROUNDED * max(scene.width, scene.height)


@pytest.mark.parametrize("bundle", BUNDLES)
def test_keras_retinanet_reads_every_box(workshop: Workshop, bundle: str) -> None:
    dataset = workshop.dataset(bundle, "retinanet")
    for split in dataset.splits:
        found = oracles.read_retinanet(dataset.folder, split)
        assert found.keys() == {path for path, _ in dataset.of(split)}
        assert_same_corners(found, dataset, lambda s, t: None if t.crowd else whole_corners(s, t))


@pytest.mark.parametrize("bundle", BUNDLES)
def test_the_examples_of_tensorflow_hold_every_box(workshop: Workshop, bundle: str) -> None:
    dataset = workshop.dataset(bundle, "tfod")
    for split in dataset.splits:
        found = oracles.read_tfod(dataset.folder, split)
        assert found.keys() == {path for path, _ in dataset.of(split)}
        assert_same_corners(found, dataset, no_crowd, lambda _: ROUNDED)


@pytest.mark.parametrize("bundle", BUNDLES)
def test_open_images_readers_find_every_box_crowds_too(workshop: Workshop, bundle: str) -> None:
    dataset = workshop.dataset(bundle, "openimages")
    with_files(dataset)
    for split in dataset.splits:
        found = oracles.read_open_images(dataset.folder, split, sizes(dataset))
        assert found.keys() == {path for path, _ in dataset.of(split)}
        assert_same_corners(found, dataset, lambda _, thing: thing.box, of_fractions)


def with_files(dataset: Dataset) -> None:
    """Put an empty file where the bundle had no picture, since the reader goes by the names of files."""
    (dataset.folder / "images").mkdir(exist_ok=True)
    for path in dataset.pictures:
        (dataset.folder / path).touch()


@pytest.mark.parametrize("bundle", BUNDLES)
def test_automl_imports_every_box_that_it_takes(workshop: Workshop, bundle: str) -> None:
    dataset = workshop.dataset(bundle, "automl")
    found = oracles.read_automl(dataset.folder, sizes(dataset))
    words = {"train": "TRAIN", "val": "VALIDATION", "test": "TEST"}
    split_is_said = bundle == "splits" or set(found) - {"UNASSIGNED"}
    for word, boxes in found.items():
        for path in boxes:
            expected = words.get(dataset.pictures[path].split, "UNASSIGNED") if split_is_said else "UNASSIGNED"
            assert word == expected
    whole = {path: boxes for of_word in found.values() for path, boxes in of_word.items()}
    assert whole.keys() == dataset.pictures.keys()
    assert_same_corners(whole, dataset, large_enough, of_fractions)


def large_enough(scene: Scene, thing: Thing) -> Corners | None:
    x0, y0, x1, y1 = thing.box
    wide = round((x1 - x0) / scene.width, 6) >= 0.01 and round((y1 - y0) / scene.height, 6) >= 0.01
    return thing.box if wide and not thing.crowd else None


@pytest.mark.parametrize("bundle", BUNDLES)
def test_via_shows_the_pixels_of_every_class(workshop: Workshop, bundle: str) -> None:
    dataset = workshop.dataset(bundle, "via")
    for split in dataset.splits:
        found = oracles.read_via(dataset.folder / f"via_region_data_{split}.csv")
        paths = {f"images/{name}": regions for (name, _), regions in found.items()}
        assert paths.keys() == {path for path, _ in dataset.of(split)}
        for name, size in found:
            there = (dataset.folder / f"images/{name}").exists()
            assert size == ((dataset.folder / f"images/{name}").stat().st_size if there else -1)
        for path, regions in paths.items():
            assert_same_pixels(dataset.pictures[path], regions)


def assert_same_pixels(scene: Scene, regions: list[oracles.Region]) -> None:
    shapes = [region for region in regions if region.shape in {"rect", "polygon"}]
    for label in {thing.label for thing in scene.things} | {region.label for region in shapes}:
        seen = np.zeros((scene.height, scene.width), dtype=np.bool_)
        for region in shapes:
            if region.label == label:
                seen |= covered([region.ring], scene.width, scene.height)
        truth = np.zeros_like(seen)
        for thing in scene.things:
            if thing.label != label:
                continue
            for ring in thing.rings or []:
                truth |= covered([ring], scene.width, scene.height)
            truth |= thing.pixels if thing.pixels is not None else False
        assert not (truth & ~seen).any(), f"{scene.name}: pixels of {label} are missing"
        assert scene.broken or not (seen & ~truth).any(), f"{scene.name}: pixels of {label} too many"
