"""Ultralytics reads the corners of our rotated boxes: in the record's order, and the smallest rectangle of a region."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tests.consumers.datasets import WITHOUT_PICTURES, YOLO_BUNDLES, Workshop, each
from tests.consumers.ground_truth import Corners, Ring, Scene, Thing, within
from tests.consumers.ultralytics_reading import described, labels_of, loaded, normalised

shapely = pytest.importorskip("shapely")

pytestmark = [pytest.mark.consumers, pytest.mark.filterwarnings("ignore")]

Points = npt.NDArray[np.float64]


def rectangle(box: Corners) -> Points:
    x0, y0, x1, y1 = box
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], dtype=np.float64)


def smallest_rectangles(points: Points, scene: Scene) -> list[Points]:
    """Every rectangle of the smallest area around some points, limited to the picture (formats, section 5.2)."""
    hull = np.array(shapely.MultiPoint(points).convex_hull.exterior.coords)
    found: list[tuple[float, Points]] = []
    for start, end in pairwise(hull):
        along = (end - start) / np.hypot(*(end - start))
        axes = np.array([along, [-along[1], along[0]]])
        low, high = (hull @ axes.T).min(axis=0), (hull @ axes.T).max(axis=0)
        corners = np.array([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]]) @ axes
        found.append((float(np.prod(high - low)), np.clip(corners, 0, [scene.width, scene.height])))
    least = min(area for area, _ in found)
    return [corners for area, corners in found if area <= least * (1 + 1e-7)]


def points_of(rings: list[Ring]) -> Points:
    return np.array([value for ring in rings for value in ring], dtype=np.float64).reshape(-1, 2)


def expected(thing: Thing, scene: Scene) -> list[Points]:
    """Corners that a row may have; the order counts for those of boxes alone."""
    if thing.turned is not None:
        inside = within(thing.turned, scene.width, scene.height)
        whole = points_of([thing.turned])
        return (
            [whole]
            if np.allclose(np.clip(whole, 0, [scene.width, scene.height]), whole, atol=1e-3)
            else (smallest_rectangles(points_of([inside]), scene))
        )
    if not thing.region or thing.points:
        return [rectangle(thing.box)]
    if thing.edges is None and thing.pixels is not None:
        rows, columns = np.nonzero(thing.pixels)
        offsets = [(0, 0), (0, 1), (1, 0), (1, 1)]
        corners = np.concatenate([np.stack([columns + dx, rows + dy], axis=1) for dx, dy in offsets])
        return smallest_rectangles(corners.astype(np.float64), scene)
    rings = [within(ring, scene.width, scene.height) for ring in thing.rings or thing.edges or []]
    return smallest_rectangles(points_of(rings), scene)


def same(row: Points, corners: Points, tolerance: float, *, in_order: bool) -> bool:
    turns = [corners] if in_order else [np.roll(corners[::way], turn, axis=0) for way in (1, -1) for turn in range(4)]
    return any(np.abs(row - turned).max() <= tolerance for turned in turns)


@each(YOLO_BUNDLES, *WITHOUT_PICTURES)
def test_every_row_has_the_corners_of_its_object(
    workshop: Workshop, bundle: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dataset = workshop.dataset(bundle, "obb")
    data = described(dataset, monkeypatch, tmp_path)
    assert list(data["names"].values()) == dataset.classes
    found = set()
    for path, label in labels_of(dataset, "obb", data):
        found.add(path)
        scene = dataset.pictures[path]
        scale = np.array([scene.width, scene.height], dtype=np.float64)
        rows = [
            (data["names"][int(index)], corners * scale)
            for index, corners in zip(label["cls"][:, 0], label["segments"], strict=True)
        ]
        free = list(range(len(rows)))
        things = [thing for thing in scene.things if not thing.crowd]
        for thing in things:
            choices = expected(thing, scene)
            in_order = len(choices) == 1 and (thing.turned is not None or not thing.region)
            tolerance = normalised(scene) + scene.blur
            taken = [
                place
                for place, (name, row) in enumerate(rows)
                if name == thing.label and any(same(row, choice, tolerance, in_order=in_order) for choice in choices)
            ]
            assert taken, (path, thing.label, choices, rows)
            free = [place for place in free if place not in taken]
        # Equal rows are written once; broken annotations may have left something.
        assert len(rows) <= len(things) + scene.broken
        assert len(free) <= scene.broken
    assert found == {path for path, scene in dataset.pictures.items() if scene.has_file}


@pytest.mark.parametrize("bundle", ["seed_tasks", "mixed_layouts"])
def test_training_samples_have_every_rotated_box(
    workshop: Workshop, bundle: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dataset = workshop.dataset(bundle, "obb")
    data = described(dataset, monkeypatch, tmp_path)
    yolo = loaded("obb", data["train"], data)
    for place, label in enumerate(yolo.labels):
        assert yolo[place]["bboxes"].shape == (len(label["cls"]), 5)
