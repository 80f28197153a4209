"""The class map: one numbering of class names for a whole run."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

__all__ = ["ClassEntry", "ClassMap", "make_class_map"]

Source = Literal["list", "lock", "observed", "project"]


class ClassEntry(msgspec.Struct, frozen=True):
    """One class: its exact name, its index (0…n-1 without gaps) and where the number comes from."""

    name: str
    index: int
    source: Source


def _matching_form(name: str) -> str:
    return unicodedata.normalize("NFC", name.strip())


class ClassMap(msgspec.Struct, frozen=True):
    """Class names in index order. ``fixed`` means that other names are errors (``E_CLASS_UNKNOWN``)."""

    entries: tuple[ClassEntry, ...]
    fixed: bool
    #: Observed names that stand for a listed one (equal after strip and NFC): name → index.
    aliases: Mapping[str, int]
    #: Groups of names that differ only by case, blanks or normalisation.
    twins: tuple[tuple[str, ...], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names in index order."""
        return tuple(entry.name for entry in self.entries)

    def index(self) -> dict[str, int]:
        """Every name that has a number, aliases included."""
        found = dict(self.aliases)
        found.update((entry.name, entry.index) for entry in self.entries)
        return found


def make_class_map(
    observed: Iterable[str],
    *,
    listed: tuple[str, ...] | None = None,
    locked: tuple[str, ...] = (),
) -> ClassMap:
    """Number the classes (formats, section 3).

    ``listed`` is a fixed list (others are errors); ``locked`` keeps its numbers and grows. Observed names
    without a number follow in code-point order. A name is matched exactly first, then after strip and NFC
    against listed and locked names; otherwise it is a class of its own, exactly as given.
    """
    base, source = (listed, "list") if listed is not None else (locked, "lock")
    entries = [ClassEntry(name, index, source) for index, name in enumerate(base)]  # type: ignore[arg-type]
    exact = {entry.name for entry in entries}
    normal = {_matching_form(entry.name): entry.index for entry in reversed(entries)}
    aliases: dict[str, int] = {}
    new = []
    for name in sorted(set(observed) - exact):
        index = normal.get(_matching_form(name))
        if index is not None:
            aliases[name] = index
        elif listed is None:
            new.append(name)
    entries.extend(ClassEntry(name, len(base) + offset, "observed") for offset, name in enumerate(new))
    return ClassMap(tuple(entries), listed is not None, aliases, _twins(entry.name for entry in entries))


def _twins(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(_matching_form(name).casefold(), []).append(name)
    return tuple(tuple(sorted(group)) for _, group in sorted(groups.items()) if len(group) > 1)
