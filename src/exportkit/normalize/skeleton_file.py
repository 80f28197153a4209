"""The file of ``--input skeleton=FILE``: point names, edges and flip map of all key points (formats, section 1.2)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from exportkit.errors import UsageError
from exportkit.records import Skeleton, quoted
from exportkit.storage.yaml_file import parse_yaml

__all__ = ["read_skeleton"]

_LIMIT = 1 << 20
#: Keys of a COCO category that say nothing about its skeleton.
_UNREAD = frozenset({"id", "supercategory"})
_KEYS = frozenset({"name", "keypoints", "points", "skeleton", "edges", "flip"})


def read_skeleton(path: Path) -> Skeleton:
    """The skeleton in a YAML or (``.json``) JSON file. Raises UsageError for a file that holds none.

    ``name``; the point names under ``keypoints`` or ``points``; pairs of points under ``skeleton``, counted from 1
    as COCO does, or under ``edges``, counted from 0; ``flip``, the 0-based index that each point takes when the
    picture is mirrored. A category of a COCO file is such a file. The last two may be left out.
    """
    value = _loaded(path)
    if not isinstance(value, dict):
        raise _wrong(path, "holds no skeleton; write name and keypoints")
    unknown = next((key for key in value if key not in _KEYS | _UNREAD), None)
    if unknown is not None:
        raise _wrong(path, f"has the key {quoted(unknown)}; known keys: {', '.join(sorted(_KEYS))}")
    name = _text(value.get("name"), path, "name")
    points = _points(_either(value, "keypoints", "points", path), path)
    edges = _edges(value, len(points), path)
    return Skeleton(name, points, edges, _flip(value.get("flip"), len(points), path))


def _loaded(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT + 1)
    except OSError as error:
        raise _wrong(path, f"cannot be read: {error.strerror}") from None
    except ValueError:
        raise UsageError("The name of the skeleton file holds a NUL character; give another name.") from None
    if len(data) > _LIMIT:
        raise _wrong(path, "is larger than 1 MiB; write name and keypoints only")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong(path, f"is not UTF-8 at byte {error.start}; save it as UTF-8") from None
    return _parsed(text, path)


def _parsed(text: str, path: Path) -> Any:
    if path.suffix.lower() == ".json":
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise _wrong(path, f"is not valid JSON: {error}") from None
    return parse_yaml(text, path, "The skeleton file").value


def _either(value: dict[str, Any], first: str, second: str, path: Path) -> Any:
    """The value of one of two keys; None where neither is there."""
    if first in value and second in value:
        raise _wrong(path, f"has both {first} and {second}; keep one of them")
    return value.get(first, value.get(second))


def _text(value: Any, path: Path, what: str) -> str:
    if not isinstance(value, str) or not value.strip() or not _is_unicode(value):
        raise _wrong(path, f"gives {quoted(value)} as {what}; write a text, quoted if need be")
    return value


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _points(value: Any, path: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise _wrong(path, "holds no point names; list them under keypoints")
    points: dict[str, None] = {}
    for number, entry in enumerate(value, 1):
        point = _text(entry, path, f"point {number}")
        if point in points:
            raise _wrong(path, f"names the point {quoted(point)} twice; keep one of them")
        points[point] = None
    return tuple(points)


def _edges(value: dict[str, Any], count: int, path: Path) -> tuple[tuple[int, int], ...]:
    first = 1 if "skeleton" in value else 0
    key = "skeleton" if first else "edges"
    edges = _either(value, "skeleton", "edges", path)
    if edges is None:
        return ()
    last = count - 1 + first
    found = []
    for edge in edges if isinstance(edges, list) else [edges]:
        if not isinstance(edge, list) or len(edge) != 2 or not all(_is_index(end, first, last) for end in edge):
            raise _wrong(path, f"has {quoted(edge)} under {key}; write pairs of numbers from {first} to {last}")
        found.append((edge[0] - first, edge[1] - first))
    return tuple(found)


def _flip(value: Any, count: int, path: Path) -> tuple[int, ...] | None:
    if value is None:
        return None
    if (
        not isinstance(value, list)
        or len(value) != count
        or not all(_is_index(other, 0, count - 1) for other in value)
        or any(value[other] != index for index, other in enumerate(value))
    ):
        text = "give each point the number, from 0, of the point that it becomes in a mirror"
        raise _wrong(path, f"has a flip map that does not undo itself; {text}")
    return tuple(value)


def _is_index(value: Any, first: int, last: int) -> bool:
    return type(value) is int and first <= value <= last


def _wrong(path: Path, what: str) -> UsageError:
    return UsageError(f"The skeleton file {path} {what}.")
