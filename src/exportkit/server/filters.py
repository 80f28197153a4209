"""Filters: a closed list of keys for each target, each one applied or refused by its name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from sqlalchemy import and_, exists, or_
from sqlalchemy.sql.elements import ColumnElement

from exportkit.clients.filter_keys import FILTER_KEYS
from exportkit.server import tables
from exportkit.server.filter_values import FilterValue, id_ranges, moment, truth, whole_number, whole_numbers, words
from exportkit.server.refusals import Refusal
from exportkit.server.targets import TASK, Target

__all__ = ["RowFilter", "filter_keys"]

Condition = ColumnElement[bool]
_Builder = Callable[[Target, FilterValue], Condition]
_PLURAL: Final = "ground_truth_dataset_versions"
_SINGULAR: Final = "ground_truth_dataset_version"


@dataclass(frozen=True)
class RowFilter:
    """A filter that will be applied as a whole."""

    target: Target
    #: What is echoed: the keys and values that were sent, the singular version key renamed to the plural.
    applied: Mapping[str, Any]
    conditions: tuple[Condition, ...] = field(repr=False)

    @classmethod
    def of_object(cls, target: Target, sent: Mapping[str, Any], place: str) -> RowFilter:
        """Take the keys of a JSON object. Raises Refusal 400, for a key or value that cannot be applied.

        The field of a refusal is `place` and the key.
        """
        return cls._read(target, sent, place, lambda _key, given: given.value)

    @classmethod
    def of_query(cls, target: Target, pairs: Iterable[tuple[str, str]]) -> RowFilter:
        """Take the parameters of a query, in which repeated keys are lists. Raises Refusal 400 as above."""
        joined: dict[str, list[str]] = {}
        for name, value in pairs:
            joined.setdefault(name, []).append(value)
        sent = {name: values[0] if len(values) == 1 else values for name, values in joined.items()}
        return cls._read(target, sent, "", lambda key, given: given.decoded(several=key in _LISTS))

    @classmethod
    def _read(
        cls, target: Target, sent: Mapping[str, Any], place: str, echo: Callable[[str, FilterValue], Any]
    ) -> RowFilter:
        applied: dict[str, Any] = {}
        conditions: list[Condition] = []
        for name, value in sent.items():
            if value is None:
                continue
            key = _PLURAL if name == _SINGULAR else name
            builder = _BUILDERS[target.name].get(key)
            if builder is None:
                raise Refusal(400, _unknown(target, name), field=place + name)
            renamed = name == _SINGULAR and not isinstance(value, (list, tuple))
            given = FilterValue(place + name, [value] if renamed else value)
            conditions.append(builder(target, given))
            applied[key] = echo(key, given)
        return cls(target, applied, tuple(conditions))

    @property
    def digest(self) -> str:
        """Tell filters apart."""
        return hashlib.sha256(msgspec.json.encode(dict(sorted(self.applied.items())))).hexdigest()

    def requires(self, *keys: str, place: str = "") -> None:
        """Raise Refusal 400 unless one of the keys is there with a value."""
        if not any(self.applied.get(key) for key in keys):
            message = f"The filter names no {keys[0]}, which rows of {self.target.name} are selected by; add it."
            raise Refusal(400, message, field=place + keys[0])


def filter_keys(target: Target) -> list[str]:
    """Keys that are applied for a target, sorted."""
    return sorted(_BUILDERS[target.name])


def _unknown(target: Target, name: str) -> str:
    if name in FILTER_KEYS[target.name]:
        return (
            f"The filter {name!r} cannot be applied to {target.name} rows here, since they do not hold it; remove it."
        )
    return f"The filter {name!r} is not known for {target.name} rows; use one of {', '.join(filter_keys(target))}."


def _ids(target: Target, value: FilterValue) -> Condition:
    spans = id_ranges(value)
    singles = [first for first, last in spans if first == last]
    parts: list[Condition] = [target.id.between(first, last) for first, last in spans if first != last]
    if singles:
        parts.append(target.id.in_(singles))
    return or_(*parts)


def _other_ids(target: Target, value: FilterValue) -> Condition:
    return ~_ids(target, value)


def _bound(compare: Callable[[Any, int], Any]) -> _Builder:
    def condition(target: Target, value: FilterValue) -> Condition:
        found: Condition = compare(target.id, whole_number(value))
        return found

    return condition


def _equal_number(column: str) -> _Builder:
    def condition(target: Target, value: FilterValue) -> Condition:
        numbers = whole_numbers(value)
        # A list is put into the text of a statement each time it is asked; a single number is not.
        found = target.table.c[column]
        return found == numbers[0] if len(numbers) == 1 else found.in_(numbers)

    return condition


def _equal_word(column: str) -> _Builder:
    return lambda target, value: target.table.c[column].in_(words(value))


def _equal_truth(column: str) -> _Builder:
    return lambda target, value: target.table.c[column] == truth(value)


def _since(compare: Callable[[Any, str], Any]) -> _Builder:
    def condition(target: Target, value: FilterValue) -> Condition:
        found: Condition = compare(target.table.c.created, moment(value))
        return found

    return condition


def _search(target: Target, value: FilterValue) -> Condition:
    named = tables.document.alias("named")  # apart from the document that a query may read besides
    found = [named.c.search.contains(word.casefold(), autoescape=True) for word in words(value)]
    return exists().where(named.c.id == target.table.c.document_id, or_(*found))


def _of_task(*conditions: Condition) -> Condition:
    row = tables.assignment
    same = and_(row.c.tenant_id == TASK.table.c.tenant_id, row.c.task_id == TASK.table.c.id)
    return exists().where(same, *conditions)


def _has_assignment(_target: Target, value: FilterValue) -> Condition:
    return _of_task() if truth(value) else ~_of_task()


def _with_assignments(_target: Target, value: FilterValue) -> Condition:
    return _of_task(tables.assignment.c.id.in_(whole_numbers(value)))


def _with_discarded(_target: Target, value: FilterValue) -> Condition:
    return _of_task(tables.assignment.c.is_discarded == truth(value))


def _with_review(_target: Target, value: FilterValue) -> Condition:
    return _of_task(tables.assignment.c.status_review.in_(words(value)))


_BOUNDS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "gt": lambda column, limit: column > limit,
    "gte": lambda column, limit: column >= limit,
    "lt": lambda column, limit: column < limit,
    "lte": lambda column, limit: column <= limit,
}
_COMMON: Final[Mapping[str, _Builder]] = {
    "ids": _ids,
    "ids_ex": _other_ids,
    "search": _search,
    "_id_gte": _bound(_BOUNDS["gte"]),
    "_id_lt": _bound(_BOUNDS["lt"]),
}
_OF_PROJECT: Final[Mapping[str, _Builder]] = {
    **_COMMON,
    "project": _equal_number("project_id"),
    "id": _equal_number("id"),
    "id__in": _equal_number("id"),
    **{f"id__{name}": _bound(compare) for name, compare in _BOUNDS.items()},
    **{f"created__{name}": _since(compare) for name, compare in _BOUNDS.items()},
    "is_discarded": _equal_truth("is_discarded"),
    "status_label": _equal_word("status_label"),
}
_BUILDERS: Final[Mapping[str, Mapping[str, _Builder]]] = {
    "task": {
        **_OF_PROJECT,
        "has_assignment": _has_assignment,
        "assignments": _with_assignments,
        "assignments__is_discarded": _with_discarded,
        "status_review": _with_review,
    },
    "assignment": {
        **_OF_PROJECT,
        "tasks": _equal_number("task_id"),
        "users": _equal_number("user_id"),
        "status_review": _equal_word("status_review"),
        "is_confirmed": _equal_truth("is_confirmed"),
    },
    "ground_truth": {
        **_COMMON,
        _PLURAL: _equal_number("version_id"),
        "ground_truth_dataset": _equal_number("dataset_id"),
        "ground_truth": _equal_number("id"),
        "pgh_obj_id__in": _equal_number("id"),
        "project": _equal_number("project_id"),
    },
}
#: Keys whose values are echoed as lists, however many were sent.
_LISTS: Final[frozenset[str]] = frozenset({"id__in", "pgh_obj_id__in", "assignments", "tasks", "users", _PLURAL})
