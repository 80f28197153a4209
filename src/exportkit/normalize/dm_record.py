"""The annotations of one DM medium while they are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from exportkit.errors import AnnotationFault, AnnotationSkip
from exportkit.normalize.dm_entry import DmEntry, Medium, read_entry
from exportkit.normalize.dm_groups import Group, apply_groups
from exportkit.normalize.options import InputOptions
from exportkit.normalize.references import without_dangling
from exportkit.normalize.rejection import rejected
from exportkit.records import Annotation, Rejected
from exportkit.records.numbers import quoted

__all__ = ["DmReading"]


class DmReading:
    """Collects annotations and refusals of one medium in source order; each takes the next index."""

    def __init__(self, medium: Medium, options: InputOptions) -> None:
        self._medium = medium
        self._options = options
        self._annotations: list[Annotation] = []
        self._failed: list[Rejected] = []
        self._known: dict[Any, int] = {}
        self._next = 0

    def add(self, source: object, path: str, make: Callable[[int], DmEntry]) -> None:
        """Read one source annotation; ``make`` gives its entry from its index and may raise a fault."""
        if not isinstance(source, dict):
            self.fail(
                source, AnnotationFault("E_ANNOTATION", f"An annotation must be an object, not {quoted(source)}."), path
            )
            return
        try:
            annotation = read_entry(make(self._next), self._medium, self._options)
        except (AnnotationFault, AnnotationSkip) as reason:
            self.fail(source, reason, path)
            return
        self._annotations.append(annotation)
        self._count(annotation.id)

    def fail(self, source: object, reason: AnnotationFault | AnnotationSkip, path: str) -> None:
        """Refuse one source annotation."""
        entry = rejected(self._next, source, reason, path)
        self._failed.append(entry)
        self._count(entry.id)

    def _count(self, identity: int | str | None) -> None:
        if identity is not None:
            self._known.setdefault(identity, self._next)
        self._next += 1

    def finish(self, groups: Sequence[Group], options: InputOptions) -> tuple[list[Annotation], list[Rejected]]:
        """Apply groups and references; both lists are in source order.

        Groups that only the annotations name (``group_id`` of V2 key points) are added to ``groups``.
        """
        groups = [*groups, *_named_by_members(self._annotations, {group.id for group in groups})]
        annotations, wrong = apply_groups(self._annotations, groups, self._known, self._next, options)
        kept, dangling = without_dangling(
            annotations, self._known.keys() | {group.id for group in groups if group.fault is None}
        )
        return kept, sorted([*self._failed, *wrong, *dangling], key=lambda entry: entry.index)


def _named_by_members(annotations: Sequence[Annotation], defined: set[Any]) -> list[Group]:
    """Groups by the ``group_id`` of key points, with the boxes of the same id, where no definition has the id."""
    members: dict[int | str, list[Annotation]] = {}
    for annotation in annotations:
        if (
            annotation.group_id is not None
            and annotation.group_id not in defined
            and annotation.kind in {"point", "box"}
        ):
            members.setdefault(annotation.group_id, []).append(annotation)
    return [
        Group(group, found[0].json_path, positions=tuple(annotation.index for annotation in found))
        for group, found in members.items()
        if any(annotation.kind == "point" for annotation in found)
    ]
