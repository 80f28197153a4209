"""The fields that every annotation may have beside its geometry (formats, sections 1.2, 1.3, 2.4 and 2.9)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from exportkit.errors import AnnotationFault
from exportkit.records.numbers import quoted
from exportkit.wire.json_path import below

__all__ = ["COMMON_KEYS", "LABEL_KEYS", "annotation_id", "class_name", "common_fields", "judge_numbers", "seed_label"]

LABEL_KEYS = ("category", "category_name", "label", "class", "class_name", "classification")
_FLAGS = ("iscrowd", "difficult", "truncated", "occluded")
#: Keys of the fields beside class and geometry.
COMMON_KEYS = (*_FLAGS, "id", "area", "score", "group_id", "track_id", "frame", "attributes")
_INT64 = 2**63 - 1
_UINT64 = 2**64
_LARGEST_SCORE = 1_000_000


def class_name(value: object, path: str) -> str:
    """``value`` as a class name, exactly as given. Raises AnnotationFault ``E_CLASS_INVALID``."""
    if not isinstance(value, str) or not value.strip():
        raise AnnotationFault(
            "E_CLASS_INVALID", f"The class must be a text that is not blank, not {quoted(value)}.", path
        )
    return value


def seed_label(source: Mapping[str, Any]) -> str | None:
    """The class that a seed annotation names, by the first key that is there; None without such a key."""
    for key in LABEL_KEYS:
        if key not in source:
            continue
        value = source[key]
        if key != "classification" or not isinstance(value, dict):
            return class_name(value, f".{key}")
        if "class" in value:
            return class_name(value["class"], ".classification.class")
    return None


def annotation_id(source: Mapping[str, Any]) -> int | str | None:
    """The source id; absent, null and empty text are none. Raises AnnotationFault ``E_ANNOTATION``."""
    return _identity(source, "id")


def common_fields(source: Mapping[str, Any]) -> dict[str, Any]:
    """Id, flags, area, score, group, track, frame and attributes as arguments of an Annotation.

    Raises AnnotationFault: ``E_ANNOTATION`` for a wrong type, a number code for the score.
    """
    fields: dict[str, Any] = {flag: _flag(source, flag) for flag in _FLAGS}
    for key in ("id", "group_id", "track_id"):
        fields[key] = _identity(source, key)
    fields["area"] = source.get("area")
    fields["score"] = _score(source.get("score"))
    fields["frame"] = _frame(source.get("frame"))
    fields["attributes"] = _attributes(source.get("attributes"))
    return fields


def judge_numbers(value: object, path: str) -> None:
    """Raise AnnotationFault for a number anywhere in ``value`` that is not finite or an int beyond 64 bits."""
    if isinstance(value, float) and not math.isfinite(value):
        raise AnnotationFault("E_NOT_FINITE", "A number is not finite; give a finite one.", path)
    if isinstance(value, int) and not -_INT64 - 1 <= value < _UINT64:
        raise AnnotationFault("E_NUMBER_RANGE", "An integer does not fit into 64 bits.", path)
    if isinstance(value, dict):
        for key, member in value.items():
            judge_numbers(member, below(path, key))
    elif isinstance(value, list):
        for position, element in enumerate(value):
            judge_numbers(element, below(path, position))


def _flag(source: Mapping[str, Any], key: str) -> bool:
    value = source.get(key)
    if value is None:
        return False
    if isinstance(value, int) and value in {0, 1}:
        return bool(value)
    raise AnnotationFault("E_ANNOTATION", f"{key} must be true, false, 0 or 1, not {quoted(value)}.", f".{key}")


def _identity(source: Mapping[str, Any], key: str) -> int | str | None:
    value = source.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise AnnotationFault("E_ANNOTATION", f"{key} must be an int or a text, not {quoted(value)}.", f".{key}")
    if isinstance(value, int) and abs(value) > _INT64:
        raise AnnotationFault("E_NUMBER_RANGE", f"{key} must be within ±(2^63−1).", f".{key}")
    return value


def _score(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise AnnotationFault("E_NUMBER_TYPE", f"The score must be a number, not {quoted(value)}.", ".score")
    if not math.isfinite(value) if isinstance(value, float) else False:
        raise AnnotationFault("E_NOT_FINITE", "The score must be finite.", ".score")
    if abs(value) > _LARGEST_SCORE:
        raise AnnotationFault("E_NUMBER_RANGE", "The score must be within ±1,000,000.", ".score")
    return value


def _frame(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise AnnotationFault("E_ANNOTATION", f"frame must be an int of at least 0, not {quoted(value)}.", ".frame")
    if value > _INT64:
        raise AnnotationFault("E_NUMBER_RANGE", "frame must be below 2^63.", ".frame")
    return value


def _attributes(value: object) -> dict[str, Any] | None:
    if value is None or value == {}:
        return None
    if not isinstance(value, dict):
        raise AnnotationFault("E_ANNOTATION", f"attributes must be an object, not {quoted(value)}.", ".attributes")
    judge_numbers(value, ".attributes")
    return value
