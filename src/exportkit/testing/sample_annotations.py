"""Annotations that every writer must get along with: whole ones of each kind, and broken ones."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from exportkit.errors import AnnotationFault
from exportkit.records import PERSON_17, Annotation, Box, Keypoints, LazyRegion, Point, RotatedBox

__all__ = ["HEIGHT", "WIDTH", "Broken", "box_over_the_edge", "broken", "rings", "runs", "well_formed"]

#: Size in pixels of every sample picture.
WIDTH, HEIGHT = 64, 48


class Broken(NamedTuple):
    """An annotation no part of which can be read, and the code that says why."""

    title: str
    annotation: Annotation
    code: str


def rings(*outlines: list[float]) -> LazyRegion:
    """A polygon of one part for each flat ring."""
    return LazyRegion(msgspec.json.encode(outlines), "coco_rings")


def runs(counts: list[int], height: int = HEIGHT, width: int = WIDTH) -> LazyRegion:
    """A mask as COCO's run lengths, column by column."""
    return LazyRegion(msgspec.json.encode({"size": [height, width], "counts": counts}), "rle")


def _points(x: float, y: float, v: int = 2) -> Keypoints:
    return Keypoints(((x, y, v),) * len(PERSON_17.points), PERSON_17.name, PERSON_17.points)


_VALUES: dict[str, Any] = {
    "polyline": [[1, 2], [30.5, 40]],
    "cuboid": {
        "position": {"x": 1, "y": 2, "z": 3},
        "scale": {"x": 1, "y": 1, "z": 1},
        "rotation": {"x": 0, "y": 0, "z": 0},
    },
    "point_set": {"points": [1, 2, 3]},
    "caption": "a picture",
    "relation": (1, 2),
    "group": (1, 2),
    "text_range": {"ranges": [], "content": "text"},
    "audio_range": {"startTime": 0, "endTime": 1.5},
    "video_range": {"startFrame": 0, "endFrame": 9},
    "time_range": {"startTime": 0, "endTime": 1.5},
    "prompt": {"input": "question"},
    "answer": {"output": "answer"},
}


def well_formed(kind: str, label: str | None = "cat") -> Annotation:
    """A plain annotation of one kind: whole, inside the picture, no attribute, no flag."""
    geometry: dict[str, dict[str, Any]] = {
        "box": {"box": Box(4, 6, 20, 10)},
        "rotated_box": {"geometry": RotatedBox(32, 24, 20, 10, 0.5)},
        "polygon": {"region": rings([4, 6, 24, 6, 24, 16, 4, 16])},
        "mask": {"region": runs([4 * HEIGHT + 6, 10, 38, 10, WIDTH * HEIGHT - 4 * HEIGHT - 64])},
        "keypoints": {"geometry": _spread(), "box": Box(4, 6, 20, 30)},
        "point": {"geometry": Point(8, 9, 2)},
        "tag": {},
    }
    parts = geometry.get(kind) or {"geometry": _VALUES.get(kind)}
    return Annotation(index=0, kind=kind, label=label, **parts)


def _spread() -> Keypoints:
    number = len(PERSON_17.points)
    points = tuple((5 + place, 7 + place, 2) for place in range(number))
    return Keypoints(points, PERSON_17.name, PERSON_17.points)


def box_over_the_edge() -> Annotation:
    """A box that lies partly outside: what becomes of it is the user's choice."""
    return Annotation(0, "box", "cat", box=Box(-4, 6, 20, 10))


def broken() -> Iterator[Broken]:
    """Annotations whose every part is broken, with the code that a writer that reads them must give."""
    yield from _broken_boxes()
    yield from _broken_regions()
    yield from _broken_points()
    for kind in _VALUES:
        fault = AnnotationFault("E_ANNOTATION", f"This is no {kind}.")
        yield Broken(f"{kind} that could not be read", Annotation(0, kind, "cat", geometry=fault), "E_ANNOTATION")


def _broken_boxes() -> Iterator[Broken]:
    for title, box, code in (
        ("of three numbers", AnnotationFault("E_BOX_SHAPE", "A box has four numbers.", ".bbox"), "E_BOX_SHAPE"),
        ("without a box", None, "E_ANNOTATION"),
        ("of negative width", Box(30, 6, -20, 10), "E_BOX_NEGATIVE"),
        ("without width", Box(4, 6, 0, 10), "E_BOX_ZERO_AREA"),
        ("outside the picture", Box(900, 6, 20, 10), "E_OUTSIDE"),
        ("left of the picture", Box(-900, 6, 20, 10), "E_OUTSIDE"),
        ("that is not a number", Box(math.nan, 6, 20, 10), "E_NOT_FINITE"),
        ("without end", Box(4, 6, math.inf, 10), "E_NOT_FINITE"),
        ("of a million pixels and more", Box(4, 6, 2e6, 10), "E_NUMBER_RANGE"),
    ):
        yield Broken(f"box {title}", Annotation(0, "box", "cat", box=box), code)
    for title, turned, code in (
        ("of three numbers", AnnotationFault("E_BOX_SHAPE", "A box has four numbers.", ".bbox"), "E_BOX_SHAPE"),
        ("without a box", None, "E_ANNOTATION"),
        ("without width", RotatedBox(32, 24, 0, 10, 0.5), "E_BOX_ZERO_AREA"),
        ("outside the picture", RotatedBox(900, 24, 20, 10, 0.5), "E_OUTSIDE"),
        ("with a turn that is not a number", RotatedBox(32, 24, 20, 10, math.nan), "E_NOT_FINITE"),
    ):
        yield Broken(f"rotated box {title}", Annotation(0, "rotated_box", "cat", geometry=turned), code)


def _broken_regions() -> Iterator[Broken]:
    stored = AnnotationFault("E_POLYGON_ODD", "A ring has pairs of numbers.", ".segmentation[0]")
    for title, region, code in (
        ("that could not be read", stored, "E_POLYGON_ODD"),
        ("without a region", None, "E_ANNOTATION"),
        ("of an odd count of numbers", rings([4, 6, 24, 6, 24]), "E_POLYGON_ODD"),
        ("of two points", rings([4, 6, 24, 6]), "E_POLYGON_POINTS"),
        ("without area", rings([4, 6, 14, 6, 24, 6]), "E_POLYGON_ZERO_AREA"),
        ("with one bad part of two", rings([4, 6, 24, 6, 24, 16], [1, 1]), "E_POLYGON_POINTS"),
        ("outside the picture", rings([904, 6, 924, 6, 924, 16]), "E_OUTSIDE"),
        ("that is no JSON", LazyRegion(b"[[1,2", "coco_rings"), "E_ANNOTATION"),
    ):
        yield Broken(f"polygon {title}", Annotation(0, "polygon", "cat", region=region), code)
    for title, region, code in (
        ("whose runs end too early", runs([1, 2]), "E_MASK_RUNS"),
        ("of another size", runs([1, 2, 1], 2, 2), "E_MASK_SIZE"),
        ("without a pixel", runs([WIDTH * HEIGHT]), "E_MASK_EMPTY"),
        ("of an unknown encoding", LazyRegion(b'{"size":[48,64]}', "rle"), "E_MASK_ENCODING"),
    ):
        yield Broken(f"mask {title}", Annotation(0, "mask", "cat", region=region), code)


def _broken_points() -> Iterator[Broken]:
    fault = AnnotationFault("E_KEYPOINT_COUNT", "Key points are triplets.", ".keypoints")
    for title, points, code in (
        ("that could not be read", fault, "E_KEYPOINT_COUNT"),
        ("none of which is labelled", _points(0, 0, 0), "E_KEYPOINT_NONE"),
        ("all outside the picture", _points(900, 900), "E_OUTSIDE"),
    ):
        yield Broken(f"key points {title}", Annotation(0, "keypoints", "cat", geometry=points), code)
    point = AnnotationFault("E_KEYPOINT_VISIBILITY", "Visibility is 0, 1 or 2.", ".v")
    yield Broken("point that could not be read", Annotation(0, "point", "cat", geometry=point), "E_KEYPOINT_VISIBILITY")
    yield Broken("point outside the picture", Annotation(0, "point", "cat", geometry=Point(900, 9, 2)), "E_OUTSIDE")
