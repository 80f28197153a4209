"""A Pascal VOC dataset, read by what the devkit's and torchvision's documentation say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from PIL import Image
from tests.properties.found import Found, Objects


def read(root: Path, sizes: dict[str, tuple[int, int]], mode: str = "one") -> Objects:
    """Objects by picture, from 1-based inclusive boxes or those of another mode."""
    found: Objects = {}
    for path, size in sizes.items():
        base = root / path.rpartition("JPEGImages/")[0]
        stem = path.rpartition("/")[2]
        stem = stem[: stem.rindex(".")] if "." in stem[1:] else stem
        document = ET.fromstring((base / "Annotations" / f"{stem}.xml").read_bytes())
        told = document.find("size")
        assert told is not None
        assert (told.findtext("width"), told.findtext("height")) == tuple(map(str, size))
        assert document.findtext("filename") == path.rpartition("/")[2]
        objects = [_object(element, mode) for element in document.findall("object")]
        plane = base / "SegmentationObject" / f"{stem}.png"
        if document.findtext("segmented") == "1":
            objects = _with_pixels(objects, plane)
        else:
            assert not plane.exists()
        found[path] = objects
    return found


def _object(element: Any, mode: str) -> Found:
    box = [element.findtext(f"bndbox/{name}") for name in ("xmin", "ymin", "xmax", "ymax")]
    raw = tuple(map(int, box)) if mode != "float" else ()
    x0, y0, x1, y1 = map(float, box)
    shift = 1 if mode == "one" else 0
    flags = {name: element.findtext(name) for name in ("truncated", "difficult", "occluded")}
    attributes = {a.findtext("name"): a.findtext("value") for a in element.findall("attributes/attribute")}
    assert element.findtext("pose") == "Unspecified"
    return Found(
        element.findtext("name"), edges=(x0 - shift, y0 - shift, x1, y1), flags=flags, attributes=attributes, raw=raw
    )


def _with_pixels(objects: list[Found], plane: Path) -> list[Found]:
    with Image.open(plane) as picture:
        assert picture.mode == "P"
        width = picture.width
        cells = picture.tobytes()
    seen: dict[int, set[tuple[int, int]]] = {}
    for index, value in enumerate(cells):
        if value not in {0, 255}:
            seen.setdefault(value, set()).add((index % width, index // width))
    assert max(seen, default=0) <= len(objects)
    return [
        Found(o.label, o.edges, pixels=frozenset(seen.get(n, ())), flags=o.flags, attributes=o.attributes, raw=o.raw)
        for n, o in enumerate(objects, 1)
    ]


def attribute_text(value: Any) -> str:
    """How a value stands in an attribute: texts as they are, others as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
