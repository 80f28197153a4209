"""Several transforms one after the other, and the account of what they took away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec

from exportkit.errors import words_of
from exportkit.records import Record, Rejected

__all__ = ["Answer", "Transform", "TransformFault", "applied", "filtered", "name_of"]

Answer: TypeAlias = Record | bool | None
Transform: TypeAlias = Callable[[Record], Answer]


class TransformFault(Exception):
    """A function raised, or answered with something that is no answer; it costs the record."""


def name_of(transform: Transform) -> str:
    """The word that a report calls it by."""
    return str(getattr(transform, "name", None) or getattr(transform, "__name__", type(transform).__name__))


def applied(transforms: Sequence[Transform], record: Record) -> Record | None:
    """The record after all transforms, or None where one of them drops it.

    Annotations that one took away are ``S_FILTERED`` in the account. Raises :class:`TransformFault`.
    """
    for transform in transforms:
        try:
            answer = transform(record)
        except Exception as error:
            words = ascii(words_of(error))[1:-1][:120]
            raise TransformFault(
                f"The transform {name_of(transform)} raised {type(error).__name__}: {words}."
            ) from error
        if answer is False:
            return None
        if isinstance(answer, Record):
            record = filtered(record, answer, name_of(transform))
        elif answer is not None and answer is not True:
            raise TransformFault(
                f"The transform {name_of(transform)} returned {type(answer).__name__}; it must return a Record, "
                "None or a bool."
            )
    return record


def filtered(before: Record, after: Record, who: str) -> Record:
    """``after``, with a note of each annotation of ``before`` that it lacks (formats, section 2.13)."""
    if after.annotations is before.annotations:
        return after
    left = {annotation.index for annotation in after.annotations} | {entry.index for entry in after.rejected}
    gone = [annotation for annotation in before.annotations if annotation.index not in left]
    if not gone:
        return after
    notes = (Rejected(a.index, "S_FILTERED", f"Dropped by {who}.", a.json_path, a.id, a.label, a.weight) for a in gone)
    return msgspec.structs.replace(after, rejected=(*after.rejected, *notes))
