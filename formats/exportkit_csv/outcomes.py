"""Outcomes of annotations that stand in a table, one shared object for equal ones."""

from __future__ import annotations

from functools import lru_cache

from exportkit.records import Annotation
from exportkit.writing import Outcome, lossy, written

__all__ = ["has_flags", "outcome_in_box_table", "outcome_of"]

_FIELDS = ("difficult", "truncated", "occluded", "score", "group_id", "track_id", "frame")


@lru_cache(maxsize=4096)
def outcome_of(codes: tuple[str, ...]) -> Outcome:
    """The outcome of an annotation that was written with these codes."""
    return lossy(*codes) if any(code[0] == "L" for code in codes) else written(*codes)


def has_flags(a: Annotation) -> bool:
    """Whether the annotation has more than a class, a geometry and attributes."""
    return (
        a.difficult
        or a.truncated
        or a.occluded
        or a.score is not None
        or a.group_id is not None
        or a.track_id is not None
        or a.frame is not None
    )


def outcome_in_box_table(a: Annotation, codes: tuple[str, ...], kept: frozenset[str] = frozenset()) -> Outcome:
    """The outcome in a table with pictures, classes, boxes and the fields ``kept``: others have no column."""
    values = ((name, getattr(a, name)) for name in _FIELDS if name not in kept)
    fields = tuple(name for name, value in values if value is not None and value is not False)
    dropped = bool(a.attributes) and not (isinstance(a.attributes, bytes) and not a.attributes.strip(b"{} \t\r\n"))
    return _outcome(codes, fields, dropped)


@lru_cache(maxsize=4096)
def _outcome(codes: tuple[str, ...], fields: tuple[str, ...], dropped: bool) -> Outcome:
    if dropped:
        codes += ("L_ATTRIBUTES_DROPPED",)
    if fields:
        return Outcome("lossy", (*codes, "L_FLAGS_DROPPED"), f"The table has no column for: {', '.join(fields)}.")
    return outcome_of(codes)
