"""Readers of the dialects, written anew from the documentation of the tools that read them.

Each gives the pictures of a dataset with what the tool would see in them, in pixels, and fails as the tool would.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Region", "read_automl", "read_open_images", "read_retinanet", "read_tfod", "read_via", "unguarded"]

Corners = tuple[float, float, float, float]
#: Class names and corners by picture, a path relative to the dataset.
Boxes = dict[str, list[tuple[str, Corners]]]
#: Width and height by picture.
Sizes = dict[str, tuple[int, int]]


def unguarded(cell: str) -> str:
    """A text cell without the mark that keeps spreadsheets from running it (formats, section 5.4)."""
    blanks = r"\s\ufeff"
    return cell[1:] if re.match(rf"'['{blanks}]*[=+\-@\t\r＝＋－＠]", cell) else cell


def rows(path: Path) -> Iterator[list[str]]:
    """Records as the csv module reads them, which most of these tools use."""
    with path.open(newline="", encoding="utf-8") as lines:
        yield from csv.reader(lines, strict=True)


def read_retinanet(folder: Path, split: str) -> Boxes:
    """keras-retinanet's generator of CSV: ints, x2 > x1, y2 > y1, a known class; five empty cells for a negative."""
    classes: dict[str, int] = {}
    for name, index in rows(folder / "classes.csv"):
        assert name not in classes, "a class is listed twice"
        classes[name] = int(index)
    found: Boxes = {}
    for path, x1, y1, x2, y2, label in rows(folder / f"annotations_{split}.csv"):
        boxes = found.setdefault(unguarded(path), [])
        if (x1, y1, x2, y2, label) == ("",) * 5:
            continue
        corners = int(x1), int(y1), int(x2), int(y2)
        assert corners[2] > corners[0], "x2 must be above x1"
        assert corners[3] > corners[1], "y2 must be above y1"
        assert label in classes, "an unknown class"
        boxes.append((unguarded(label), corners))
    return found


def read_tfod(folder: Path, split: str) -> Boxes:
    """The script that makes examples of a CSV: grouped by file, divided by the size, classes by the label map."""
    text = (folder / "label_map.pbtxt").read_text(encoding="utf-8")
    items = re.findall(r'item \{\s*id: (\d+)\s*name: "((?:[^"\\\n]|\\.)*)"\s*\}', text)
    assert len(items) == text.count("item {")
    ids = {_protobuf_text(name): int(number) for number, name in items}
    found: Boxes = {f"images/{unguarded(row[0])}": [] for row in rows(folder / f"{split}_images.csv")}
    del found["images/filename"]
    header, *table = rows(folder / f"{split}_labels.csv")
    for cells in table:
        row = dict(zip(header, cells, strict=True))
        width, height = int(row["width"]), int(row["height"])
        edges = [float(row[edge]) for edge in ("xmin", "ymin", "xmax", "ymax")]
        example = [edges[0] / width, edges[1] / height, edges[2] / width, edges[3] / height]
        assert all(0 <= edge <= 1 for edge in example)
        assert example[0] < example[2]
        assert example[1] < example[3]
        label = unguarded(row["class"])
        assert ids[label] >= 1
        found[f"images/{unguarded(row['filename'])}"].append((label, (edges[0], edges[1], edges[2], edges[3])))
    return found


def _protobuf_text(text: str) -> str:
    def plain(match: re.Match[str]) -> str:
        word = match[1]
        return chr(int(word, 8)) if word[0].isdigit() else {"n": "\n", "r": "\r", "t": "\t"}.get(word, word)

    return re.sub(r"\\([0-7]{3}|.)", plain, text)


def read_open_images(folder: Path, split: str, sizes: Sizes) -> Boxes:
    """Columns by header; pictures are found by their ImageID, the file's name without extension."""
    files = {path.stem: f"images/{path.name}" for path in (folder / "images").iterdir()}
    names = dict(rows(folder / "class-descriptions-boxable.csv"))
    listed = [row[0] for row in rows(folder / f"{split}-images.csv")]
    assert listed[0] == "ImageID"
    found: Boxes = {files[unguarded(image)]: [] for image in listed[1:]}
    header, *table = rows(folder / f"{split}-annotations-bbox.csv")
    for cells in table:
        row = dict(zip(header, cells, strict=True))
        path = files[unguarded(row["ImageID"])]
        width, height = sizes[path]
        x0, x1, y0, y1 = (float(row[side]) for side in ("XMin", "XMax", "YMin", "YMax"))
        assert 0 <= x0 < x1 <= 1
        assert 0 <= y0 < y1 <= 1
        assert all(row[flag] in {"-1", "0", "1"} for flag in header[8:])
        found[path].append((unguarded(names[row["LabelName"]]), (x0 * width, y0 * height, x1 * width, y1 * height)))
    return found


class Region(NamedTuple):
    """One region of the annotator: its class, and its outline or its one point."""

    label: str
    shape: str
    ring: list[float]


def read_via(path: Path) -> dict[tuple[str, int], list[Region]]:
    """The import of VIA 2: lines cut at every line end, cells at commas outside quotes; regions by file and size."""
    header, *lines = re.split(r"\r\n|\n|\r", path.read_text(encoding="utf-8"))
    assert header == (
        "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes"
    )
    found: dict[tuple[str, int], list[Region]] = {}
    counts: dict[tuple[str, int], int] = {}
    for line in filter(None, lines):
        cells = _via_cells(line)
        assert len(cells) == 7, "the tool passes over a malformed line"
        key = unguarded(_unquoted(cells[0])), int(cells[1])
        counts[key] = int(cells[3])
        regions = found.setdefault(key, [])
        shape, attributes = json.loads(_unquoted(cells[5])), json.loads(_unquoted(cells[6]))
        if shape or attributes:
            assert int(cells[4]) == len(regions)
            regions.append(Region(attributes["class"], shape["name"], _ring(shape)))
    assert counts == {key: len(regions) for key, regions in found.items()}
    return found


def _via_cells(line: str) -> list[str]:
    cells, start, quoted = [], 0, False
    for at, char in enumerate(line):
        if char == '"':
            quoted = not quoted
        elif char == "," and not quoted:
            cells.append(line[start:at])
            start = at + 1
    return [*cells, line[start:]]


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if cell[:1] == '"' == cell[-1:] else cell


def _ring(shape: dict[str, Any]) -> list[float]:
    if shape["name"] == "rect":
        x0, y0, x1, y1 = shape["x"], shape["y"], shape["x"] + shape["width"], shape["y"] + shape["height"]
        return [x0, y0, x1, y0, x1, y1, x0, y1]
    if shape["name"] == "point":
        return [shape["cx"], shape["cy"]]
    points = zip(shape["all_points_x"], shape["all_points_y"], strict=True)
    return [value for point in points for value in point]


def read_automl(folder: Path, sizes: Sizes) -> dict[str, Boxes]:
    """Rows of an import by their set: two corners in 0…1, sides of at least 0.01, at most 500 boxes a picture."""
    found: dict[str, Boxes] = {}
    for word, path, label, *edges in rows(folder / "annotations.csv"):
        assert word in {"TRAIN", "VALIDATION", "TEST", "UNASSIGNED"}
        boxes = found.setdefault(word, {}).setdefault(unguarded(path), [])
        assert len(edges) == 8
        if not label:
            assert edges == [""] * 8
            continue
        width, height = sizes[unguarded(path)]
        assert (edges[2], edges[3], edges[6], edges[7]) == ("",) * 4
        x0, y0, x1, y1 = (float(edges[at]) for at in (0, 1, 4, 5))
        assert 0 <= x0 <= x1 - 0.01 + 1e-9 <= 1
        assert 0 <= y0 <= y1 - 0.01 + 1e-9 <= 1
        boxes.append((unguarded(label), (x0 * width, y0 * height, x1 * width, y1 * height)))
        assert len(boxes) <= 500
    return found
