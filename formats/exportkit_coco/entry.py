"""The keys that close an entry of ``annotations``, and what became of the annotation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from math import isfinite
from typing import Any

from exportkit.errors import AnnotationFault
from exportkit.records import Annotation, RotatedBox, decimal_text, quoted
from exportkit.writing import Outcome, failed, lossy, written
from exportkit.writing.attributes import attribute_text, read_attributes

__all__ = ["class_failure", "closing_keys", "lost_keys", "object_outcome", "outcome_of"]

_FLAGS = ("difficult", "truncated", "occluded")
_NAMES = ("group_id", "track_id", "frame")


def closing_keys(a: Annotation, *, source_ids: bool) -> tuple[str, tuple[str, ...]]:
    """``score``, ``attributes`` and ``source_id``, those that there are, and the codes of what has no room.

    Raises AnnotationFault for a score or attributes that strict JSON cannot hold.
    """
    text = ""
    if a.score is not None:
        if not isfinite(a.score):
            raise AnnotationFault("E_NOT_FINITE", f"The score {a.score} is not finite; give a finite number.", ".score")
        text = f',"score":{decimal_text(a.score)}'
    added = _added_attributes(a)
    codes: tuple[str, ...] = ()
    if a.attributes or added:
        attributes = attribute_text(a.attributes, added, ascii_only=True)
        if attributes != "{}":
            text += f',"attributes":{attributes}'
        if added and a.attributes and _displaces(added, read_attributes(a.attributes)):
            codes = ("L_ATTRIBUTES_DROPPED",)
    if source_ids and a.id is not None:
        text += f',"source_id":{json.dumps(a.id)}'
    return text, codes


def lost_keys(a: Annotation) -> tuple[str, ...]:
    """What it costs an annotation that its entry is shared with others, so that none of these keys has a place."""
    codes: tuple[str, ...] = ()
    if a.attributes and read_attributes(a.attributes):
        codes = ("L_ATTRIBUTES_DROPPED",)
    if a.score is not None or _added_attributes(a):
        codes += ("L_FLAGS_DROPPED",)
    return codes


def object_outcome(a: Annotation, codes: tuple[str, ...], area: str) -> Outcome:
    """The outcome of an object; a declared area that was replaced is told with both values."""
    outcome = outcome_of(codes)
    if "N_AREA_RECOMPUTED" in codes:
        text = f"The declared area {quoted(a.area)} is not that of the geometry; {area} is written."
        return Outcome(outcome.status, outcome.codes, text, ".area")
    return outcome


@lru_cache(maxsize=4096)
def outcome_of(codes: tuple[str, ...]) -> Outcome:
    """Written, with notices at most, or lossy."""
    return lossy(*codes) if any(code[0] == "L" for code in codes) else written(*codes)


def class_failure(a: Annotation) -> Outcome:
    """What becomes of an annotation whose class is not in the map."""
    shown = ascii((a.label or "")[:120])
    return failed("E_CLASS_UNKNOWN", f"The class {shown} is not in the class map; add it to the list.")


def _added_attributes(a: Annotation) -> dict[str, Any]:
    """Fields that COCO has no key for (formats, section 5.0): flags that are true, names that are given, the turn,
    and the label of a caption, which has no category.
    """
    if not (
        a.difficult
        or a.truncated
        or a.occluded
        or a.group_id is not None
        or a.track_id is not None
        or a.frame is not None
        or isinstance(a.geometry, RotatedBox)
        or (a.kind == "caption" and a.label is not None)
    ):
        return {}
    added: dict[str, Any] = {flag: True for flag in _FLAGS if getattr(a, flag)}
    added |= {name: getattr(a, name) for name in _NAMES if getattr(a, name) is not None}
    if isinstance(a.geometry, RotatedBox):
        added["rotation_rad"] = a.geometry.theta
    if a.kind == "caption" and a.label is not None:
        added["label"] = a.label
    return added


def _displaces(added: Mapping[str, Any], attributes: Mapping[str, Any]) -> bool:
    return any(name in attributes and attributes[name] != value for name, value in added.items())
