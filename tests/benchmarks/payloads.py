"""What a bundle line holds of a scene: one shape of geometry in one of the schemas that exportkit reads."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator
from math import cos, pi, sin
from typing import Any

from tests.benchmarks.scenes import Scene, Thing

from exportkit.records import PERSON_17

__all__ = ["SCHEMAS", "SHAPES", "line_of"]

#: What the objects of a bundle have. ``outlines``: box and polygon, some in two parts, some a crowd as run lengths.
#: ``single``: boxes and polygons in turn, as a schema without parts has them.
SHAPES = ("outlines", "boxes", "single", "rotated", "keypoints", "holes", "masks")
#: The schemas; DM has neither parts, crowds nor holes, so it takes ``boxes``, ``single`` and ``rotated``.
SCHEMAS = ("seed", "dm_v1", "dm_v2")

_LETTERS = string.ascii_letters + string.digits
Json = dict[str, Any]


def line_of(scene: Scene, shape: str, schema: str, seed: int) -> Json:
    """The bundle line of one scene."""
    chance = random.Random(seed << 32 | scene.number)
    if schema == "seed":
        data: Json = {"annotations": [_seed_annotation(thing, shape, scene, chance) for thing in scene.things]}
    else:
        tools = [_tool(thing, at, shape, chance) for at, thing in enumerate(scene.things)]
        data = _dm_v1(scene, tools, chance) if schema == "dm_v1" else _dm_v2(tools)
    unit = {"id": scene.number + 1, "name": scene.name, "width": scene.width, "height": scene.height}
    file = {
        "file_name_original": scene.name,
        "url": f"https://storage.invalid/p/42/{scene.number + 1}?X-Sig={scene.number:016x}",
        "bundle_path": f"files/{scene.number >> 8:04x}/{scene.name}",
    }
    return {
        "id": 10_000_000 + scene.number,
        "data": data,
        "data_unit": unit,
        "files_manifest": {"image_1": file},
    }


# -- the simple schema -----------------------------------------------------------------------------------------


def _seed_annotation(thing: Thing, shape: str, scene: Scene, chance: random.Random) -> Json:
    geometry = _SEED[shape](thing, scene, chance)
    head = {"id": thing.id, "category": thing.label}
    return {**head, **geometry, "attributes": thing.attributes}


def _outlines(thing: Thing, scene: Scene, _chance: random.Random) -> Json:
    segmentation: Any = thing.rings
    area = thing.area
    if thing.iscrowd:
        segmentation, area = _crowd(thing, scene)
    return {
        "bbox": thing.bbox,
        "segmentation": segmentation,
        "area": round(area, 4),
        "iscrowd": int(thing.iscrowd),
    }


def _crowd(thing: Thing, scene: Scene) -> tuple[Json, float]:
    """The pixels of the box as column-major run lengths, as COCO stores crowds."""
    x, y, width, height = thing.bbox
    right = min(max(int(x) + 1, int(x + width)), scene.width)
    bottom = min(max(int(y) + 1, int(y + height)), scene.height)
    left, top = min(int(x), right - 1), min(int(y), bottom - 1)
    tall = bottom - top
    runs = [left * scene.height + top] + [tall, scene.height - tall] * (right - left - 1) + [tall]
    runs.append(scene.width * scene.height - sum(runs))
    return {"size": [scene.height, scene.width], "counts": runs}, float(tall * (right - left))


def _boxes(thing: Thing, _scene: Scene, _chance: random.Random) -> Json:
    return {"bbox": thing.bbox}


def _single(thing: Thing, _scene: Scene, _chance: random.Random) -> Json:
    return {"segmentation": thing.rings[:1]} if thing.id % 2 else {"bbox": thing.bbox}


def _rotated(thing: Thing, _scene: Scene, chance: random.Random) -> Json:
    return {"bbox": _shrunk(thing), "rotation": round(chance.uniform(-pi, pi), 4)}


def _shrunk(thing: Thing) -> list[float]:
    """A box that stays inside the one of the object however it is turned about its centre."""
    x, y, width, height = thing.bbox
    side = min(width, height) * 0.7
    high = side * 0.6
    return [round(v, 2) for v in (x + (width - side) / 2, y + (height - high) / 2, side, high)]


def _keypoints(thing: Thing, _scene: Scene, chance: random.Random) -> Json:
    x, y, width, height = thing.bbox
    points: list[float | int] = []
    for _ in PERSON_17.points:
        visible = chance.choice((0, 1, 2, 2))
        place = (round(x + width * chance.random(), 2), round(y + height * chance.random(), 2))
        points += (*(place if visible else (0, 0)), visible)
    return {"bbox": thing.bbox, "keypoints": points}


def _holes(thing: Thing, _scene: Scene, _chance: random.Random) -> Json:
    """The outline with a square hole at its middle; stars reach at least 0.6 of their radius everywhere."""
    x, y, width, height = thing.bbox
    cx, cy, reach = x + width / 2, y + height / 2, min(width, height) * 0.08
    corners = (pi / 4 + quarter * pi / 2 for quarter in range(4))
    hole = [round(v, 2) for angle in corners for v in (cx + reach * cos(angle), cy + reach * sin(angle))]
    left, top, right, bottom = x, y, round(x + width, 2), round(y + height, 2)
    return {"polygon": [[left, top, right, top, right, bottom, left, bottom]], "holes": [hole]}


def _masks(thing: Thing, scene: Scene, _chance: random.Random) -> Json:
    segmentation, area = _crowd(thing, scene)
    return {"bbox": thing.bbox, "segmentation": segmentation, "area": area}


_SEED: dict[str, Callable[[Thing, Scene, random.Random], Json]] = {
    "outlines": _outlines,
    "boxes": _boxes,
    "single": _single,
    "rotated": _rotated,
    "keypoints": _keypoints,
    "holes": _holes,
    "masks": _masks,
}


# -- DM --------------------------------------------------------------------------------------------------------


def _tool(thing: Thing, at: int, shape: str, chance: random.Random) -> tuple[str, Thing, list[float], float | None]:
    """Tool, object, its box or flat ring, and the angle of a box that is turned."""
    if shape == "rotated":
        return "bounding_box", thing, _shrunk(thing), round(chance.uniform(-pi, pi), 4)
    if shape == "boxes" or (shape == "single" and not thing.id % 2):
        return "bounding_box", thing, list(thing.bbox), None
    if shape == "single":
        return "polygon", thing, thing.rings[0], None
    raise SystemExit(f"DM has no place for {shape}")


def _word(chance: random.Random) -> str:
    return "".join(chance.choices(_LETTERS, k=10))


def _pairs(flat: list[float]) -> Iterator[tuple[float, float]]:
    return zip(flat[0::2], flat[1::2], strict=True)


def _dm_v1(scene: Scene, tools: list[tuple[str, Thing, list[float], float | None]], chance: random.Random) -> Json:
    records, data = [], []
    for tool, thing, numbers, angle in tools:
        identity = _word(chance)
        flags = {"isLocked": False, "isVisible": True, "isValid": False, "isDrawCompleted": True}
        classification = {"class": thing.label, **thing.attributes}
        records.append(
            {"id": identity, "tool": tool, **flags, "label": [thing.label], "classification": classification}
        )
        if tool == "polygon":
            coordinate: Any = [{"x": x, "y": y, "id": _word(chance)} for x, y in _pairs(numbers)]
        else:
            coordinate = dict(zip(("x", "y", "width", "height"), numbers, strict=True))
            coordinate |= {} if angle is None else {"rotation": angle}
        data.append({"id": identity, "coordinate": coordinate})
    return {
        "extra": {"image_1": {"width": scene.width, "height": scene.height}},
        "annotations": {"image_1": records},
        "annotationsData": {"image_1": data},
        "relations": {"image_1": []},
        "annotationGroups": {"image_1": []},
        "assignmentId": scene.number + 5,
    }


def _dm_v2(tools: list[tuple[str, Thing, list[float], float | None]]) -> Json:
    image: dict[str, list[Json]] = {}
    for tool, thing, numbers, angle in tools:
        attrs = [{"name": name, "value": value} for name, value in thing.attributes.items()]
        if angle is not None:
            attrs.insert(0, {"name": "rotation", "value": angle})
        value = [list(pair) for pair in _pairs(numbers)] if tool == "polygon" else numbers
        entry = {"id": f"a{thing.id}", "classification": thing.label, "attrs": attrs, "data": value}
        image.setdefault(tool, []).append(entry)
    observed = {tool: sorted({entry["classification"] for entry in entries}) for tool, entries in image.items()}
    others = ("videos", "pcds", "texts", "audios", "prompts", "datas")
    return {"classification": observed, "images": [image], **{key: [] for key in others}}
