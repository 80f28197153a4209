"""Relations and groups that name annotations which their record does not have (formats, section 2.3)."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Any

from exportkit.errors import AnnotationFault
from exportkit.normalize.rejection import rejected
from exportkit.records import Annotation, Rejected
from exportkit.records.numbers import quoted

__all__ = ["without_dangling"]


def without_dangling(
    annotations: Iterable[Annotation], known: AbstractSet[object]
) -> tuple[list[Annotation], list[Rejected]]:
    """Part ``annotations``: those to keep, and relations and groups with an id outside ``known`` (``E_REFERENCE``).

    ``known`` holds the ids of all source annotations of the record, also of those that failed.
    """
    kept: list[Annotation] = []
    dangling: list[Rejected] = []
    for annotation in annotations:
        members: Any = annotation.geometry if annotation.kind in {"relation", "group"} else ()
        missing = next((member for member in members if member not in known), None)
        if missing is None:
            kept.append(annotation)
            continue
        text = f"The {annotation.kind} names the annotation {quoted(missing)}, which its record does not have."
        source = {"id": annotation.id, "label": annotation.label}
        dangling.append(rejected(annotation.index, source, AnnotationFault("E_REFERENCE", text), annotation.json_path))
    return kept, dangling
