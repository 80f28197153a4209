"""Numbers that a source gave its classes: ``category_id`` beside the class of a seed annotation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from exportkit.errors import AnnotationFault, RecordFault
from exportkit.normalize.fields import seed_label
from exportkit.wire.tolerant import tolerant_loads

__all__ = ["class_numbers"]

_LAST = 2**53 - 1


def class_numbers(line: bytes) -> Iterator[tuple[str, int]]:
    """Class and number of each annotation of a bundle line that has both; numbers are ints in 0…2⁵³−1."""
    try:
        item = tolerant_loads(line)
    except RecordFault:
        return
    data = item.get("data") if isinstance(item, dict) else None
    annotations = data.get("annotations") if isinstance(data, dict) else None
    for annotation in annotations if isinstance(annotations, list) else ():
        number = annotation.get("category_id") if isinstance(annotation, dict) else None
        if type(number) is int and 0 <= number <= _LAST and (label := _label(annotation)) is not None:
            yield label, number


def _label(annotation: dict[str, Any]) -> str | None:
    try:
        return seed_label(annotation)
    except AnnotationFault:
        return None
