"""The recipe file of ``--recipe``: transforms by name, in the order in which they are applied."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from exportkit.errors import UsageError
from exportkit.storage.yaml_file import read_yaml
from exportkit.transforms.chain import Transform
from exportkit.transforms.classes import drop_classes, keep_classes, merge_classes, rename_classes
from exportkit.transforms.selection import minimum_area, review_state, where
from exportkit.transforms.shapes import to_boxes, to_polygons

__all__ = ["read_recipe"]

_CONDITIONS = frozenset({"attribute", "equals", "one_of", "minimum", "maximum", "present"})


def read_recipe(path: Path) -> tuple[Transform, ...]:
    """The transforms in a YAML (or ``.json``) file. Raises UsageError with the place of what is wrong.

    The file holds ``transforms:``, a list of ``name: value`` entries.
    """
    file = read_yaml(path, "The recipe")
    document = file.value
    entries = document.get("transforms") if isinstance(document, dict) else None
    if not isinstance(entries, list) or set(document) - {"transforms", "schema"}:
        raise UsageError(f"The recipe {path} must hold 'transforms', a list, and nothing else.")
    if document.get("schema", "exportkit-recipe/1") != "exportkit-recipe/1":
        raise UsageError(f"The recipe {path} has another schema than exportkit-recipe/1; update exportkit.")
    return tuple(
        _transform(entry, f"The recipe {file.place(('transforms', number))}, entry {number + 1},")
        for number, entry in enumerate(entries)
    )


def _transform(entry: Any, where_: str) -> Transform:
    if isinstance(entry, str):
        entry = {entry: True}
    if not isinstance(entry, dict) or len(entry) != 1:
        raise UsageError(f"{where_} is not one transform with its value, for example 'minimum_area: 16'.")
    ((name, value),) = entry.items()
    make = _MAKERS.get(name)
    if make is None:
        raise UsageError(f"{where_} names {str(name)[:80]!a}; known transforms: {', '.join(sorted(_MAKERS))}.")
    try:
        return make(value)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{where_} has a wrong value for {name}: {error}.") from None


def _names(value: Any) -> list[str]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError("give a list of class names, in quotes where they look like numbers")
    return names


def _renaming(value: Any) -> Transform:
    words = [word for pair in value.items() for word in pair] if isinstance(value, dict) else [None]
    if not all(isinstance(word, str) and word for word in words):
        raise ValueError("give old: new pairs of class names")
    return rename_classes(value)


def _merging(value: Any) -> Transform:
    if not isinstance(value, dict) or set(value) != {"into", "classes"} or not isinstance(value["into"], str):
        raise ValueError("give into: NAME and classes: [NAME, …]")
    return merge_classes(value["into"], *_names(value["classes"]))


def _area(value: Any) -> Transform:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
        raise ValueError("give a number of square pixels")
    return minimum_area(value)


def _where(value: Any) -> Transform:
    if not isinstance(value, dict) or not isinstance(value.get("attribute"), str) or set(value) - _CONDITIONS:
        raise ValueError(f"give attribute: NAME and any of {', '.join(sorted(_CONDITIONS - {'attribute'}))}")
    for key in ("minimum", "maximum"):
        if key in value and (isinstance(value[key], bool) or not isinstance(value[key], (int, float))):
            raise ValueError(f"{key} must be a number")
    if type(value.get("present", True)) is not bool or type(value.get("one_of", [])) is not list:
        raise ValueError("present must be true or false, and one_of a list")
    return where(**value)


def _flag(make: Callable[[], Transform]) -> Callable[[Any], Transform]:
    def made(value: Any) -> Transform:
        if value is not True:
            raise ValueError("write true, or leave the line out")
        return make()

    return made


_MAKERS: dict[Any, Callable[[Any], Transform]] = {
    "keep_classes": lambda value: keep_classes(*_names(value)),
    "drop_classes": lambda value: drop_classes(*_names(value)),
    "rename_classes": _renaming,
    "merge_classes": _merging,
    "minimum_area": _area,
    "where": _where,
    "review_state": lambda value: review_state(*_names(value)),
    "to_boxes": _flag(to_boxes),
    "to_polygons": _flag(to_polygons),
}
