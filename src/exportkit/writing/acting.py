"""Where an option of a writer acts: told by the option itself, so that one that can change nothing is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic.fields import FieldInfo

__all__ = ["ActsIn", "acting_words", "idle_option"]


class ActsIn:
    """Marks an option (``Annotated[…, ActsIn(task=("auto", "segment"))]``) that acts only beside these values.

    Every option that is named must have one of its values. A task that is only chosen from the data belongs to them,
    since nobody knows before that the option is idle.
    """

    def __init__(self, **values: tuple[object, ...]) -> None:
        self.values: Mapping[str, tuple[object, ...]] = values


def acting_words(field: FieldInfo) -> Iterator[str]:
    """Each condition as it is written after ``--to``: ``task=auto|segment``."""
    for other, values in _conditions(field):
        yield f"{other}={'|'.join(map(_word, values))}"


def idle_option(fields: Mapping[str, FieldInfo], given: Mapping[str, Any]) -> str | None:
    """A sentence about the first option that differs from its default and cannot act, or None."""
    for name, field in fields.items():
        if given[name] == field.get_default(call_default_factory=True):
            continue
        for other, values in _conditions(field):
            if given[other] not in values:
                wanted = "|".join(map(_word, values))
                return f"{name}= acts with {other}={wanted}, not with {other}={_word(given[other])}; leave it out"
    return None


def _conditions(field: FieldInfo) -> Iterator[tuple[str, tuple[object, ...]]]:
    for mark in field.metadata:
        if isinstance(mark, ActsIn):
            yield from mark.values.items()


def _word(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
