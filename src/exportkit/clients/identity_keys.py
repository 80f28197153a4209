"""Filter keys that speak of ids: what they select, and whether a row that came is one of those asked for."""

from __future__ import annotations

import operator
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from exportkit.errors import FilterRefused

__all__ = ["IDENTITY_KEYS", "IdRanges", "IdentitySelection"]

_RANGE: Final = re.compile(r"\s*(-?\d{1,19})\s*(?:-\s*(-?\d{1,19})\s*)?\Z")
#: Keys with one bound, and whether an id is within it.
_BOUNDS: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "id__gt": operator.gt,
    "id__gte": operator.ge,
    "id__lt": operator.lt,
    "id__lte": operator.le,
    "_id_gte": operator.ge,
    "_id_lt": operator.lt,
}
_SETS: Final = ("ids", "id", "id__in")
#: Every key of the id space (wire contract, section 8).
IDENTITY_KEYS: Final = frozenset((*_SETS, "ids_ex", *_BOUNDS))


class IdRanges:
    """Ids given one by one, in lists, or as ``1-100,200-300,500`` with inclusive ranges."""

    def __init__(self, key: str, value: object) -> None:
        """Raises FilterRefused, which names the key, for what is no id."""
        spans: list[tuple[int, int]] = []
        self._words: set[str] = set()
        for token in _tokens(key, value):
            found = _RANGE.match(token)
            if found is None:
                self._words.add(token.strip())
                continue
            first = int(found[1])
            last = first if found[2] is None else int(found[2])
            if last < first:
                raise FilterRefused(f"The filter {key} has the range {token.strip()!r}, which ends before it begins.")
            spans.append((first, last))
        self._starts, self._ends = _joined(spans)

    def __contains__(self, identity: object) -> bool:
        if isinstance(identity, str):
            if identity in self._words:
                return True
            if not (identity.isascii() and identity.isdigit() and len(identity) <= 19):
                return False
            identity = int(identity)
        if not isinstance(identity, int):
            return False
        place = bisect_right(self._starts, identity) - 1
        return place >= 0 and identity <= self._ends[place]


class IdentitySelection:
    """What the id-space keys of a filter ask for; keys are combined by AND."""

    def __init__(self, filters: Mapping[str, Any]) -> None:
        """Take the id-space keys of ``filters`` alone. Raises FilterRefused for unusable values."""
        given = {key: value for key, value in filters.items() if key in IDENTITY_KEYS and value is not None}
        self._inside = [IdRanges(key, given[key]) for key in _SETS if key in given]
        self._outside = IdRanges("ids_ex", given["ids_ex"]) if "ids_ex" in given else None
        self._bounds = [(key, _BOUNDS[key], _whole_number(key, given[key])) for key in _BOUNDS if key in given]

    def __bool__(self) -> bool:
        """Whether anything is asked for, so that some row may be refused."""
        return bool(self._inside or self._bounds) or self._outside is not None

    def admits(self, identity: int | str) -> bool:
        """Whether a row of this id was asked for. Raises FilterRefused for a text id against a bound."""
        if any(identity not in ranges for ranges in self._inside):
            return False
        if self._outside is not None and identity in self._outside:
            return False
        for key, within, bound in self._bounds:
            if not isinstance(identity, int):
                raise FilterRefused(f"The filter {key} compares numbers and cannot be applied to the id {identity!r}.")
            if not within(identity, bound):
                return False
        return True


def _tokens(key: str, value: object) -> Iterable[str]:
    if isinstance(value, (list, tuple, set, frozenset)):
        for element in value:
            yield from _tokens(key, element)
    elif isinstance(value, str):
        yield from (token for token in value.split(",") if token.strip())
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
    else:
        raise FilterRefused(f"The filter {key} takes ids, not {value!r}.")


def _joined(spans: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    starts: list[int] = []
    ends: list[int] = []
    for first, last in sorted(spans):
        if ends and first <= ends[-1]:
            ends[-1] = max(ends[-1], last)
        else:
            starts.append(first)
            ends.append(last)
    return starts, ends


def _whole_number(key: str, value: object) -> int:
    if isinstance(value, str) and re.fullmatch(r"\s*-?\d{1,19}\s*", value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise FilterRefused(f"The filter {key} takes a whole number, not {value!r}.")
    return value
