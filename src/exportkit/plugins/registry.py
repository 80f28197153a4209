"""What plugins registered under a name, and who owns it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from exportkit.errors import UsageError
from exportkit.plugins.discovery import canonical
from exportkit.records import quoted
from exportkit.writing import Checker, Writer

__all__ = ["CheckerEntry", "Entry", "Registry", "WriterEntry"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """One registered class with its owner. Picklable wherever the class can be imported by its name."""

    #: Word by which users ask for it.
    name: str
    cls: type[T]
    distribution: str
    #: Version of the distribution.
    version: str
    #: ``distribution:entry point`` of the plugin.
    plugin: str

    @property
    def spec(self) -> str:
        """``name@distribution``: names this one whatever else is installed."""
        return f"{self.name}@{self.distribution}"


WriterEntry = Entry[Writer]
CheckerEntry = Entry[Checker]


class Registry(Generic[T]):
    """Classes of one role by name; one name may have several owners, and then the user chooses."""

    def __init__(self, role: str, entries: Iterable[Entry[T]], absent: Callable[[str], str | None]) -> None:
        """``role`` is the word for messages; ``absent`` tells why a known plugin does not give a name."""
        self._role = role
        self._absent = absent
        self._owners: dict[str, list[Entry[T]]] = {}
        for entry in sorted(entries, key=lambda entry: (entry.name, canonical(entry.distribution))):
            self._owners.setdefault(entry.name, []).append(entry)

    def by_name(self) -> dict[str, list[Entry[T]]]:
        """All entries by name; names and owners in alphabetical order."""
        return {name: list(owners) for name, owners in self._owners.items()}

    def owned(self, name: str, distribution: str) -> Entry[T] | None:
        """The entry of that name and owner, or None."""
        wanted = canonical(distribution)
        return next((entry for entry in self._owners.get(name, ()) if canonical(entry.distribution) == wanted), None)

    def find(self, spec: str) -> Entry[T]:
        """The entry for ``NAME`` or ``NAME@DISTRIBUTION``.

        Raises :class:`~exportkit.errors.UsageError` when there is none, or when several distributions own the
        name and none was chosen.
        """
        name, at, distribution = spec.partition("@")
        owners = self._owners.get(name, [])
        if not owners:
            raise UsageError(self._unknown(name))
        if at:
            return self.owned(name, distribution) or self._refuse_owner(name, distribution, owners)
        if len(owners) > 1:
            who = " and ".join(entry.distribution for entry in owners)
            choice = " or ".join(f"'{entry.spec}'" for entry in owners)
            raise UsageError(f"The {self._role} '{name}' is owned by {who}; choose one by writing {choice}.")
        return owners[0]

    def _refuse_owner(self, name: str, distribution: str, owners: list[Entry[T]]) -> Entry[T]:
        choice = " or ".join(f"'{entry.spec}'" for entry in owners)
        reason = self._absent(f"{canonical(distribution)}:{name}")
        because = f": {reason}" if reason else ""
        raise UsageError(
            f"No {self._role} {quoted(name)} of {quoted(distribution)} is loaded{because}; there is {choice}."
        )

    def _unknown(self, name: str) -> str:
        reason = self._absent(name)
        if reason:
            return f"There is no {self._role} {quoted(name)}: {reason}."
        close = difflib.get_close_matches(name[:64], self._owners, n=1)
        if close:
            return f"There is no {self._role} {quoted(name)}; did you mean '{close[0]}'?"
        known = ", ".join(self._owners) or "none"
        return f"There is no {self._role} {quoted(name)}; installed: {known}."
