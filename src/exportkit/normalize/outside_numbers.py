"""Numbers of a line that lie outside its annotations: the whole record answers for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exportkit.errors import AnnotationFault, RecordFault
from exportkit.normalize.fields import judge_numbers
from exportkit.normalize.kinds import MEDIA_BY_KEY
from exportkit.wire.json_path import below

__all__ = ["judge_outside"]

#: Keys of a payload below which annotations stand; each annotation answers for itself.
_ANNOTATIONS = frozenset({"annotations", "annotationsData", "annotation_data", *MEDIA_BY_KEY})
#: Ids have a code of their own.
_IDS = frozenset({"id", "pgh_id"})


def judge_outside(line: Mapping[str, Any]) -> None:
    """Raise RecordFault for a number outside annotations that is not finite or too large (formats, section 2.1)."""
    try:
        for key, value in line.items():
            if key == "data" and isinstance(value, dict):
                for inner, part in value.items():
                    if inner not in _ANNOTATIONS:
                        judge_numbers(part, below("$.data", inner))
            elif key not in _IDS:
                judge_numbers(value, below("$", key))
    except AnnotationFault as fault:
        raise RecordFault(fault.code, fault.message, fault.json_path) from fault
