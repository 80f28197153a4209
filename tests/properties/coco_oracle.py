"""A COCO dataset, read by what its data format page says; masks by pycocotools."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

from PIL import Image
from pycocotools import mask as coco_mask  # type: ignore[import-untyped]  # it has no types
from tests.properties.drawn import Pixels, Ring
from tests.properties.found import Found, Objects, ring_of


def read(root: Path, role: str = "instances") -> Objects:
    """Objects of one role by picture."""
    found: Objects = {}
    for path in sorted((root / "annotations").glob(f"{role}_*.json")):
        split = path.stem.removeprefix(f"{role}_")
        document = json.loads(path.read_bytes())
        names = {category["id"]: category["name"] for category in document["categories"]}
        pictures = {picture["id"]: picture for picture in document["images"]}
        for picture in document["images"]:
            found[f"images/{split}/{picture['file_name']}"] = []
        for entry in document["annotations"]:
            picture = pictures[entry["image_id"]]
            found[f"images/{split}/{picture['file_name']}"].append(
                _object(entry, names[entry["category_id"]], picture["width"], picture["height"])
            )
    return found


def read_captions(root: Path) -> Objects:
    """Captions by picture."""
    found: Objects = {}
    for split, document in _documents(root, "captions"):
        assert document["categories"] == []
        pictures = {picture["id"]: f"images/{split}/{picture['file_name']}" for picture in document["images"]}
        found |= {path: [] for path in pictures.values()}
        for entry in document["annotations"]:
            own = {"$value": entry["caption"], **entry.get("attributes", {})}
            found[pictures[entry["image_id"]]].append(Found(None, attributes=own))
    return found


def read_segments(root: Path) -> Objects:
    """Panoptic segments by picture, in the order of their ids: label, pixels and whether it is a crowd."""
    found: Objects = {}
    for split, document in _documents(root, "panoptic"):
        names = {category["id"]: category["name"] for category in document["categories"]}
        pictures = {picture["id"]: f"images/{split}/{picture['file_name']}" for picture in document["images"]}
        for entry in document["annotations"]:
            png = root / "annotations" / f"panoptic_{split}" / entry["file_name"]
            seen = _segments(png)
            assert seen.keys() == {info["id"] for info in entry["segments_info"]}
            own = found[pictures[entry["image_id"]]] = []
            for info in entry["segments_info"]:
                pixels = frozenset(seen[info["id"]])
                assert len(pixels) == info["area"]
                own.append(Found(names[info["category_id"]], pixels=pixels, flags={"iscrowd": info["iscrowd"]}))
    return found


def _documents(root: Path, role: str) -> Iterator[tuple[str, Any]]:
    for path in sorted((root / "annotations").glob(f"{role}_*.json")):
        yield path.stem.removeprefix(f"{role}_"), json.loads(path.read_bytes())


def _segments(png: Path) -> dict[int, set[tuple[int, int]]]:
    """Pixels by id = red + 256 · green + 65536 · blue; 0 is void."""
    with Image.open(png) as picture:
        assert picture.mode == "RGB"
        width, cells = picture.width, picture.tobytes()
    seen: dict[int, set[tuple[int, int]]] = {}
    for index in range(len(cells) // 3):
        number = int.from_bytes(cells[3 * index : 3 * index + 3], "little")
        if number:
            seen.setdefault(number, set()).add((index % width, index // width))
    return seen


def _object(entry: dict[str, Any], label: str, width: int, height: int) -> Found:
    x, y, w, h = entry["bbox"]
    shape = entry["segmentation"]
    pixels = _pixels(shape, width, height) if isinstance(shape, dict) else None
    rings: list[Ring] | None = [ring_of(flat) for flat in shape] if isinstance(shape, list) and shape else None
    flags = {"iscrowd": entry["iscrowd"], "score": entry.get("score"), "area": entry["area"]}
    if "keypoints" in entry:
        flags["num_keypoints"] = entry["num_keypoints"]
    points = (
        list(zip(*(entry["keypoints"][place::3] for place in range(3)), strict=True)) if "keypoints" in entry else None
    )
    return Found(
        label, (x, y, x + w, y + h), rings, pixels, points, flags=flags, attributes=entry.get("attributes", {})
    )


def _pixels(shape: dict[str, Any], width: int, height: int) -> Pixels:
    assert shape["size"] == [height, width]
    counts = shape["counts"]
    if isinstance(counts, str):
        with warnings.catch_warnings():
            # pycocotools hands numpy an array in a way that numpy 2 frowns upon.
            warnings.simplefilter("ignore", DeprecationWarning)
            rows = coco_mask.decode({**shape, "counts": counts.encode()})
        return frozenset((int(x), int(y)) for y, x in zip(*rows.nonzero(), strict=True))
    assert sum(counts) == width * height
    ends = list(accumulate(counts))
    covered = (index for start, end in zip(ends[0::2], ends[1::2], strict=False) for index in range(start, end))
    return frozenset((index // height, index % height) for index in covered)
