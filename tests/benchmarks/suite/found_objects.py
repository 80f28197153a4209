"""Objects of a dataset as anybody would read them: one reader for each kind of file, whichever tool wrote it.

Boxes are pixels, x0, y0, x1, y1, as near as the format tells them: rounding and one-based corners are left in.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, Final, NamedTuple
from xml.etree import ElementTree as ET

import msgspec

__all__ = ["READERS", "Found", "Sizes"]

Box = tuple[float, float, float, float]
#: Width and height of each picture, by the stem of its name.
Sizes = Mapping[str, tuple[int, int]]


class Found(NamedTuple):
    """One object; ``picture`` is the stem of its picture's name."""

    picture: str
    box: Box
    polygon: bool = False
    attributes: Mapping[str, object] = {}
    crowd: bool = False


def in_yolo(folder: Path, sizes: Sizes) -> Iterator[Found]:
    """Rows of all label files: five columns, or a class and the points of an outline."""
    for path in folder.rglob("*.txt"):
        if path.stem not in sizes:
            continue
        width, height = sizes[path.stem]
        for row in path.read_text(encoding="utf-8").splitlines():
            numbers = [float(word) for word in row.split()[1:]]
            if not all(map(isfinite, numbers)) or len(numbers) < 4:
                continue
            if len(numbers) == 4:
                x, y, w, h = numbers
                corners = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
            else:
                xs, ys = numbers[0::2], numbers[1::2]
                corners = (min(xs), min(ys), max(xs), max(ys))
            yield Found(path.stem, _scaled(corners, width, height), polygon=len(numbers) > 4)


def in_voc(folder: Path, _sizes: Sizes) -> Iterator[Found]:
    """``object`` elements of all annotation files."""
    for path in folder.rglob("*.xml"):
        for thing in ET.parse(path).iter("object"):
            x0, y0, x1, y1 = (float(thing.findtext(f"bndbox/{side}", "nan")) for side in _SIDES)
            flags = {name: thing.findtext(name, "") for name in ("truncated", "occluded")}
            own = {entry.findtext("name", ""): entry.findtext("value", "") for entry in thing.iter("attribute")}
            yield Found(path.stem, (x0, y0, x1, y1), False, {**flags, **own}, thing.findtext("difficult") == "1")


_SIDES: Final = ("xmin", "ymin", "xmax", "ymax")
_PICTURE: Final = ("filename", "ImageID", "img_filename", "image")
_CORNERS: Final = (
    _SIDES,
    ("XMin", "YMin", "XMax", "YMax"),
    tuple(f"ann_bbox_{side}" for side in _SIDES),
)
_OUTLINE: Final = ("polygons", "ann_segmentation")
_CROWD: Final = ("iscrowd", "ann_iscrowd", "IsGroupOf")
_FLAGS: Final = {"IsOccluded": "occluded", "IsTruncated": "truncated", "occluded": "occluded", "truncated": "truncated"}


def in_csv(folder: Path, sizes: Sizes) -> Iterator[Found]:
    """Rows of all tables that name a picture and a box, in whatever columns."""
    csv.field_size_limit(sys.maxsize)
    for path in folder.rglob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            picture = _one_of(_PICTURE, rows.fieldnames or ())
            corners_of = _corners(rows.fieldnames or ())
            if not picture or corners_of is None:
                continue
            outline, crowd = (_one_of(names, rows.fieldnames or ()) for names in (_OUTLINE, _CROWD))
            for row in rows:
                corners = corners_of(row)
                if corners is None:
                    continue
                stem = row[picture].rpartition("/")[2].removesuffix(".jpg")
                # A fraction of the picture, or pixels: a box that ends within the first pixel is a fraction.
                box = _scaled(corners, *sizes[stem]) if max(corners) <= 1 else corners
                flags = {name: row[key] for key, name in _FLAGS.items() if row.get(key)}
                own = json.loads(row.get("attributes") or "{}")
                marked = bool(crowd) and float(row[crowd] or 0) == 1
                yield Found(stem, box, bool(outline) and row[outline].startswith("[["), {**flags, **own}, marked)


def _one_of(names: Sequence[str], columns: Sequence[str]) -> str:
    return next((name for name in names if name in columns), "")


def _corners(columns: Sequence[str]) -> Callable[[dict[str, str]], Box | None] | None:
    """How a row tells its box, if it does; a row without one stands for a picture without objects."""
    names = next((names for names in _CORNERS if set(names) <= set(columns)), None)
    if names is not None:
        return lambda row: _numbers(row, names)
    if not {"x", "y", "width", "height"} <= set(columns):
        return None

    def from_extent(row: dict[str, str]) -> Box | None:
        box = _numbers(row, ("x", "y", "width", "height"))
        return (box[0], box[1], box[0] + box[2], box[1] + box[3]) if box else None

    return from_extent


def _numbers(row: dict[str, str], names: Sequence[str]) -> Box | None:
    if not row[names[0]]:
        return None
    a, b, c, d = (float(row[name]) for name in names)
    return a, b, c, d


#: Of an outline, so much tells that it is one, with blanks or without.
_START: Final = 64


class _Picture(msgspec.Struct):
    id: int
    file_name: str


class _Object(msgspec.Struct):
    image_id: int
    bbox: tuple[float, float, float, float]
    segmentation: msgspec.Raw = msgspec.Raw(b"null")
    iscrowd: int = 0
    attributes: dict[str, Any] = {}


class _Instances(msgspec.Struct):
    images: list[_Picture]
    annotations: list[_Object]


def in_coco(folder: Path, _sizes: Sizes) -> Iterator[Found]:
    """Entries of all files of instances."""
    read = msgspec.json.Decoder(_Instances, strict=False).decode
    for path in sorted(folder.rglob("*.json")):
        # The record of what exportkit wrote is no part of the dataset.
        if path.name.startswith("exportkit-"):
            continue
        instances = read(path.read_bytes())
        stems = {picture.id: Path(picture.file_name).stem for picture in instances.images}
        for thing in instances.annotations:
            x, y, w, h = thing.bbox
            outline = b"".join(bytes(thing.segmentation)[:_START].split()).startswith(b"[[")
            yield Found(stems[thing.image_id], (x, y, x + w, y + h), outline, thing.attributes, bool(thing.iscrowd))


def _scaled(box: Sequence[float], width: float, height: float) -> Box:
    return box[0] * width, box[1] * height, box[2] * width, box[3] * height


#: The reader of what a work makes.
READERS: Final[dict[str, Callable[[Path, Sizes], Iterator[Found]]]] = {
    "yolo": in_yolo,
    "voc": in_voc,
    "csv": in_csv,
    "coco": in_coco,
}
