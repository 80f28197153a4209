"""Values of filters: what a query or a JSON object may write for a number, a truth, a moment, ids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from exportkit.server.refusals import Refusal
from exportkit.server.tables import LARGEST_KEY

__all__ = ["FilterValue", "id_ranges", "iso_moment", "moment", "truth", "whole_number", "whole_numbers", "words"]

_NUMBER: Final = re.compile(r"\s*-?\d{1,19}\s*\Z", re.ASCII)
_RANGE: Final = re.compile(r"\s*(-?\d{1,19})\s*(?:-\s*(-?\d{1,19})\s*)?\Z", re.ASCII)
#: More values than any filter of 10,000 bytes can hold.
_MOST_VALUES: Final = 5_000
#: Conditions joined by OR; SQLite takes an expression up to a depth of 1,000.
_MOST_RANGES: Final = 500
_MOST_WORDS: Final = 100
_TRUTHS: Final = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True)
class FilterValue:
    """The value of one key, and the name by which a refusal calls it."""

    name: str
    value: Any

    def each(self) -> Iterator[FilterValue]:
        """Give the values that are combined by OR."""
        values = self.value if isinstance(self.value, (list, tuple)) else [self.value]
        if not values or len(values) > _MOST_VALUES:
            raise self.refused(f"between 1 and {_MOST_VALUES} values")
        for value in values:
            yield FilterValue(self.name, value)

    def decoded(self, *, several: bool) -> Any:
        """Give the value that a query wrote as text: numbers and truths as such, in a list if `several` is said."""
        if isinstance(self.value, (list, tuple)):
            return [_typed(value) for value in self.value]
        return [_typed(self.value)] if several else _typed(self.value)

    def refused(self, takes: str) -> Refusal:
        return Refusal(400, f"The filter {self.name!r} takes {takes}.", field=self.name)


def whole_number(value: FilterValue) -> int:
    """Read a whole number of at most 64 bits."""
    given = value.value
    if isinstance(given, str) and _NUMBER.match(given):
        given = int(given)
    if isinstance(given, bool) or not isinstance(given, int) or abs(given) > LARGEST_KEY:
        raise value.refused("a whole number")
    return given


def whole_numbers(value: FilterValue) -> list[int]:
    """Read numbers given one by one, in lists, or in one text with commas between them."""
    tokens = []
    for one in value.each():
        tokens += (
            [FilterValue(value.name, token) for token in one.value.split(",")] if isinstance(one.value, str) else [one]
        )
    return [whole_number(token) for token in tokens]


def truth(value: FilterValue) -> bool:
    """Read True, true, 1 or their opposites."""
    given = value.value
    found = given if isinstance(given, bool) else _TRUTHS.get(str(given).strip().lower())
    if found is None:
        raise value.refused("true or false")
    return found


def words(value: FilterValue) -> list[str]:
    """Read one or several texts."""
    found = [one.value for one in value.each()]
    if len(found) > _MOST_WORDS or not all(isinstance(word, str) and word and "\0" not in word for word in found):
        raise value.refused(f"text, at most {_MOST_WORDS} of them")
    return found


def moment(value: FilterValue) -> str:
    """Read a date or time in ISO 8601; without a zone it is UTC."""
    text = str(value.value).strip()
    for spelling in (text, text.replace(" ", "+")):  # a plus sign that nobody escaped arrives as a blank
        try:
            return iso_moment(datetime.fromisoformat(spelling))
        except (ValueError, OverflowError):
            continue
    raise value.refused("a date or time in ISO 8601")


def iso_moment(when: datetime) -> str:
    """Write a moment in the one form that sorts as it reads."""
    aware = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    return f"{aware.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def id_ranges(value: FilterValue) -> list[tuple[int, int]]:
    """Read ids given one by one, in lists, or as ``1-100,200-300,500`` with inclusive ranges."""
    spans: list[tuple[int, int]] = []
    for one in value.each():
        tokens = one.value.split(",") if isinstance(one.value, str) else [str(one.value)]
        for token in tokens:
            found = _RANGE.match(token)
            if found is None or isinstance(one.value, bool):
                raise value.refused("ids and ranges of ids, as in 1-100,200-300,500")
            first = int(found[1])
            last = first if found[2] is None else int(found[2])
            if last < first or abs(first) > LARGEST_KEY or abs(last) > LARGEST_KEY:
                raise value.refused("ranges that end after they begin, of numbers of at most 64 bits")
            spans.append((first, last))
    joined = _joined(spans)
    if len(joined) > _MOST_VALUES or sum(first != last for first, last in joined) > _MOST_RANGES:
        raise value.refused(f"at most {_MOST_VALUES} ids and {_MOST_RANGES} ranges")
    return joined


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Give the same numbers in ascending ranges that neither touch nor overlap."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


def _typed(value: Any) -> Any:
    if isinstance(value, str):
        if _NUMBER.match(value):
            return int(value)
        if value in {"True", "true"}:
            return True
        if value in {"False", "false"}:
            return False
    return value
