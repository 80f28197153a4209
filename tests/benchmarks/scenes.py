"""Seeded scenes for benchmarks: as many pictures and objects as photographs of everyday things have, drawn by chance.

A picture depends on the seed and its own number alone, so that a small scale is the beginning of a large one in all
but the number of objects a picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["CLASSES", "SCALES", "Scene", "Thing", "scenes"]

#: Pictures and objects of each scale.
SCALES = {
    "1k": (1_000, 8_000),
    "3k": (3_000, 24_000),
    "20k": (20_000, 150_000),
    "118k": (118_000, 860_000),
    "1m": (1_000_000, 7_500_000),
}
CLASSES = (  # noqa: SIM905 - a list to read
    "person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,stop sign,parking meter,"
    "bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,backpack,umbrella,handbag,tie,suitcase,frisbee,"
    "skis,snowboard,sports ball,kite,baseball bat,baseball glove,skateboard,surfboard,tennis racket,bottle,wine glass,"
    "cup,fork,knife,spoon,bowl,banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,"
    "potted plant,bed,dining table,toilet,tv,laptop,mouse,remote,keyboard,cell phone,microwave,oven,toaster,sink,"
    "refrigerator,book,clock,vase,scissors,teddy bear,hair drier,toothbrush"
).split(",")
_SIZES = ((640, 480), (480, 640), (640, 427), (500, 375), (640, 640))
_LEVELS = ("easy", "medium", "hard")
#: Streams of chance: the number of objects, the objects themselves.
_COUNTS, _OBJECTS = 0xC0C0, 1

Numbers = NDArray[np.float64]


class Thing(NamedTuple):
    """One object; pixels. ``rings`` are flat and lie within ``bbox`` (x, y, width, height)."""

    id: int
    label: str
    bbox: tuple[float, float, float, float]
    rings: list[list[float]]
    area: float
    iscrowd: bool
    attributes: dict[str, Any]


class Scene(NamedTuple):
    """One picture."""

    number: int
    width: int
    height: int
    things: list[Thing]

    @property
    def name(self) -> str:
        """File name of the picture."""
        return f"{self.number + 1:012d}.jpg"


def scenes(scale: str, seed: int) -> Iterator[Scene]:
    """All pictures of a scale in order; annotation ids ascend from 1."""
    pictures, objects = SCALES[scale]
    first = 1
    for number, count in enumerate(_object_counts(pictures, objects, seed)):
        yield _scene(number, int(count), seed, first)
        first += int(count)


def _object_counts(pictures: int, objects: int, seed: int) -> NDArray[np.int64]:
    """Objects of each picture: many have a few, some have many, one in a hundred has none; the sum is exact."""
    chance = np.random.default_rng([seed, _COUNTS])
    counts = chance.negative_binomial(1.2, 1.2 / (1.2 + objects / pictures), pictures) + 1
    counts[chance.random(pictures) < 0.009] = 0
    while missing := objects - int(counts.sum()):
        changeable = np.flatnonzero(counts > (1 if missing < 0 else 0))
        counts[chance.choice(changeable, min(abs(missing), pictures // 2), replace=False)] += 1 if missing > 0 else -1
    return counts


def _scene(number: int, count: int, seed: int, first: int) -> Scene:
    chance = np.random.default_rng([seed, _OBJECTS, number])
    width, height = _SIZES[int(chance.integers(len(_SIZES)))]
    if count == 0:
        return Scene(number, width, height, [])
    classes = np.minimum(chance.geometric(0.045, count) - 1, len(CLASSES) - 1)
    parts = 1 + (chance.random(count) < 0.08)
    corners = chance.integers(20, 61, int(parts.sum()))
    crowds = chance.random(count) < 0.012
    flags = chance.random((count, 2)) < (0.2, 0.1)
    levels = chance.integers(0, len(_LEVELS), count)
    xs, ys = _outlines(chance, width, height, parts, corners)
    ends = np.cumsum(corners)
    starts = ends - corners
    firsts = np.cumsum(parts) - parts
    things = []
    for at in range(count):
        rings = range(int(firsts[at]), int(firsts[at] + parts[at]))
        spans = [slice(int(starts[ring]), int(ends[ring])) for ring in rings]
        whole = slice(spans[0].start, spans[-1].stop)
        bbox = _box(xs[whole], ys[whole])
        attributes = {
            "occluded": bool(flags[at, 0]),
            "truncated": bool(flags[at, 1]),
            "difficulty": _LEVELS[int(levels[at])],
        }
        area = sum(_area(xs[span], ys[span]) for span in spans)
        flat = [np.column_stack((xs[span], ys[span])).ravel().tolist() for span in spans]
        things.append(Thing(first + at, CLASSES[int(classes[at])], bbox, flat, area, bool(crowds[at]), attributes))
    return Scene(number, width, height, things)


def _outlines(
    chance: np.random.Generator, width: int, height: int, parts: NDArray[np.int64], corners: NDArray[np.int64]
) -> tuple[Numbers, Numbers]:
    """Points of star-shaped rings around the middle of their object, to a hundredth of a pixel."""
    count = len(parts)
    centre_x, centre_y = chance.uniform(8, width - 8, count), chance.uniform(8, height - 8, count)
    radius = np.exp(chance.uniform(np.log(6), np.log(0.45 * min(width, height)), count))
    total = int(corners.sum())
    ring = np.repeat(np.arange(len(corners)), corners)
    owner = np.repeat(np.repeat(np.arange(count), parts), corners)
    step = np.arange(total) - (np.cumsum(corners) - corners)[ring]
    angle = 2 * np.pi * (step + chance.uniform(0, 0.9, total)) / corners[ring]
    reach = radius[owner] * chance.uniform(0.6, 1.0, total)
    return (
        np.rint(np.clip(centre_x[owner] + reach * np.cos(angle), 0, width) * 100) / 100,
        np.rint(np.clip(centre_y[owner] + reach * np.sin(angle), 0, height) * 100) / 100,
    )


def _box(xs: Numbers, ys: Numbers) -> tuple[float, float, float, float]:
    left, top = float(xs.min()), float(ys.min())
    return left, top, round(float(xs.max()) - left, 2), round(float(ys.max()) - top, 2)


def _area(xs: Numbers, ys: Numbers) -> float:
    return abs(float(np.dot(xs, np.roll(ys, -1)) - np.dot(ys, np.roll(xs, -1)))) / 2
