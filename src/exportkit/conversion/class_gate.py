"""Which classes an output can have, and what becomes of annotations with any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from exportkit.errors import AnnotationFault
from exportkit.records import LABELLED_KINDS, Annotation, Record

__all__ = ["ClassGate", "unreadable"]


def unreadable(annotation: Annotation, fault: AnnotationFault) -> Annotation:
    """The annotation in its place, with nothing in it that a writer could read."""
    return msgspec.structs.replace(annotation, box=fault, region=fault, geometry=fault)


class ClassGate:
    """Judges classes for one output; it has nothing to do where each class of the data can be written.

    ``known`` are the classes of a list, or None where the list is that of the data; ``bad`` tells of classes why the
    format cannot hold them.
    """

    def __init__(self, known: Mapping[str, int] | None, bad: Mapping[str, str]) -> None:
        self._known = known
        self._bad = bad
        self.judges = known is not None or bool(bad)

    def passed(self, records: Sequence[Mapping[str, object]]) -> int:
        """How many leading records, each given by the classes that it has, have good classes only."""
        known, bad = self._known, self._bad
        for place, labels in enumerate(records):
            if not (bad.keys().isdisjoint(labels) and (known is None or known.keys() >= set(labels))):
                return place
        return len(records)

    def without_bad(self, record: Record) -> Record:
        """The record with annotations of bad classes made unreadable.

        They stay in their places, because output ids count positions.
        """
        return msgspec.structs.replace(record, annotations=tuple(map(self._judged, record.annotations)))

    def _judged(self, annotation: Annotation) -> Annotation:
        label = annotation.label
        if label is None or annotation.kind not in LABELLED_KINDS:
            return annotation
        if self._known is not None and label not in self._known:
            shown = label.encode("unicode_escape").decode()[:120]
            fault = AnnotationFault("E_CLASS_UNKNOWN", f"The class '{shown}' is not in the class list; add it.")
        elif label in self._bad:
            fault = AnnotationFault("E_CLASS_UNREPRESENTABLE", self._bad[label])
        else:
            return annotation
        return unreadable(annotation, fault)
