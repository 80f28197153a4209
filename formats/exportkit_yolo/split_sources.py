"""Where the splits of a ``data.yaml`` lie: its ``path`` and the folders or lists of each key."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from exportkit.writing import Dataset, Finding

__all__ = ["SplitSource", "inside", "split_sources"]

_KEYS = frozenset({"train", "val", "test", "minival"})
_CONSUMER = "Ultralytics check_det_dataset"

#: The line of a key.
LineOf = Callable[[str], "int | None"]


class SplitSource(NamedTuple):
    """A folder of pictures, or a ``.txt`` list of them."""

    key: str
    #: Relative to the dataset.
    path: str
    #: Line of the key in the yaml.
    line: int | None = None


def split_sources(
    dataset: Dataset, yaml: str, document: dict[Any, Any], line_of: LineOf
) -> tuple[tuple[SplitSource, ...], list[Finding]]:
    """The splits of a yaml, and what is wrong with their places.

    Other keys than the known ones count where they name a folder of pictures.
    """
    found: list[SplitSource] = []
    findings: list[Finding] = []
    base, problem = _base(dataset, document.get("path"))
    if problem is not None:
        code, message = problem
        findings.append(Finding(code, "error", message, yaml, line_of("path"), consumer=_CONSUMER))
    for key, value in _entries(document):
        line = line_of(key)
        for place in value if isinstance(value, list) else [value]:
            if not isinstance(place, str):
                message = f"'{key}' holds something else than a path or a list of paths."
                findings.append(Finding("C_YOLO_YAML", "error", message, yaml, line, consumer=_CONSUMER))
                continue
            path = inside(dataset, base, place)
            if path is None and place.startswith("../") and isinstance(value, str):
                # The loader drops a leading ``../`` where such a folder does not exist.
                path = inside(dataset, base, place.removeprefix("../"))
            if path is None:
                findings.append(Finding("C_PATH", "error", f"'{key}' leads out of the dataset.", yaml, line))
            else:
                found.append(SplitSource("val" if key == "validation" else key, path, line))
    return tuple(found), findings


def _entries(document: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        if not isinstance(key, str) or value is None:
            continue
        if (
            key in _KEYS
            or (key == "validation" and "val" not in document)
            or (isinstance(value, str) and value.startswith("images/"))
        ):
            yield key, value


def _base(dataset: Dataset, path: Any) -> tuple[str, tuple[str, str] | None]:
    """The folder that splits are relative to, within the dataset, and the code and words of what is wrong with it."""
    if path is None:
        return "", None
    if not isinstance(path, str):
        return "", ("C_YOLO_YAML", "'path' is no text, which the loader refuses; remove the key.")
    found = inside(dataset, "", path)
    if not path.startswith("/"):
        message = "'path' is relative, so the dataset is found from one working directory only; remove the key."
        return found if found and dataset.is_dir(found) else "", ("C_YOLO_YAML", message)
    if found is None:
        return "", ("C_PATH", "'path' leads out of the dataset; remove the key, and the yaml's own folder is taken.")
    return found, None


def inside(dataset: Dataset, base: str, place: str) -> str | None:
    """A place relative to the dataset, empty for the dataset itself; None where it lies outside of it."""
    if "\0" in place:
        return None
    path = os.path.normpath(os.path.join(base, place))
    if place.startswith("/"):
        roots = {str(dataset.root.absolute()), os.path.realpath(dataset.root)}
        path = next((os.path.relpath(path, root) for root in roots if f"{path}/".startswith(f"{root}/")), "..")
    if path == ".":
        return ""
    return None if path == ".." or path.startswith("../") else path
