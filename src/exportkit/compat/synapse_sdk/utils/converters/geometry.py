"""Geometry of payloads as converters read it: checked, and joined with the model of records."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from exportkit.compat.synapse_sdk.utils.converters.dm.tools.segmentation import MaskEncodingError, normalize_mask_data
from exportkit.errors import AnnotationFault
from exportkit.records import Mask

__all__ = ["by_id", "finite_numbers", "has_rotation", "mask_of", "points_of"]


def by_id(annotations: object) -> list[Mapping[str, Any]]:
    """The annotations of a tool in the order of their ids. Raises ValueError for what is no list of objects."""
    if not isinstance(annotations, Iterable) or isinstance(annotations, (str, bytes, Mapping)):
        raise ValueError("The annotations of a tool must be a list.")  # noqa: TRY004 - callers catch ValueError
    rows = list(annotations)
    if not all(isinstance(row, Mapping) for row in rows):
        raise ValueError("An annotation must be an object.")
    return sorted(rows, key=lambda row: str(row.get("id", "")))


def finite_numbers(values: object, count: int, what: str) -> list[float]:
    """``count`` finite numbers. Raises ValueError for anything else."""
    if not isinstance(values, Sequence) or isinstance(values, (str, bytes)) or len(values) != count:
        raise ValueError(f"{what} needs {count} numbers.")
    if not all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        raise ValueError(f"{what} must have numbers and nothing else.")
    if not all(math.isfinite(value) for value in values):
        raise ValueError(f"{what} must have finite numbers.")
    return [float(value) for value in values]


def points_of(values: object, what: str) -> list[tuple[float, float]]:
    """At least three points. Raises ValueError for anything else."""
    if not isinstance(values, Sequence) or isinstance(values, (str, bytes)) or len(values) < 3:
        raise ValueError(f"{what} needs at least three points.")
    points = [finite_numbers(point, 2, f"A point of {what}") for point in values]
    return [(x, y) for x, y in points]


def has_rotation(annotation: Mapping[str, Any]) -> bool:
    """Whether a box is turned."""
    attributes = annotation.get("attrs")
    rows = attributes if isinstance(attributes, list) else ()
    return any(row.get("name") == "rotation" and row.get("value") for row in rows if isinstance(row, Mapping))


def mask_of(annotation: Mapping[str, Any], width: int, height: int) -> Mask | None:
    """The pixels of a mask; None if it has none. Raises MaskEncodingError."""
    encoding = annotation.get("encoding")
    if encoding not in {"raw_indices", "dm_rle"}:
        raise MaskEncodingError("A mask needs its encoding, 'raw_indices' or 'dm_rle'.")
    data = normalize_mask_data(annotation.get("data"), encoding, width=width, height=height)
    if not data:
        return None
    read = Mask.from_row_indices if encoding == "raw_indices" else Mask.from_row_runs
    try:
        return read(data, width, height)
    except AnnotationFault as fault:
        raise MaskEncodingError(str(fault)) from None
