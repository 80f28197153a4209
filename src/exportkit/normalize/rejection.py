"""Annotations that no writer can have, with the reason."""

from __future__ import annotations

from exportkit.errors import AnnotationFault, AnnotationSkip
from exportkit.records import Rejected

__all__ = ["rejected"]


def rejected(
    index: int, source: object, reason: AnnotationFault | AnnotationSkip, path: str, *, weight: int = 1
) -> Rejected:
    """The entry for the source annotation at ``path``; its id and class are named where they can be read."""
    identity = label = None
    if isinstance(source, dict):
        identity = source.get("id")
        label = next((source[key] for key in ("category", "label", "classification") if key in source), None)
        label = label.get("class") if isinstance(label, dict) else label
    below = reason.json_path if isinstance(reason, AnnotationFault) else ""
    return Rejected(
        index=index,
        code=reason.code,
        message=reason.message,
        json_path=f"{path}{below}",
        id=identity if isinstance(identity, (int, str)) and not isinstance(identity, bool) else None,
        label=label if isinstance(label, str) else None,
        weight=weight,
    )
