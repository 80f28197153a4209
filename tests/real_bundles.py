"""Real annotated pictures as raw bundles, read by the standard library alone, with the boxes that they must come to.

The data lie outside of the repository: in the folder that ``EXPORTKIT_SHARED_DATA`` names, else in
``../shared/data`` beside it. Every function writes into a folder of the caller and gives None where the data are
not there, so that a test can skip with one line::

    bundle = real_bundles.blood_cells(tmp_path)
    if bundle is None:
        pytest.skip("the shared data are not here")
"""

from __future__ import annotations

import json
import os
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = [
    "READERS",
    "RealBundle",
    "RealRecord",
    "blood_cells",
    "coco_instances",
    "coco_keypoints",
    "data_folder",
    "panlabel_boxes",
    "terrain_polygons",
    "turned_photographs",
    "unusual_pictures",
    "yolo_boxes",
    "yolo_people",
    "yolo_polygons",
    "yolo_turned_boxes",
]

#: Label, then x, y, width, height: absolute pixels, half-open, within the picture.
Box = tuple[str, float, float, float, float]


@dataclass(frozen=True)
class RealRecord:
    """One picture as its source tells it."""

    item_id: int
    name: str
    #: Size upright.
    width: int
    height: int
    #: Annotations in the seed's schema.
    annotations: list[dict[str, Any]]
    #: The box of each annotation, in their order.
    boxes: list[Box]
    split: str | None = None
    #: The picture; None where the source has none.
    picture: Path | None = None


@dataclass(frozen=True)
class RealBundle:
    """A raw bundle on disk and what it was made from."""

    folder: Path
    records: list[RealRecord]


def data_folder() -> Path | None:
    """Where the shared data lie, or None."""
    stated = os.environ.get("EXPORTKIT_SHARED_DATA")
    folder = Path(stated) if stated else Path(__file__).parents[2] / "shared" / "data"
    return folder if folder.is_dir() else None


def blood_cells(folder: Path) -> RealBundle | None:
    """Ten photographs of blood with crowded boxes, many at the edge of the picture (Pascal VOC, 1-based inclusive)."""
    return _bundle(folder, "voc_bccd", _voc_records)


def coco_instances(folder: Path) -> RealBundle | None:
    """Two tiny pictures with boxes, a polygon with attributes and a crowd as run lengths."""
    return _bundle(folder, "datumaro/coco_dataset/coco_instances", lambda source: _coco_folder(source, "instances"))


def coco_keypoints(folder: Path) -> RealBundle | None:
    """Two tiny pictures with objects of three key points that have no names."""
    return _bundle(
        folder, "datumaro/coco_dataset/coco_person_keypoints", lambda source: _coco_folder(source, "person_keypoints")
    )


def terrain_polygons(folder: Path) -> RealBundle | None:
    """Polygons with wrong declared areas, in a large picture that is not at hand."""
    return _bundle(folder, "coco_sahi", lambda source: _coco_file(source / "terrain3_coco.json"))


def panlabel_boxes(folder: Path) -> RealBundle | None:
    """Boxes without polygons, in pictures that are not at hand."""
    return _bundle(folder, "exports_panlabel", lambda source: _coco_file(source / "sample_valid.coco.json"))


def yolo_boxes(folder: Path) -> RealBundle | None:
    """Two boxes of YOLO detect."""
    return _bundle(folder, "yolo_cvat_datumaro/yolov8_detection", lambda source: _yolo_records(source, _yolo_box))


def yolo_polygons(folder: Path) -> RealBundle | None:
    """Two polygons of YOLO segment."""
    return _bundle(folder, "yolo_cvat_datumaro/yolov8_segmentation", lambda source: _yolo_records(source, _yolo_ring))


def yolo_turned_boxes(folder: Path) -> RealBundle | None:
    """Two turned boxes of YOLO obb, one of them over the edge."""
    return _bundle(folder, "yolo_cvat_datumaro/yolov8_oriented_boxes", lambda source: _yolo_records(source, _yolo_obb))


def yolo_people(folder: Path) -> RealBundle | None:
    """One object of three key points of YOLO pose."""
    return _bundle(folder, "yolo_cvat_datumaro/yolov8_pose", lambda source: _yolo_records(source, _yolo_pose))


def turned_photographs(folder: Path) -> RealBundle | None:
    """Two photographs that EXIF turns or mirrors, each with a box in the upright picture."""
    return _bundle(folder, "images_exif", _turned_records)


def unusual_pictures(folder: Path) -> RealBundle | None:
    """Grey, CMYK, with alpha, WebP, 16 bits: pictures whose headers differ, each with one box."""
    return _bundle(folder, "images_pillow", _unusual_records)


#: Every bundle by its name.
READERS: dict[str, Callable[[Path], RealBundle | None]] = {
    reader.__name__: reader
    for reader in (
        blood_cells,
        coco_instances,
        coco_keypoints,
        terrain_polygons,
        panlabel_boxes,
        yolo_boxes,
        yolo_polygons,
        yolo_turned_boxes,
        yolo_people,
        turned_photographs,
        unusual_pictures,
    )
}


def _bundle(folder: Path, source: str, read: Callable[[Path], Iterable[RealRecord]]) -> RealBundle | None:
    data = data_folder()
    if data is None or not (data / source).is_dir():
        return None
    records = list(read(data / source))
    part = folder / "task" / "part-00001.jsonl"
    part.parent.mkdir(parents=True)
    with part.open("w", encoding="utf-8", newline="\n") as lines:
        for record in records:
            lines.write(json.dumps(_line(record, folder), ensure_ascii=False) + "\n")
    parts = [{"path": "task/part-00001.jsonl", "records": len(records), "cumulative_records": len(records)}]
    target = {"dir": "task", "records": len(records), "parts": parts}
    manifest = {"prefix": "real/", "result_uri": "file:real/", "targets": {"task": target}}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return RealBundle(folder, records)


def _line(record: RealRecord, folder: Path) -> dict[str, Any]:
    line: dict[str, Any] = {"id": record.item_id, "data": {"annotations": record.annotations}}
    if record.picture is not None:
        path = f"files/{record.item_id}/{record.picture.name}"
        (folder / path).parent.mkdir(parents=True)
        shutil.copyfile(record.picture, folder / path)
        entry = {"file_name_original": record.name, "bundle_path": path, "is_primary": True}
        line["files_manifest"] = {"image_1": entry}
    size = {"width": record.width, "height": record.height}
    line["data_unit"] = {"id": record.item_id, "name": record.name, **size}
    if record.split is not None:
        line["split"] = record.split
    return line


# -- Pascal VOC --------------------------------------------------------------------------------------------


def _voc_records(source: Path) -> Iterator[RealRecord]:
    for item, path in enumerate(sorted((source / "Annotations").glob("*.xml")), 1):
        root = ET.parse(path).getroot()
        width, height = int(_text(root, "size/width")), int(_text(root, "size/height"))
        annotations, boxes = [], []
        for thing in root.iter("object"):
            x0, y0 = int(_text(thing, "bndbox/xmin")) - 1, int(_text(thing, "bndbox/ymin")) - 1
            x1, y1 = int(_text(thing, "bndbox/xmax")), int(_text(thing, "bndbox/ymax"))
            label = _text(thing, "name")
            flags = {flag: _text(thing, flag) == "1" for flag in ("truncated", "difficult")}
            annotations.append({"category": label, "bbox": [x0, y0, x1 - x0, y1 - y0], **flags})
            boxes.append(_within(label, x0, y0, x1, y1, width, height))
        name = f"{path.stem}.jpg"
        yield RealRecord(item, name, width, height, annotations, boxes, picture=source / "JPEGImages" / name)


def _text(element: ET.Element, path: str) -> str:
    text = element.findtext(path)
    if text is None:
        raise ValueError(f"No {path} in the source.")
    return text


# -- COCO --------------------------------------------------------------------------------------------------


def _coco_folder(source: Path, role: str) -> Iterator[RealRecord]:
    for split in ("train", "val"):
        path = source / "annotations" / f"{role}_{split}.json"
        yield from _coco_file(path, split, source / "images" / split)


def _coco_file(path: Path, split: str | None = None, pictures: Path | None = None) -> Iterator[RealRecord]:
    whole = json.loads(path.read_text(encoding="utf-8"))
    names = {category["id"]: category["name"] for category in whole["categories"]}
    for image in whole["images"]:
        mine = [annotation for annotation in whole["annotations"] if annotation["image_id"] == image["id"]]
        size = image["width"], image["height"]
        yield RealRecord(
            image["id"],
            image["file_name"],
            *size,
            [_coco_annotation(annotation, names) for annotation in mine],
            [_corner_box(names[annotation["category_id"]], annotation["bbox"], size) for annotation in mine],
            split,
            pictures / image["file_name"] if pictures is not None else None,
        )


def _coco_annotation(annotation: dict[str, Any], names: dict[int, str]) -> dict[str, Any]:
    kept = ("id", "bbox", "area", "segmentation", "iscrowd", "keypoints", "attributes")
    return {"category": names[annotation["category_id"]], **{k: annotation[k] for k in kept if k in annotation}}


def _corner_box(label: str, box: list[float], size: tuple[int, int]) -> Box:
    x, y, width, height = box
    return _within(label, x, y, x + width, y + height, *size)


# -- YOLO --------------------------------------------------------------------------------------------------

#: Geometry in the seed's schema, and the extent x0, y0, x1, y1, from a row and the size of the picture.
RowReader = Callable[[list[float], int, int], tuple[dict[str, Any], tuple[float, float, float, float]]]


def _yolo_records(source: Path, read: RowReader) -> Iterator[RealRecord]:
    names = dict(_yolo_names(source / "data.yaml"))
    for item, picture in enumerate(sorted((source / "images" / "train").iterdir()), 1):
        width, height = _jpeg_size(picture)
        annotations, boxes = [], []
        for row in (source / "labels" / "train" / f"{picture.stem}.txt").read_text(encoding="utf-8").splitlines():
            index, *values = row.split()
            geometry, extent = read([float(value) for value in values], width, height)
            annotations.append({"category": names[int(index)], **geometry})
            boxes.append(_within(names[int(index)], *extent, width, height))
        yield RealRecord(item, picture.name, width, height, annotations, boxes, "train", picture)


def _yolo_names(path: Path) -> Iterator[tuple[int, str]]:
    """The block of names, which these files write as plain ``<index>: <name>`` lines."""
    for line in path.read_text(encoding="utf-8").splitlines():
        index, _, name = line.partition(":")
        if line.startswith(" ") and index.strip().isdigit():
            yield int(index), name.strip()


def _yolo_box(row: list[float], width: int, height: int) -> tuple[dict[str, Any], tuple[float, float, float, float]]:
    cx, cy, w, h = row[0] * width, row[1] * height, row[2] * width, row[3] * height
    extent = cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2
    return {"bbox": [extent[0], extent[1], w, h]}, extent


def _yolo_ring(row: list[float], width: int, height: int) -> tuple[dict[str, Any], tuple[float, float, float, float]]:
    ring = _scaled(row, width, height)
    return {"segmentation": [ring]}, _extent(ring)


def _yolo_obb(row: list[float], width: int, height: int) -> tuple[dict[str, Any], tuple[float, float, float, float]]:
    ring = _scaled(row, width, height)
    return {"obb": ring}, _extent(ring)


def _yolo_pose(row: list[float], width: int, height: int) -> tuple[dict[str, Any], tuple[float, float, float, float]]:
    geometry, extent = _yolo_box(row[:4], width, height)
    points = [value for x, y, v in zip(*[iter(row[4:])] * 3, strict=True) for value in (x * width, y * height, int(v))]
    return {**geometry, "keypoints": points}, extent


def _scaled(row: list[float], width: int, height: int) -> list[float]:
    return [value * (height if place % 2 else width) for place, value in enumerate(row)]


def _extent(ring: list[float]) -> tuple[float, float, float, float]:
    return min(ring[::2]), min(ring[1::2]), max(ring[::2]), max(ring[1::2])


def _jpeg_size(path: Path) -> tuple[int, int]:
    """Width and height of the frame header, walked to from marker to marker."""
    content = path.read_bytes()
    place = 2
    while not 0xC0 <= content[place + 1] <= 0xC3:
        place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
    return int.from_bytes(content[place + 7 : place + 9], "big"), int.from_bytes(content[place + 5 : place + 7], "big")


# -- pictures without annotations of their own -------------------------------------------------------------


def _turned_records(source: Path) -> Iterator[RealRecord]:
    sizes = {"Landscape_7.jpg": (1800, 1200), "Portrait_2.jpg": (1200, 1800)}
    return _boxed(source, sizes)


def _unusual_records(source: Path) -> Iterator[RealRecord]:
    sizes = {
        "apng/mode_16bit.png": (128, 64),
        "hopper.jpg": (128, 128),
        "hopper.webp": (128, 128),
        "hopper_16bit.pgm": (128, 128),
        "hopper_gray.jpg": (128, 128),
        "pil_sample_cmyk.jpg": (100, 100),
        "transparent.png": (200, 150),
    }
    return _boxed(source, sizes)


def _boxed(source: Path, sizes: dict[str, tuple[int, int]]) -> Iterator[RealRecord]:
    """A box over the lower right quarter of each: in a picture that is not turned upright it lies elsewhere."""
    for item, (name, (width, height)) in enumerate(sizes.items(), 1):
        box = [width // 2, height // 2, width - width // 2, height - height // 2]
        annotations = [{"category": "quarter", "bbox": box}]
        boxes = [_corner_box("quarter", [*map(float, box)], (width, height))]
        yield RealRecord(item, name, width, height, annotations, boxes, picture=source / name)


def _within(label: str, x0: float, y0: float, x1: float, y1: float, width: int, height: int) -> Box:
    """The part of an extent that lies in the picture."""
    x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    return label, x0, y0, x1 - x0, y1 - y0
