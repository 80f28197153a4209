"""The rows of a bundle, read where it lies, one at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import msgspec

from exportkit.clients.bundle_index import BundleIndex, LineFault, StoredLine
from exportkit.clients.counted_rows import Row
from exportkit.errors import RecordFault
from exportkit.native import core
from exportkit.normalize.item import item_id
from exportkit.storage.beneath import Beneath
from exportkit.wire.tolerant import deeper_than, tolerant_loads

__all__ = ["BundleFiles", "BundleRows", "BundleSource", "FaultLog"]


@dataclass(frozen=True)
class BundleSource:
    """A bundle that rows come from, as `exportkit convert` names one."""

    path: Path
    target: str


class BundleFiles:
    """Originals of a bundle, opened by their `bundle_path`; any thread may ask."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._beneath = Beneath(root)

    def open(self, path: str) -> int:
        """A read-only descriptor, which the caller closes. Raises BeneathError with its reason."""
        return self._beneath.open(path)

    def close(self) -> None:
        """Release the folder."""
        self._beneath.close()


class FaultLog:
    """Lines that gave no row: counted, the first of them at hand, all of them in a file."""

    KEPT = 20

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None
        self.count = 0
        self.first: list[LineFault] = []

    def begin(self) -> None:
        """Forget what was found: the lines are read once more."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self.count = 0
        self.first = []

    def add(self, fault: LineFault) -> None:
        """Take one fault."""
        self.count += 1
        if len(self.first) < self.KEPT:
            self.first.append(fault)
        if self._file is None:
            self._file = self._path.open("w", encoding="utf-8")
        self._file.write(json.dumps(fault) + "\n")

    def __iter__(self) -> Iterator[LineFault]:
        if self._file is None:
            return
        self._file.flush()
        with self._path.open(encoding="utf-8") as file:
            for line in file:
                yield LineFault(*json.loads(line))

    def close(self) -> None:
        """Release the file."""
        if self._file is not None:
            self._file.close()


class BundleRows:
    """Rows in ascending order of their ids, as often as they are asked for, never all in memory.

    `bundle` is set where these are all rows, unchanged: a consumer that reads bundles itself may take it instead.
    A line that gives no row is skipped and stands in `faults`.
    """

    def __init__(
        self,
        index: BundleIndex,
        parts: tuple[str, ...],
        originals: BundleFiles,
        faults: FaultLog,
        *,
        bundle: BundleSource | None,
        prefix: str,
        admits: Callable[[Row], bool] | None = None,
    ) -> None:
        self._index = index
        self._parts = parts
        self._admits = admits
        self.originals = originals
        self.faults = faults
        self.bundle = bundle
        #: What a `bundle_path` is relative to, in the words of the manifest.
        self.prefix = prefix

    def __iter__(self) -> Iterator[Row]:
        previous: int | str | None = None
        admits = self._admits
        if admits is None:
            self.faults.begin()
        for stored in self._index.lines():
            try:
                row = _row_of(stored)
                identity = item_id(row)
                if identity == previous:
                    raise RecordFault("E_ID_DUPLICATE", "The id stands on an earlier line too; only that one counts.")
            except RecordFault as fault:
                self._skip(stored, fault, admits is None)
                continue
            previous = identity
            if admits is None or admits(row):
                yield row

    def counted(self) -> int:
        """How many lines these rows stand for, bad ones included where all were asked for."""
        if self._admits is None:
            return self._index.records
        return sum(1 for _ in self)

    def _skip(self, stored: StoredLine, fault: RecordFault, asked: bool) -> None:
        if not asked:
            return
        identity = None
        with suppress(RecordFault):
            identity = item_id(tolerant_loads(stored.text)) if stored.text is not None else None
        place = stored.place
        self.faults.add(LineFault(fault.code, fault.message, self._parts[place.part], place.line, identity))


def _row_of(stored: StoredLine) -> dict[str, Any]:
    text = stored.text
    if text is None:
        raise RecordFault("E_LINE_SIZE", "The line is longer than any that is read; leave out what makes it so long.")
    row: dict[str, Any] | None = core.json_object(text) if core is not None else None
    if row is not None:
        return row
    try:
        if not deeper_than(text):
            row = msgspec.json.decode(text)
            if isinstance(row, dict):
                return row
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        pass
    return tolerant_loads(text)
