"""Why the fast path refused a line, in pydantic's words."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from exportkit.normalize.shapes import SeedLine
from exportkit.wire.json_path import ROOT, below

__all__ = ["explain"]


@cache
def _adapter() -> TypeAdapter[SeedLine]:
    return TypeAdapter(SeedLine)


def explain(line: dict[str, Any]) -> dict[str, str]:
    """Reasons by JSON path for every value of ``line`` that is not of its shape; empty where all are.

    Made from the same shape that the fast path decodes. A key of the general way (``rotation`` …) has a
    reason too, so only reasons at the path of a fault are worth showing.
    """
    try:
        _adapter().validate_python(line)
    except ValidationError as error:
        reasons: dict[str, list[str]] = {}
        for problem in error.errors(include_url=False, include_context=False, include_input=False):
            texts = reasons.setdefault(_path(line, problem["loc"]), [])
            if problem["msg"] not in texts:
                texts.append(problem["msg"])
        return {path: " or ".join(texts) for path, texts in reasons.items()}
    return {}


def _path(value: Any, keys: tuple[int | str, ...]) -> str:
    """The JSON path of ``keys``, without the names that pydantic gives to the branches of a union."""
    path = ROOT
    for position, key in enumerate(keys):
        if isinstance(value, dict) and isinstance(key, str) and (key in value or position == len(keys) - 1):
            path, value = below(path, key), value.get(key)
        elif isinstance(value, (list, tuple)) and isinstance(key, int) and key < len(value):
            path, value = below(path, key), value[key]
    return path
