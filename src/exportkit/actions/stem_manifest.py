"""Names for all items at once, which depend neither on their order nor on when they came."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from exportkit.actions.stems import identity_suffix
from exportkit.writing.names import name_key

__all__ = ["planned_stems"]


def planned_stems(entries: Iterable[tuple[Any, str]], reserved: frozenset[str] = frozenset()) -> dict[Any, str]:
    """The stem of each (id, wanted stem), in the order of (stem, typed id).

    The first of several keeps the name, the others get their id behind it; a name that some item wants literally is
    never given to another, and nobody gets a reserved one. Raises ValueError for a missing or repeated id.
    """
    listed = list(entries)
    identities: set[tuple[str, Any]] = set()
    for identity, stem in listed:
        if identity is None:
            raise ValueError(f"The item with the name {stem!r} has no id; a manifest of names needs one for each item.")
        key = (type(identity).__name__, identity)
        if key in identities:
            raise ValueError(f"The id {identity!r} occurs twice; a manifest of names needs each once.")
        identities.add(key)
    literal = {name_key(stem) for _, stem in listed}
    taken = {name_key(stem) for stem in reserved}
    stems: dict[Any, str] = {}
    for identity, stem in sorted(listed, key=lambda entry: (entry[1], *_typed(entry[0]))):
        chosen = stem
        if name_key(stem) in taken:
            base, number = f"{stem}__{identity_suffix(identity)}", 1
            chosen = base
            while name_key(chosen) in taken or name_key(chosen) in literal:
                number += 1
                chosen = f"{base}_{number}"
        taken.add(name_key(chosen))
        stems[identity] = chosen
    return stems


def _typed(identity: Any) -> tuple[int, int, str]:
    return (0, identity, "") if isinstance(identity, int) else (1, 0, str(identity))
