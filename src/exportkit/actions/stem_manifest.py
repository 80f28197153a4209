"""Names for all items at once, which depend neither on their order nor on when they came."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, MutableMapping
from typing import Any

from exportkit.actions.stems import identity_suffix
from exportkit.writing.names import name_key

__all__ = ["StemManifest", "planned_stems"]

#: Ints of so many bits keep their order as bytes.
_ORDERED_BITS = 127


def planned_stems(entries: Iterable[tuple[Any, str]], reserved: frozenset[str] = frozenset()) -> StemManifest:
    """The stem of each (id, wanted stem), in the order of (stem, typed id).

    The first of several keeps the name, the others get their id behind it; a name that some item wants literally is
    never given to another, and nobody gets a reserved one. Raises ValueError for a missing or repeated id.
    """
    manifest = StemManifest()
    manifest.plan(entries, reserved)
    return manifest


class StemManifest(MutableMapping[Any, str]):
    """Stems by id, ids being ints and texts, in a file of the system's own that goes with this object.

    What is in memory does not grow with the items.
    """

    def __init__(self) -> None:
        # A database without a name lies in a temporary file, which goes when it is closed.
        self._names = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for line in (
            "PRAGMA temp_store=FILE",
            "PRAGMA journal_mode=OFF",
            "PRAGMA synchronous=OFF",
            "CREATE TABLE wanted (id BLOB PRIMARY KEY, place BLOB, stem BLOB, key BLOB) WITHOUT ROWID",
            "CREATE INDEX literal ON wanted (key)",
            "CREATE TABLE taken (key BLOB PRIMARY KEY) WITHOUT ROWID",
            "CREATE TABLE planned (number INTEGER PRIMARY KEY, id BLOB UNIQUE, stem BLOB)",
            "BEGIN",
        ):
            self._names.execute(line)

    def plan(self, entries: Iterable[tuple[Any, str]], reserved: Iterable[str]) -> None:
        """Give every entry its stem, see :func:`planned_stems`."""
        for identity, stem in entries:
            if identity is None:
                text = f"The item with the name {stem!r} has no id; a manifest of names needs one for each item."
                raise ValueError(text)
            row = (_packed(identity), _place(identity), _bytes(stem), _bytes(name_key(stem)))
            if not self._names.execute("INSERT OR IGNORE INTO wanted VALUES (?, ?, ?, ?)", row).rowcount:
                raise ValueError(f"The id {identity!r} occurs twice; a manifest of names needs each once.")
        for stem in reserved:
            self._take(stem)
        for packed, wanted in self._names.execute("SELECT id, stem FROM wanted ORDER BY stem, place"):
            self[_unpacked(packed)] = self._chosen(_text(wanted), _unpacked(packed))

    def _chosen(self, stem: str, identity: Any) -> str:
        if self._take(stem):
            return stem
        base, number = f"{stem}__{identity_suffix(identity)}", 1
        chosen = base
        while self._is_wanted(chosen) or not self._take(chosen):
            number += 1
            chosen = f"{base}_{number}"
        return chosen

    def _take(self, stem: str) -> bool:
        return bool(self._names.execute("INSERT OR IGNORE INTO taken VALUES (?)", (_bytes(name_key(stem)),)).rowcount)

    def _is_wanted(self, stem: str) -> bool:
        found = self._names.execute("SELECT 1 FROM wanted WHERE key = ?", (_bytes(name_key(stem)),))
        return found.fetchone() is not None

    # -- the mapping -----------------------------------------------------------------------------------------

    def __getitem__(self, identity: Any) -> str:
        row = self._names.execute("SELECT stem FROM planned WHERE id = ?", (_packed(identity),)).fetchone()
        if row is None:
            raise KeyError(identity)
        return _text(row[0])

    def __setitem__(self, identity: Any, stem: str) -> None:
        line = "INSERT INTO planned (id, stem) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET stem = excluded.stem"
        self._names.execute(line, (_packed(identity), _bytes(stem)))

    def __delitem__(self, identity: Any) -> None:
        if not self._names.execute("DELETE FROM planned WHERE id = ?", (_packed(identity),)).rowcount:
            raise KeyError(identity)

    def __iter__(self) -> Iterator[Any]:
        for (packed,) in self._names.execute("SELECT id FROM planned ORDER BY number"):
            yield _unpacked(packed)

    def __len__(self) -> int:
        (count,) = self._names.execute("SELECT count(*) FROM planned").fetchone()
        return int(count)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)} items>"

    def __del__(self) -> None:
        self._names.close()


def _packed(identity: Any) -> bytes:
    """An id that can be unpacked; anything but an int stands as its text."""
    return b"%d" % identity if isinstance(identity, int) else b"'" + _bytes(str(identity))


def _unpacked(packed: bytes) -> int | str:
    return _text(packed[1:]) if packed[:1] == b"'" else int(packed)


def _place(identity: Any) -> bytes:
    """Bytes in the typed order of ids: ints by value, then texts by code point."""
    if isinstance(identity, int) and abs(identity) < 1 << _ORDERED_BITS:
        return b"0" + (identity + (1 << _ORDERED_BITS)).to_bytes(_ORDERED_BITS // 8 + 2, "big")
    return b"1" + _bytes(str(identity))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")
