"""What is in the pictures, told without exportkit: from the truth of the fixtures and from the sources of real data."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tests import real_bundles

__all__ = [
    "FIXTURES",
    "REAL",
    "Corners",
    "Key",
    "KeyPoint",
    "Ring",
    "Scene",
    "Thing",
    "covered",
    "fixture_scenes",
    "real_scenes",
    "turned",
    "within",
]

FIXTURES = Path(__file__).parents[2] / "fixtures"
#: Names of the bundles of real data.
REAL = sorted(real_bundles.READERS)

#: Item id and media id, as ``exportkit-images.jsonl`` has them.
Key = tuple[int | str, str | None]
#: x0, y0, x1, y1 in pixels of the upright picture, half-open (formats, section 1.1).
Corners = tuple[float, float, float, float]
#: x, y, x, y …
Ring = list[float]
#: x, y, visibility.
KeyPoint = tuple[float, float, int]


@dataclass(frozen=True)
class Thing:
    """One object with an extent."""

    label: str
    #: The declared box, else the tight one, within the picture.
    box: Corners
    #: Tight extent of the region, where there is one, else the box, within the picture.
    extent: Corners
    crowd: bool = False
    #: Key points by name: x, y and visibility, all 0 where a point is not labelled. None for other objects.
    keypoints: dict[str, KeyPoint] | None = None
    #: Rings of a polygon without holes, or of a box; None where the object is pixels.
    rings: list[Ring] | None = None
    #: Pixels of a mask or of a polygon with holes.
    pixels: npt.NDArray[np.bool_] | None = None
    #: Outer rings and holes of what has holes.
    edges: list[Ring] | None = None
    #: Corners of a box that is turned, beyond the picture where it is.
    turned: Ring | None = None
    #: Whether it is a polygon or a mask.
    region: bool = False

    @property
    def points(self) -> bool:
        """Whether it is an object of key points."""
        return self.keypoints is not None

    def covered(self, scene: Scene) -> npt.NDArray[np.bool_]:
        """The pixels of its region, by their centres."""
        if self.pixels is not None:
            return self.pixels
        return covered(self.rings or [], scene.width, scene.height)


@dataclass
class Scene:
    """One picture."""

    key: Key
    name: str
    #: Size upright.
    width: int
    height: int
    orientation: int
    #: Whether the bundle has the picture's file.
    has_file: bool
    split: str
    things: list[Thing] = field(default_factory=list)
    #: Classes of the whole picture.
    tags: list[str] = field(default_factory=list)
    #: Annotations that are broken on purpose: what becomes of them depends on what a writer reads.
    broken: int = 0
    #: Pixels by which the source is uncertain.
    blur: float = 0.0


def fixture_scenes(bundle: str) -> dict[Key, Scene]:
    """The scenes of a committed bundle."""
    truth = json.loads((FIXTURES / "truth" / f"{bundle}.json").read_text(encoding="utf-8"))
    scenes = {}
    for record in truth["records"]:
        scene = Scene(
            (record["item_id"], record["media_id"]),
            record["name"],
            record["width"],
            record["height"],
            record["orientation"],
            record["file"] is not None,
            record.get("split") or "train",
        )
        for drawn in record["annotations"]:
            if "code" in drawn:
                scene.broken += 1
            elif drawn["kind"] in {"box", "rotated_box", "polygon", "mask", "keypoints"}:
                scene.things.append(_drawn(drawn, scene.width, scene.height))
            elif drawn["kind"] == "tag":
                scene.tags.append(drawn["label"])
        scenes[scene.key] = scene
    return scenes


def _drawn(drawn: dict[str, Any], width: int, height: int) -> Thing:
    label, crowd = drawn["label"], drawn.get("iscrowd", False)
    box = _corners(drawn["box"]) if "box" in drawn else None
    if drawn["kind"] == "rotated_box":
        ring = turned(drawn["box"], drawn["rotation"])
        return Thing(label, _extent(ring), _extent(ring), crowd, rings=[ring], turned=ring)
    if drawn["kind"] == "polygon":
        rings = [[float(value) for point in ring for value in point] for part in drawn["parts"] for ring in part]
        extent = _extent([value for ring in rings for value in ring])
        if any(len(part) > 1 for part in drawn["parts"]):
            pixels = covered(rings, width, height)
            return Thing(label, box or extent, extent, crowd, pixels=pixels, edges=rings, region=True)
        return Thing(label, box or extent, extent, crowd, rings=rings, region=True)
    if drawn["kind"] == "mask":
        pixels = np.zeros(width * height, dtype=np.bool_)
        for start, length in drawn["runs"]:
            pixels[start : start + length] = True
        return _painted(label, box, pixels.reshape(height, width), crowd)
    if box is None:
        box = _around([(x, y) for _, x, y, v in drawn["keypoints"] if v > 0], width, height)
    named = {name: (x, y, v) for name, x, y, v in drawn.get("keypoints", ())}
    return Thing(label, box, box, crowd, named or None, [_rectangle(box)])


def real_scenes(bundle: real_bundles.RealBundle) -> dict[Key, Scene]:
    """The scenes of a bundle of real data."""
    scenes: dict[Key, Scene] = {}
    for record in bundle.records:
        size = record.width, record.height
        key: Key = (record.item_id, None)
        orientation = int(record.name[:-4].rpartition("_")[2]) if bundle.folder.name == "turned_photographs" else 1
        has_file = record.picture is not None
        scene = Scene(key, record.name, *size, orientation, has_file, record.split or "train")
        for annotation, (label, x, y, w, h) in zip(record.annotations, record.boxes, strict=True):
            scene.things.append(_annotated(annotation, label, (x, y, x + w, y + h), *size))
            # Four corners rounded to 6 decimals of the size are no exact rectangle: one is fitted to them.
            scene.blur = 4e-6 * max(size) if "obb" in annotation else scene.blur
        scenes[key] = scene
    return scenes


def _annotated(annotation: dict[str, Any], label: str, box: Corners, width: int, height: int) -> Thing:
    crowd = bool(annotation.get("iscrowd"))
    region = annotation.get("segmentation") or ([annotation["obb"]] if "obb" in annotation else None)
    points = _triplets(annotation["keypoints"]) if "keypoints" in annotation else None
    if isinstance(region, dict):
        return _painted(label, box, _counted(region["counts"], width, height), crowd, points)
    if not region:
        return Thing(label, box, box, crowd, points, [_rectangle(box)])
    rings = [within(ring, width, height) for ring in region]
    extent = _extent([value for ring in rings for value in ring])
    turned_corners = annotation.get("obb")
    own = extent if turned_corners else box
    return Thing(label, own, extent, crowd, points, rings, turned=turned_corners, region="segmentation" in annotation)


def _triplets(values: Sequence[float]) -> dict[str, KeyPoint]:
    """Points of a skeleton that names none: they are called by their number, from 1."""
    triplets = zip(values[::3], values[1::3], values[2::3], strict=True)
    return {str(number): (x, y, int(v)) for number, (x, y, v) in enumerate(triplets, 1)}


def _painted(
    label: str,
    box: Corners | None,
    pixels: npt.NDArray[np.bool_],
    crowd: bool,
    points: dict[str, KeyPoint] | None = None,
) -> Thing:
    rows, columns = np.nonzero(pixels)
    extent = (float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1))
    return Thing(label, box or extent, extent, crowd, points, pixels=pixels, region=True)


def _counted(counts: Sequence[int], width: int, height: int) -> npt.NDArray[np.bool_]:
    """Pixels of COCO's run lengths, which go down the columns and begin with background."""
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape(width, height).T


def covered(rings: Iterable[Ring], width: int, height: int, at: float = 0.5) -> npt.NDArray[np.bool_]:
    """Pixels whose centre, or the point ``at`` of them, is inside by the even-odd rule (formats, section 1.1).

    An edge counts where it lies on the centre or left of it, and its lower end is open: so a centre on a left or
    top side is inside, on a right or bottom side outside.
    """
    inside = np.zeros((height, width), dtype=np.bool_)
    x = np.arange(width) + at
    y = (np.arange(height) + at)[:, None]
    for ring in rings:
        for (x0, y0), (x1, y1) in _edges(ring):
            if y0 == y1:
                continue
            crossing = x0 + (y - y0) * (x1 - x0) / (y1 - y0)
            inside ^= (min(y0, y1) <= y) & (y < max(y0, y1)) & (crossing <= x)
    return inside


def _edges(ring: Ring) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    points = list(zip(ring[::2], ring[1::2], strict=True))
    return zip(points, points[1:] + points[:1], strict=True)


def within(ring: Ring, width: int, height: int) -> Ring:
    """The part of a ring that lies in the picture (Sutherland and Hodgman, side after side)."""
    for axis, limit, sign in ((0, 0.0, 1.0), (1, 0.0, 1.0), (0, float(width), -1.0), (1, float(height), -1.0)):
        kept: Ring = []
        for start, end in _edges(ring):
            ahead, behind = sign * (end[axis] - limit), sign * (start[axis] - limit)
            if ahead * behind < 0:
                share = behind / (behind - ahead)
                kept += [start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])]
            if ahead >= 0:
                kept += end
        ring = kept
    return ring


def turned(box: Sequence[float], angle: float) -> Ring:
    """Corners of a box turned about its centre, clockwise on screen, from its own top-left corner on."""
    x, y, w, h = box
    cos, sin = math.cos(angle), math.sin(angle)
    arms = [(-w / 2, -h / 2), (w / 2, -h / 2), (w / 2, h / 2), (-w / 2, h / 2)]
    return [v for dx, dy in arms for v in (x + w / 2 + dx * cos - dy * sin, y + h / 2 + dx * sin + dy * cos)]


def _around(points: list[tuple[float, float]], width: int, height: int) -> Corners:
    """The box that key points without one get: tight, at least 1 px each way, in the picture (formats, section 2.8)."""
    x0, x1 = _side([x for x, _ in points], width)
    y0, y1 = _side([y for _, y in points], height)
    return x0, y0, x1, y1


def _side(values: list[float], limit: int) -> tuple[float, float]:
    low, high = min(values), max(values)
    if high - low >= 1:
        return low, high
    low = min(max((low + high - 1) / 2, 0.0), limit - 1.0)
    return low, low + 1


def _corners(box: Sequence[float]) -> Corners:
    x, y, w, h = box
    return x, y, x + w, y + h


def _extent(ring: Ring) -> Corners:
    return min(ring[::2]), min(ring[1::2]), max(ring[::2]), max(ring[1::2])


def _rectangle(box: Corners) -> Ring:
    x0, y0, x1, y1 = box
    return [x0, y0, x1, y0, x1, y1, x0, y1]
