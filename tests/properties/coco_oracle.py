"""A COCO dataset, read by what its data format page says; masks by pycocotools."""

from __future__ import annotations

import json
import warnings
from itertools import accumulate
from pathlib import Path
from typing import Any

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


def _object(entry: dict[str, Any], label: str, width: int, height: int) -> Found:
    x, y, w, h = entry["bbox"]
    shape = entry["segmentation"]
    pixels = _pixels(shape, width, height) if isinstance(shape, dict) else None
    rings: list[Ring] | None = [ring_of(flat) for flat in shape] if isinstance(shape, list) and shape else None
    flags = {"iscrowd": entry["iscrowd"], "score": entry.get("score"), "area": entry["area"]}
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
