"""Which split each record goes to (formats, section 6)."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from exportkit.errors import RecordFault, UsageError
from exportkit.normalize import RecordSurvey
from exportkit.writing import NamingRule
from exportkit.writing.names import safe_name

__all__ = ["Cut", "SplitBy", "SplitOf", "SplitRequest", "cut_units", "split_name", "unit_key"]

SplitBy = Literal["hash", "random", "field"]

_ALIASES = {"training": "train", "valid": "val", "validation": "val", "testing": "test"}
_KNOWN = frozenset({"train", "val", "test"})
_RULE = NamingRule(layout="flat")
_BUCKETS = 100
#: A share; an exponent might stand for more digits than any memory holds.
_DECIMAL = re.compile(r"-?(?:\d{1,9}(?:\.\d{0,30})?|\.\d{1,30})", re.ASCII)
_LIST_LIMIT = 1 << 30


def split_name(given: str | None) -> str:
    """The split of a record that names one: aliases are resolved, other names are kept if they are safe."""
    if given is None:
        return "train"
    name = _ALIASES.get(given, given)
    if name in _KNOWN:
        return name
    if "/" in name or safe_name(name + ".x", _RULE).changed:
        raise RecordFault("E_NAME_UNSAFE", "The split's name cannot be a folder's name; rename it.", "$.split")
    return name


def unit_key(identity: int | str, record: RecordSurvey, *, grouped: bool) -> str:
    """What is never parted: the record's group where groups are asked for and it has one, else its item."""
    return record.group if grouped and record.group is not None else str(identity)


class SplitOf(Protocol):
    """Tells the split of a record from its line alone. Raises RecordFault, or UsageError where the request is wrong."""

    def of(self, identity: int | str, record: RecordSurvey) -> str:
        """The split's name."""


UnitHash = Callable[[int | str, RecordSurvey], int]


class SplitRequest(msgspec.Struct, frozen=True):
    """``--split`` and what goes with it, or ``--split-file``."""

    #: Name and share of each split in the order given; shares sum to 1.
    shares: tuple[tuple[str, Fraction], ...] = ()
    by: SplitBy = "hash"
    seed: int = 0
    #: Split of each record, from a file.
    listed: Mapping[int | str, str] | None = None

    @classmethod
    def parse(cls, text: str, by: SplitBy, seed: int) -> SplitRequest:
        """``train=0.8,val=0.1,test=0.1``; with ``field`` the names alone do. Raises UsageError."""
        shares: dict[str, Fraction] = {}
        for word in filter(None, (part.strip() for part in text.split(","))):
            given, equals, share = word.partition("=")
            name = _safe(given.strip())
            if name in shares:
                raise UsageError(f"--split: {name!r} is given twice.")
            if not equals and by != "field":
                raise UsageError(f"--split: {word!r} has no share; write for example train=0.8,val=0.2.")
            shares[name] = _share(share.strip() or "0", word)
        if not shares:
            raise UsageError("--split names no split; write for example train=0.8,val=0.2.")
        if by != "field":
            _judge_shares(shares, by)
        return cls(tuple(shares.items()), by, seed)

    @classmethod
    def read(cls, path: Path) -> SplitRequest:
        """The assignment in a file of JSON lines ``{"record": id, "split": name}``. Raises UsageError."""
        listed: dict[int | str, str] = {}
        for number, line in _lines(path):
            where = f"The split file {path}, line {number},"
            try:
                entry = msgspec.json.decode(line, type=_Line)
            except msgspec.MsgspecError as error:
                raise UsageError(f"{where} is not {{record, split}}: {error}.") from None
            split = _safe(entry.split)
            if listed.setdefault(entry.record, split) != split:
                raise UsageError(f"{where} gives record {entry.record!r} a second split.")
        return cls(listed=listed)

    def rule(self, *, grouped: bool) -> SplitOf:
        """What tells the split of a record; with ``random`` that is settled only when all records are known."""
        if self.listed is not None:
            return _Listed(self.listed)
        if self.by == "field":
            return _OfField(frozenset(name for name, _ in self.shares))
        return _OfHash(self.shares, self.seed, grouped) if self.by == "hash" else _Later()

    def unit_hash(self, *, grouped: bool) -> UnitHash | None:
        """64 bits of what is never parted, where splits are cut from the list of all units; else None."""
        if self.listed is not None or self.by != "random":
            return None
        seed = self.seed

        def of(identity: int | str, record: RecordSurvey) -> int:
            key = f"{seed}:{unit_key(identity, record, grouped=grouped)}"
            return int.from_bytes(sha256(key.encode("utf-8", "surrogatepass")).digest()[:8], "big")

        return of

    def plain(self) -> dict[str, Any]:
        """The request as plain data, for manifests."""
        if self.listed is not None:
            text = msgspec.json.encode([[str(type(key).__name__), key, name] for key, name in self.listed.items()])
            return {"file": sha256(text).hexdigest()}
        return {"shares": {name: str(float(share)) for name, share in self.shares}, "by": self.by, "seed": self.seed}


#: Of a line with the id of a record and the name of a split.
_LONGEST_LINE = 1 << 20


class _Line(msgspec.Struct):
    record: int | str
    split: str


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE + 1), b""), 1):
                if len(line) > _LONGEST_LINE:
                    raise UsageError(f"Line {number} of the split file {path} is longer than {_LONGEST_LINE} bytes.")
                if line.strip():
                    yield number, line
    except OSError as error:
        raise UsageError(f"The split file {path} cannot be read: {error.strerror}.") from None


def _safe(name: str) -> str:
    try:
        return split_name(name) if name else _refuse(name)
    except RecordFault:
        return _refuse(name)


def _refuse(name: str) -> str:
    raise UsageError(f"{name!a} cannot be the name of a split, which becomes a folder; use letters and digits.")


def _share(text: str, word: str) -> Fraction:
    if not _DECIMAL.fullmatch(text):
        raise UsageError(f"--split: {word[:80]!a} has no number as its share; write for example train=0.8.")
    share = Fraction(text)
    if not 0 <= share <= 1:
        raise UsageError(f"--split: the share of {word!r} is not between 0 and 1.")
    return share


def _judge_shares(shares: Mapping[str, Fraction], by: SplitBy) -> None:
    total = sum(shares.values())
    if total != 1:
        raise UsageError(f"--split: the shares sum to {float(total):.6g}; they must sum to 1.")
    if by == "hash" and any((share * _BUCKETS).denominator != 1 for share in shares.values()):
        raise UsageError("--split: shares come in steps of 0.01 with --split-by hash; round them, or use random.")


class _OfHash:
    """Hundred buckets of the key's digest, cut in the order of the shares: adding records moves none."""

    def __init__(self, shares: tuple[tuple[str, Fraction], ...], seed: int, grouped: bool) -> None:
        self._names = [name for name, share in shares for _ in range(int(share * _BUCKETS))]
        self._prefix = f"{seed}:" if seed else ""
        self._grouped = grouped

    def of(self, identity: int | str, record: RecordSurvey) -> str:
        key = self._prefix + unit_key(identity, record, grouped=self._grouped)
        digest = sha256(key.encode("utf-8", "surrogatepass")).digest()
        return self._names[int.from_bytes(digest, "big") % _BUCKETS]


class _OfField:
    """The record's own split, limited to the names that were asked for."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def of(self, identity: int | str, record: RecordSurvey) -> str:
        name = split_name(record.split)
        if record.split is not None and name not in self._names:
            raise UsageError(
                f"Record {identity!r} has the split {record.split[:80]!a}, which --split does not name; add it there."
            )
        return name


class _Listed:
    """The split that a file gives to the record."""

    def __init__(self, listed: Mapping[int | str, str]) -> None:
        self._listed = listed

    def of(self, identity: int | str, record: RecordSurvey) -> str:
        del record
        split = self._listed.get(identity)
        if split is None:
            raise UsageError(f"The split file has no line for record {identity!r}; add it, or split with --split.")
        return split


class _Later:
    """``random`` cuts the list of all units, so until then everything stands in ``train``."""

    def of(self, identity: int | str, record: RecordSurvey) -> str:
        del identity, record
        return "train"


class Cut(msgspec.Struct, frozen=True):
    """Units in the order of their hashes, cut into splits: a unit belongs to the split its hash falls into."""

    names: tuple[str, ...]
    #: First hash of each split but the first.
    borders: tuple[int, ...]

    def of(self, unit: int) -> str:
        """The split of a unit."""
        return self.names[bisect_right(self.borders, unit)]


def cut_units(units: array[int], shares: tuple[tuple[str, Fraction], ...], carried: list[Fraction]) -> Cut:
    """Cut units, given by distinct hashes, by largest remainder; what is left over is ``carried`` to the next cut.

    Every split with a share gets at least one unit if there are enough.
    """
    ordered = sorted(units)
    counts = _shared_out(len(ordered), [share for _, share in shares], carried)
    borders, position = [], 0
    for count in counts[:-1]:
        position += count
        borders.append(ordered[position] if position < len(ordered) else 1 << 64)
    return Cut(tuple(name for name, _ in shares), tuple(borders))


def _shared_out(total: int, shares: list[Fraction], carried: list[Fraction]) -> list[int]:
    wanted = [owed + share * total for owed, share in zip(carried, shares, strict=True)]
    counts = [max(int(value), 0) for value in wanted]
    while sum(counts) != total:
        step = 1 if sum(counts) < total else -1
        open_to = [place for place, count in enumerate(counts) if step > 0 or count]
        place = max(open_to, key=lambda place: step * (wanted[place] - counts[place]))
        counts[place] += step
    entitled = [place for place, share in enumerate(shares) if share]
    fresh = not any(carried)
    for place in entitled if fresh and total >= len(entitled) else ():
        if not counts[place]:
            counts[counts.index(max(counts))] -= 1
            counts[place] = 1
    carried[:] = [value - count for value, count in zip(wanted, counts, strict=True)]
    return counts
