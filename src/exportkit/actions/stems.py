"""Which output names are taken, on disk, so that a million of them need no memory."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from exportkit.writing.names import name_key

__all__ = ["Collision", "StemRegistry", "identity_suffix"]

_PLAIN_ID = re.compile(r"[0-9A-Za-z_-]{1,64}\Z")
_DIGITS = 12


class Collision(NamedTuple):
    """An item whose name another item had first."""

    item_id: Any
    original_name: str
    output_stem: str


def identity_suffix(identity: object) -> str:
    """An id as part of a file's name: itself where that is safe, else the start of its SHA-256."""
    text = str(identity)
    return text if _PLAIN_ID.match(text) else hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:_DIGITS]


class StemRegistry:
    """Stems as they are claimed, in record order, so that names depend on the records alone.

    Two stems are one if they are equal in NFC and without regard to case, as they are on many file systems.
    """

    def __init__(self, folder: Path) -> None:
        """Keep the names in a new file of `folder`."""
        # One thread at a time; which one does not matter.
        self._names = sqlite3.connect(folder / "names.sqlite", isolation_level=None, check_same_thread=False)
        for line in (
            "PRAGMA journal_mode=OFF",
            "PRAGMA synchronous=OFF",
            "CREATE TABLE stem (key TEXT PRIMARY KEY) WITHOUT ROWID",
            "CREATE TABLE collision (item TEXT, name TEXT, stem TEXT)",
            "BEGIN",
        ):
            self._names.execute(line)
        self.collisions = 0

    def claim(self, stem: str, identity: object, original_name: str) -> str:
        """The stem to use: this one, else with the id behind it, else with a number as well."""
        if self._take(stem):
            return stem
        for candidate in _candidates(stem, identity):
            if self._take(candidate):
                self.note(identity, original_name, candidate)
                return candidate
        raise AssertionError

    def reserve(self, stem: str) -> bool:
        """Take a stem for good; False where it is taken."""
        return self._take(stem)

    def note(self, identity: object, original_name: str, stem: str) -> None:
        """Remember a collision for the list of them."""
        self.collisions += 1
        row = (json.dumps(identity, default=str), original_name, stem)
        self._names.execute("INSERT INTO collision VALUES (?, ?, ?)", row)

    def all_collisions(self) -> Iterator[Collision]:
        """Every collision, in the order of claiming."""
        for item, name, stem in self._names.execute("SELECT item, name, stem FROM collision ORDER BY rowid"):
            yield Collision(json.loads(item), name, stem)

    def close(self) -> None:
        """Release the file."""
        self._names.close()

    def _take(self, stem: str) -> bool:
        return self._names.execute("INSERT OR IGNORE INTO stem VALUES (?)", (name_key(stem),)).rowcount == 1


def _candidates(stem: str, identity: object) -> Iterator[str]:
    number = 1
    if identity is None:
        while True:
            yield f"{stem}__dup{number}"
            number += 1
    base = f"{stem}__{identity_suffix(identity)}"
    yield base
    while True:
        number += 1
        yield f"{base}_{number}"
