"""Classes kept, dropped, renamed and merged."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from exportkit.records import LABELLED_KINDS, Annotation, Record
from exportkit.transforms.chain import Transform, name_of

__all__ = [
    "DropClasses", "KeepClasses", "RenameClasses", "drop_classes", "keep_classes", "merge_classes", "rename_classes",
    "unmet_classes",
]  # fmt: skip


class KeepClasses(msgspec.Struct, frozen=True):
    """Keeps annotations of these classes, and those of kinds that have no class."""

    name: ClassVar[str] = "keep_classes"
    classes: frozenset[str]

    def __call__(self, record: Record) -> Record:
        kept = tuple(a for a in record.annotations if a.kind not in LABELLED_KINDS or a.label in self.classes)
        return _with(record, kept)

    def plain(self) -> Any:
        """The value in a recipe."""
        return sorted(self.classes)

    @property
    def wanted(self) -> frozenset[str]:
        """Classes that it speaks of."""
        return self.classes


class DropClasses(msgspec.Struct, frozen=True):
    """Drops annotations of these classes."""

    name: ClassVar[str] = "drop_classes"
    classes: frozenset[str]

    def __call__(self, record: Record) -> Record:
        kept = tuple(a for a in record.annotations if a.kind not in LABELLED_KINDS or a.label not in self.classes)
        return _with(record, kept)

    def plain(self) -> Any:
        """The value in a recipe."""
        return sorted(self.classes)

    @property
    def wanted(self) -> frozenset[str]:
        """Classes that it speaks of."""
        return self.classes


class RenameClasses(msgspec.Struct, frozen=True):
    """Gives classes other names; several with one new name are merged. Names are exchanged at once, not in turn."""

    name: ClassVar[str] = "rename_classes"
    names: Mapping[str, str]

    def __call__(self, record: Record) -> Record:
        return _with(record, tuple(map(self._renamed, record.annotations)))

    def _renamed(self, annotation: Annotation) -> Annotation:
        label = annotation.label
        if label is None or label not in self.names or annotation.kind not in LABELLED_KINDS:
            return annotation
        return msgspec.structs.replace(annotation, label=self.names[label])

    def plain(self) -> Any:
        """The value in a recipe."""
        return dict(sorted(self.names.items()))

    @property
    def wanted(self) -> frozenset[str]:
        """Classes that it speaks of."""
        return frozenset(self.names)

    @property
    def made(self) -> frozenset[str]:
        """Classes that there are after it."""
        return frozenset(self.names.values())


def keep_classes(*classes: str) -> KeepClasses:
    """Keep annotations of these classes alone."""
    return KeepClasses(frozenset(classes))


def drop_classes(*classes: str) -> DropClasses:
    """Drop annotations of these classes."""
    return DropClasses(frozenset(classes))


def rename_classes(names: Mapping[str, str]) -> RenameClasses:
    """Rename classes, old name → new name."""
    return RenameClasses(dict(names))


def merge_classes(into: str, *classes: str) -> RenameClasses:
    """Make one class of several."""
    return RenameClasses(dict.fromkeys(classes, into))


def unmet_classes(transforms: Sequence[Transform], met: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    """The name of each transform that speaks of classes which no record has, with these classes.

    ``met`` are the classes of records before the first transform; what one makes, those after it meet.
    """
    known = set(met)
    for transform in transforms:
        unmet = sorted(frozenset(getattr(transform, "wanted", ())) - known)
        if unmet:
            yield name_of(transform), unmet
        known |= getattr(transform, "made", frozenset())


def _with(record: Record, annotations: tuple[Annotation, ...]) -> Record:
    if len(annotations) == len(record.annotations) and all(map(_is, annotations, record.annotations)):
        return record
    return msgspec.structs.replace(record, annotations=annotations)


def _is(one: Annotation, other: Annotation) -> bool:
    return one is other
