"""How a finding names a place in a JSON document: `$.data.annotations[3].bbox`."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["ROOT", "below", "path_of"]

ROOT = "$"
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
_LONGEST_KEY = 120


def below(path: str, key: str | int) -> str:
    """Return the path of the member `key` (a name) or the element `key` (a position) of what is at `path`.

    Names other than plain words are quoted and escaped, and cut to 120 characters, so that a path can always
    be printed.
    """
    if isinstance(key, int):
        return f"{path}[{key}]"
    if _PLAIN.match(key) and len(key) <= _LONGEST_KEY:
        return f"{path}.{key}"
    return f"{path}[{ascii(key)[: _LONGEST_KEY + 2]}]"


def path_of(keys: Iterable[str | int], start: str = ROOT) -> str:
    """Return the path that leads from `start` through all `keys`."""
    for key in keys:
        start = below(start, key)
    return start
