"""What is installed: the entry points of the group ``exportkit``, named so that none can replace another."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata

from exportkit.plugins.hookspecs import ENTRY_POINT_GROUP

__all__ = ["BLOCKING_VARIABLE", "Blocking", "Candidate", "canonical", "installed"]

#: Environment variable with the plugins that are not to be loaded, separated by commas.
BLOCKING_VARIABLE = "EXPORTKIT_BLOCK_PLUGINS"


def canonical(distribution: str) -> str:
    """Comparable form of a distribution's name (PEP 503): ``My_Format`` and ``my-format`` are one."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plugin that may be loaded. ``load`` imports it and gives the plugin object."""

    distribution: str
    version: str
    entry_point: str
    load: Callable[[], object]
    #: Where it is imported from, as the entry point says it.
    value: str = ""

    @property
    def name(self) -> str:
        """``distribution:entry point``, unique among all plugins."""
        return f"{canonical(self.distribution)}:{self.entry_point}"

    @property
    def order(self) -> tuple[str, str]:
        """Plugins are loaded, asked and listed in this order, however the file system lists them."""
        return canonical(self.distribution), self.entry_point


@dataclass(frozen=True, slots=True)
class Blocking:
    """Plugins that the user does not want: ``distribution:name``, or an entry-point name of whatever owner."""

    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, names: Iterable[str], environ: Mapping[str, str]) -> Blocking:
        """Names given by the caller and those of :data:`BLOCKING_VARIABLE`, sorted."""
        stated = [*names, *environ.get(BLOCKING_VARIABLE, "").split(",")]
        return cls(tuple(sorted({_canonical_plugin(name.strip()) for name in stated if name.strip()})))

    def match(self, candidate: Candidate) -> str | None:
        """The name that blocks this plugin, or None."""
        return next((name for name in (candidate.name, candidate.entry_point) if name in self.names), None)


def _canonical_plugin(name: str) -> str:
    distribution, colon, entry_point = name.rpartition(":")
    return f"{canonical(distribution)}:{entry_point}" if colon else name


def installed() -> list[Candidate]:
    """Every installed plugin, none imported. Of one distribution found twice, the first on the path counts."""
    found: dict[str, Candidate] = {}
    for entry in metadata.entry_points(group=ENTRY_POINT_GROUP):
        owner = entry.dist
        candidate = Candidate(
            distribution=(owner and owner.name) or "unknown",
            version=(owner and owner.version) or "",
            entry_point=entry.name,
            load=entry.load,
            value=entry.value,
        )
        found.setdefault(candidate.name, candidate)
    return sorted(found.values(), key=lambda candidate: candidate.order)
