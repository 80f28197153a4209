"""Tables of the CSV writer, read by what section 5.4 and the dialects' own readers say."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

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
