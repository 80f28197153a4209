"""Tables of the CSV writer, read by what section 5.4 and the dialects' own readers say."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from pyarrow import parquet
from tests.properties.coco_oracle import _pixels
from tests.properties.found import Found, Objects


def table(path: Path) -> list[list[str]]:
    """All records of a table."""
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8"), newline="")))


def unguarded(cell: str) -> str:
    """Take off the one quote that the formula guard has put before."""
    if not cell.startswith("'"):
        return cell
    bare = cell.lstrip("' \ufeff")
    return cell[1:] if bare[:1] in set("=+-@\t\r＝＋－＠") and bare else cell


def read_long(root: Path) -> Objects:
    """Objects by picture."""
    header, *rows = table(root / "annotations.csv")
    found: Objects = {}
    for row in rows:
        cells = dict(zip(header, row, strict=True))
        own = found.setdefault(f"images/{unguarded(cells['image'])}", [])
        if cells["kind"]:
            own.append(_object(cells))
    return found


def read_parquet(root: Path) -> Objects:
    """Objects by picture, from the typed twin: a cell of the long table is what its value says."""
    found: Objects = {}
    for row in parquet.read_table(root / "annotations.parquet").to_pylist():
        own = found.setdefault(f"images/{row['image']}", [])
        if row["kind"]:
            own.append(_typed(row))
    return found


def _typed(row: dict[str, Any]) -> Found:
    x, y, w, h = (row[name] for name in ("x", "y", "width", "height"))
    flags: dict[str, Any] = {name: int(row[name]) for name in ("iscrowd", "difficult", "truncated", "occluded")}
    flags |= {name: row[name] for name in ("score", "frame", "group_id", "track_id")}
    return Found(
        row["label"],
        None if x is None else (x, y, x + w, y + h),
        [[(p["x"], p["y"]) for p in ring] for part in row["polygons"] for ring in part] if row["polygons"] else None,
        _pixels(json.loads(row["rle"]), row["image_width"], row["image_height"]) if row["rle"] else None,
        [(p["x"], p["y"], p["v"]) for p in row["keypoints"]] if row["keypoints"] else None,
        row["kind"],
        row["rotation"],
        flags,
        json.loads(row["attributes"]) if row["attributes"] else {},
    )


def _object(cells: dict[str, str]) -> Found:
    edges = None
    if cells["x"]:
        x, y, w, h = (float(cells[name]) for name in ("x", "y", "width", "height"))
        edges = (x, y, x + w, y + h)
    width, height = int(cells["image_width"] or 0), int(cells["image_height"] or 0)
    parts = json.loads(cells["polygons"]) if cells["polygons"] else None
    flat = json.loads(cells["keypoints"]) if cells["keypoints"] else None
    flags: dict[str, Any] = {name: int(cells[name]) for name in ("iscrowd", "difficult", "truncated", "occluded")}
    flags["score"] = float(cells["score"]) if cells["score"] else None
    flags["frame"] = int(cells["frame"]) if cells["frame"] else None
    for name in ("group_id", "track_id"):
        flags[name] = unguarded(cells[name]) if cells[name] else None
    return Found(
        unguarded(cells["label"]) if cells["label"] else None,
        edges,
        [[tuple(point) for point in ring] for part in parts for ring in part] if parts else None,
        _pixels(json.loads(cells["rle"]), width, height) if cells["rle"] else None,
        list(zip(flat[0::3], flat[1::3], flat[2::3], strict=True)) if flat else None,
        cells["kind"],
        float(cells["rotation"]) if cells["rotation"] else None,
        flags,
        json.loads(cells["attributes"]) if cells["attributes"] else {},
    )


def read_open_images(root: Path, splits: list[str], sizes: dict[str, tuple[int, int]]) -> Objects:
    """Objects by picture; ``ImageID`` is the stem of its name."""
    paths = {path.rpartition("/")[2].rpartition(".")[0] or path.rpartition("/")[2]: path for path in sizes}
    found: Objects = {path: [] for path in sizes}
    for split in splits:
        listed = {unguarded(row[0]) for row in table(root / f"{split}-images.csv")[1:]}
        header, *rows = table(root / f"{split}-annotations-bbox.csv")
        for row in rows:
            cells = dict(zip(header, row, strict=True))
            identity = unguarded(cells["ImageID"])
            assert identity in listed
            width, height = sizes[paths[identity]]
            x0, x1 = (float(cells[name]) * width for name in ("XMin", "XMax"))
            y0, y1 = (float(cells[name]) * height for name in ("YMin", "YMax"))
            flags: dict[str, Any] = {name: int(cells[name]) for name in ("IsOccluded", "IsTruncated", "IsGroupOf")}
            flags["Confidence"] = float(cells["Confidence"])
            found[paths[identity]].append(Found(unguarded(cells["LabelName"]), (x0, y0, x1, y1), flags=flags))
    return found


def read_automl(root: Path, sizes: dict[str, tuple[int, int]]) -> Objects:
    """Objects by picture; a row has eleven cells and no header."""
    found: Objects = {}
    for word, path, label, *cells in table(root / "annotations.csv"):
        assert word in {"TRAIN", "VALIDATION", "TEST", "UNASSIGNED"}
        own = found.setdefault(unguarded(path), [])
        x0, y0, _, _, x1, y1, _, _ = cells
        if label:
            width, height = sizes[unguarded(path)]
            edges = (float(x0) * width, float(y0) * height, float(x1) * width, float(y1) * height)
            own.append(Found(unguarded(label), edges))
    return found


def read_via(root: Path, splits: list[str]) -> Objects:
    """Regions by picture, by the names that VIA 2 gives to shapes."""
    found: Objects = {}
    for split in splits:
        header, *rows = table(root / f"via_region_data_{split}.csv")
        for row in rows:
            cells = dict(zip(header, row, strict=True))
            own = found.setdefault(f"images/{unguarded(cells['filename'])}", [])
            if cells["region_count"] != "0":
                assert int(cells["region_id"]) == len(own)
                own.append(
                    _region(json.loads(cells["region_shape_attributes"]), json.loads(cells["region_attributes"]))
                )
    return found


def _region(shape: dict[str, Any], attributes: dict[str, Any]) -> Found:
    label, name = attributes["class"], shape["name"]
    if name == "rect":
        x, y, w, h = (shape[key] for key in ("x", "y", "width", "height"))
        return Found(label, (x, y, x + w, y + h), attributes=attributes)
    if name == "point":
        return Found(label, points=[(shape["cx"], shape["cy"], 2)], attributes=attributes)
    assert name in {"polygon", "polyline"}
    ring = list(zip(shape["all_points_x"], shape["all_points_y"], strict=True))
    return Found(label, rings=[ring], kind=name, attributes=attributes)


def read_boxes(root: Path, dialect: str, splits: list[str]) -> dict[str, list[Found]]:
    """Objects by the name of their picture below ``images/``, of the two dialects of plain boxes."""
    found: dict[str, list[Found]] = {}
    for split in splits:
        if dialect == "retinanet":
            for path, x0, y0, x1, y1, label in table(root / f"annotations_{split}.csv"):
                own = found.setdefault(unguarded(path), [])
                if x0:
                    raw = tuple(map(int, (x0, y0, x1, y1)))
                    own.append(Found(unguarded(label), tuple(map(float, raw)), raw=raw))  # type: ignore[arg-type]  # four
            continue
        header, *rows = table(root / f"{split}_labels.csv")
        for row in rows:
            cells = dict(zip(header, row, strict=True))
            edges = tuple(float(cells[name]) for name in ("xmin", "ymin", "xmax", "ymax"))
            own = found.setdefault(f"images/{unguarded(cells['filename'])}", [])
            own.append(Found(unguarded(cells["class"]), edges))  # type: ignore[arg-type]  # four numbers
        for row in table(root / f"{split}_images.csv")[1:]:
            found.setdefault(f"images/{unguarded(row[0])}", [])
    return found
