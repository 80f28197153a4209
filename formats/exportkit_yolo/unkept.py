"""What a YOLO row has no column for: attributes and flags."""

from __future__ import annotations

from collections.abc import Mapping

from exportkit.records import Annotation
from exportkit.writing import Outcome, lossy, written

__all__ = ["OutcomeTable", "has_attributes", "has_flags", "unkept_fields"]

_FLAGS = ("difficult", "truncated", "occluded")
_VALUES = ("score", "group_id", "track_id", "frame")


def has_attributes(annotation: Annotation) -> bool:
    """Whether the source gave at least one attribute."""
    attributes = annotation.attributes
    if not attributes:
        return False
    return len(attributes) > 8 or not isinstance(attributes, bytes) or bool(attributes.strip(b"{} \t\r\n"))


def has_flags(annotation: Annotation) -> bool:
    """Whether any field is set that has no place in a row."""
    return not (
        annotation.score is None
        and annotation.group_id is None
        and annotation.track_id is None
        and annotation.frame is None
        and not annotation.difficult
        and not annotation.truncated
        and not annotation.occluded
    )


def unkept_fields(annotation: Annotation) -> tuple[str, ...]:
    """Names of the fields that are set and have no place in a row."""
    flags = [name for name in _FLAGS if getattr(annotation, name)]
    return (*flags, *(name for name in _VALUES if getattr(annotation, name) is not None))


class OutcomeTable:
    """Outcomes of written annotations, one shared object for equal ones, so that counting them is cheap."""

    def __init__(self, *, keeps_attributes: bool) -> None:
        self._keeps_attributes = keeps_attributes
        self._made: dict[tuple[tuple[str, ...], bool, tuple[str, ...]], Outcome] = {}

    def ordinary(self, costs: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[Outcome, Outcome]]:
        """For kinds with their codes: the outcomes of an annotation without flags, without and with attributes."""
        return {
            kind: (_outcome(codes, False, ()), _outcome(codes, not self._keeps_attributes, ()))
            for kind, codes in costs.items()
        }

    def of(self, annotation: Annotation, codes: tuple[str, ...]) -> Outcome:
        """The outcome of an annotation whose geometry was written with these codes."""
        attributes = annotation.attributes
        # Eight bytes hold no more than an empty object with some blanks, or one very short entry.
        dropped = (
            attributes is not None
            and not self._keeps_attributes
            and (len(attributes) > 8 or has_attributes(annotation))
        )
        fields = unkept_fields(annotation) if has_flags(annotation) else ()
        key = (codes, dropped, fields)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = _outcome(*key)
        return found


def _outcome(codes: tuple[str, ...], dropped: bool, fields: tuple[str, ...]) -> Outcome:
    if dropped:
        codes += ("L_ATTRIBUTES_DROPPED",)
    if fields:
        message = f"A YOLO row has no column for: {', '.join(fields)}."
        return Outcome("lossy", (*codes, "L_FLAGS_DROPPED"), message)
    return lossy(*codes) if any(code.startswith("L_") for code in codes) else written(*codes)
