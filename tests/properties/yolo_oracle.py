"""A YOLO dataset, read by what Ultralytics' and darknet's documentation say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from tests.properties.found import Found, Objects, ring_of


def names_of(root: Path) -> list[str]:
    """Class names by number."""
    if (root / "obj.names").exists():
        return (root / "obj.names").read_bytes().decode().split("\n")[:-1]
    names = _yaml(root)["names"]
    return [names[number] for number in range(len(names))]


def _yaml(root: Path) -> dict[str, Any]:
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 1)
    document: dict[str, Any] = yaml.load((root / "data.yaml").read_bytes().decode())
    return document


def label_file(root: Path, path: str) -> Path:
    """The label file of a picture: its last folder ``images`` becomes ``labels``; darknet's stands beside it."""
    stem = path[: path.rindex(".")] if "." in path.rpartition("/")[2][1:] else path
    if path.startswith("obj_train_data/"):
        return root / f"{stem}.txt"
    before, _, behind = f"/{stem}".rpartition("/images/")
    return root / f"{before}/labels/{behind}.txt".lstrip("/")


def read(root: Path, sizes: dict[str, tuple[int, int]], task: str) -> Objects:
    """Objects by picture; ``sizes`` are display sizes by path."""
    names = names_of(root)
    shape = _yaml(root).get("kpt_shape") if task == "pose" else None
    found: Objects = {}
    for path, (width, height) in sizes.items():
        rows = label_file(root, path).read_bytes().decode("ascii").split("\n")
        assert rows.pop() == ""
        found[path] = [_object(row, names, width, height, task, shape) for row in rows]
        for row in rows:
            assert all(0 <= float(word) <= 1 for word in row.split()[1:] if task != "pose"), row
    return found


def _object(row: str, names: list[str], width: int, height: int, task: str, shape: Any) -> Found:
    words = row.split(" ")
    label, numbers = names[int(words[0])], [float(word) for word in words[1:]]
    if task in {"segment", "obb"}:
        assert len(numbers) == 8 if task == "obb" else len(numbers) >= 6, row
        ring = [(x * width, y * height) for x, y in ring_of(numbers)]
        return Found(label, rings=[ring])
    cx, cy, w, h = numbers[:4]
    assert w > 0, row
    assert h > 0, row
    edges = ((cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height)
    points = None
    if task == "pose":
        assert len(numbers) == 4 + shape[0] * shape[1], row
        triplets = zip(numbers[4::3], numbers[5::3], numbers[6::3], strict=True)
        points = [(x * width, y * height, int(v)) for x, y, v in triplets]
    else:
        assert len(numbers) == 4, row
    return Found(label, edges=edges, points=points)
