"""The readers of our CSV dialects: pandas, keras-retinanet's generator and the scripts around TF Object Detection."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.consumers.datasets import BUNDLES, Dataset, Seen, Workshop, assert_same_corners, each, half_up
from tests.consumers.ground_truth import Corners, Scene, Thing, turned, within

pandas: Any = pytest.importorskip("pandas")

pytestmark = pytest.mark.consumers
ROUNDED = 1e-6


def no_crowd(_: Scene, thing: Thing) -> Corners | None:
    return None if thing.crowd else thing.box


def whole(scene: Scene, thing: Thing) -> Corners | None:
    """Ints, half-up, at least one pixel (formats, section 5.4)."""
    if thing.crowd:
        return None
    x0, y0, x1, y1 = (half_up(value) for value in thing.box)
    assert x1 > x0
    assert y1 > y0
    return x0, y0, x1, y1


def retinanet(path: Path, classes: dict[str, int]) -> dict[str, Seen]:
    """Rows as keras-retinanet takes them: six cells, pictures relative to the file, negatives with five empty cells."""
    found: dict[str, Seen] = {}
    with path.open(newline="", encoding="utf-8") as lines:
        for picture, *corners, label in csv.reader(lines):
            seen = found.setdefault(picture, [])
            if (*corners, label) == ("",) * 5:
                continue
            x0, y0, x1, y1 = map(int, corners)
            assert x0 < x1
            assert y0 < y1
            assert label in classes
            seen.append((label, (x0, y0, x1, y1)))
    return found


@each(BUNDLES)
def test_keras_retinanet(workshop: Workshop, bundle: str) -> None:
    dataset = workshop.dataset(bundle, "retinanet")
    with (dataset.folder / "classes.csv").open(newline="", encoding="utf-8") as lines:
        classes = {name: int(index) for name, index in csv.reader(lines)}
    assert list(classes) == dataset.classes
    assert list(classes.values()) == list(range(len(classes)))
    found: dict[str, Seen] = {}
    for split in dataset.splits:
        of_split = retinanet(dataset.folder / f"annotations_{split}.csv", classes)
        assert of_split.keys() == {path for path, _ in dataset.of(split)}
        found |= of_split
    for path in found:
        opens(dataset, path)
    assert_same_corners(found, dataset, whole)


def opens(dataset: Dataset, path: str) -> None:
    scene = dataset.pictures[path]
    if scene.has_file:
        with Image.open(dataset.folder / path) as picture:
            upright = picture.size[::-1] if scene.orientation >= 5 else picture.size
        assert upright == (scene.width, scene.height)


@each(BUNDLES)
def test_tensorflow_object_detection(workshop: Workshop, bundle: str) -> None:
    """Grouped by picture, as the scripts that make records of it do; each class has an id from 1 in the label map."""
    dataset = workshop.dataset(bundle, "tfod")
    text = (dataset.folder / "label_map.pbtxt").read_text(encoding="utf-8")
    ids = [int(number) for number in re.findall(r"^\s*id:\s*(\d+)", text, re.MULTILINE)]
    assert ids == list(range(1, len(dataset.classes) + 1))
    found: dict[str, Seen] = {}
    for split in dataset.splits:
        pictures = pandas.read_csv(
            dataset.folder / f"{split}_images.csv", keep_default_na=False, dtype={"filename": str}
        )
        paths = [f"images/{unguarded(name)}" for name in pictures["filename"]]
        assert sorted(paths) == sorted(path for path, _ in dataset.of(split))
        found |= {path: [] for path in paths}
        table = table_of(dataset.folder / f"{split}_labels.csv")
        assert list(table.columns) == ["filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax"]
        for row in table.itertuples(index=False, name=None):
            name, width, height, label, *corners = row
            path = f"images/{unguarded(name)}"
            scene = dataset.pictures[path]
            assert (width, height) == (scene.width, scene.height)
            x0, y0, x1, y1 = map(float, corners)
            found[path].append((label, (x0, y0, x1, y1)))
    assert_same_corners(found, dataset, no_crowd, lambda _: ROUNDED)


def table_of(path: Path) -> Any:
    """A table in which no text reads as missing and no name as a number."""
    return pandas.read_csv(path, keep_default_na=False, dtype={"filename": str, "class": str})


def unguarded(cell: str) -> str:
    """A text cell without the mark that keeps spreadsheets from running it (formats, section 5.4, "formula guard").

    Readers other than ours meet the mark: they do not find such a picture, unless ``raw=yes`` switches it off.
    """
    return cell.removeprefix("'") if re.match(r"'['\s]*[=+\-@]", cell) else cell


def rows(dataset: Dataset) -> list[dict[str, Any]]:
    table = pandas.read_csv(dataset.folder / "annotations.csv", keep_default_na=False, dtype=str)
    listed: list[dict[str, Any]] = table.to_dict("records")
    return listed


@each(BUNDLES)
def test_pandas_reads_the_long_table(workshop: Workshop, bundle: str) -> None:
    dataset = workshop.dataset(bundle, "long")
    found: dict[str, Seen] = {}
    for row in rows(dataset):
        path = f"images/{unguarded(row['image'])}"
        scene = dataset.pictures[path]
        assert (row["image_width"], row["image_height"]) == (str(scene.width), str(scene.height))
        assert row["split"] == scene.split
        seen = found.setdefault(path, [])
        if row["x"]:
            assert dataset.classes[int(row["label_id"])] == row["label"]
            seen.append((row["label"], corners_of(row, scene)))
    assert found.keys() == dataset.pictures.keys()
    assert_same_corners(found, dataset, lambda _, thing: thing.box, lambda _: 2 * ROUNDED)


def corners_of(row: dict[str, Any], scene: Scene) -> Corners:
    x, y, w, h = (float(row[side]) for side in ("x", "y", "width", "height"))
    if not row["rotation"]:
        return x, y, x + w, y + h
    ring = within(turned((x, y, w, h), float(row["rotation"])), scene.width, scene.height)
    return min(ring[::2]), min(ring[1::2]), max(ring[::2]), max(ring[1::2])


def test_polygons_of_the_long_table_are_parts_of_rings_of_points(workshop: Workshop) -> None:
    cells = [json.loads(row["polygons"]) for row in rows(workshop.dataset("seed_tasks", "long")) if row["polygons"]]
    points = {(len(parts), len(parts[0]), len(parts[0][0]), len(parts[0][0][0])) for parts in cells}
    assert {(1, 1, 3, 2), (1, 2, 4, 2), (2, 1, 3, 2), (1, 1, 4, 2)} == points
