"""What the survey found out about each record, on disk, in the order in which records are written.

A row is a few dozen bytes; rows lie in files beside the staged output and are never all in memory.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeVar

import msgspec

__all__ = [
    "ErrorRow",
    "MediaRow",
    "Row",
    "RowFile",
    "merge_sorted",
    "read_rows",
    "repeated_id",
    "same_id",
    "typed_key",
    "write_rows",
]

_HEADER = 4
#: Rows that are written and read at once; while files are merged, one block of each is in memory.
_BLOCK = 64
_OPEN_RUNS = 200

RowType = TypeVar("RowType", bound=msgspec.Struct)


class MediaRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One record of a line: what the picture's header told, and what the plan needs to know of it."""

    media_id: str | None
    name: str
    width: int
    height: int
    orientation: int
    #: Usual extension of the content, empty when no header was read.
    format: str
    depth: int
    split: str
    #: Annotations of each kind.
    kinds: dict[str, int]
    notices: tuple[tuple[str, str], ...] = ()
    #: (code, message, JSON path) of a fault that costs the record, or None.
    fault: tuple[str, str, str] | None = None
    dropped: bool = False
    #: True where the source's name can be used as it is by every output, but for its folders.
    plain_name: bool = False
    group: str | None = None


class Row(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One line without an error of its own: where it lies, its id, and its records."""

    id: int | str
    part: int
    offset: int
    length: int
    line: int
    media: tuple[MediaRow, ...]
    #: Hash of what is never parted by a split, and the classes in it, where splits are cut after the survey.
    unit: int = 0
    labels: tuple[str, ...] = ()


class ErrorRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One line that no record can be made of."""

    id: int | str | None
    part: int
    line: int
    code: str
    message: str
    json_path: str
    #: Part and line that hold the id already, for a repeated one.
    first: tuple[int, int] | None = None


def repeated_id(identity: int | str, part: int, line: int, first: tuple[int, int]) -> ErrorRow:
    """The error of a line whose id was seen before; ``first`` is the part and line that keep it."""
    return ErrorRow(identity, part, line, "E_ID_DUPLICATE", "", "$.id", first)


def same_id(one: int | str, other: int | str) -> bool:
    """Whether two ids are the same: ``1`` and ``"1"`` are not."""
    return one == other and type(one) is type(other)


def typed_key(value: int | str | None) -> tuple[int, int, str]:
    """Typed order of ids: ints by value, then strings by code point; a missing id comes first."""
    if value is None:
        return (0, 0, "")
    return (1, value, "") if isinstance(value, int) else (2, 0, value)


class RowFile:
    """A file of rows that are given one by one or as finished blocks; a context manager.

    A block is an array of at most 64 rows in MessagePack behind its length, four bytes from the least significant on.
    """

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("wb", buffering=1 << 16)
        self._encode = msgspec.msgpack.Encoder().encode
        self._waiting: list[msgspec.Struct] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._end_block()
        finally:
            self._file.close()

    def add(self, row: msgspec.Struct) -> None:
        """Add the next row."""
        self._waiting.append(row)
        if len(self._waiting) == _BLOCK:
            self._end_block()

    def add_blocks(self, data: bytes) -> None:
        """Add blocks that are encoded already."""
        if data:
            self._end_block()
            self._file.write(data)

    def _end_block(self) -> None:
        if self._waiting:
            data = self._encode(self._waiting)
            self._file.write(len(data).to_bytes(_HEADER, "little") + data)
            self._waiting.clear()


def write_rows(path: Path, rows: Iterable[msgspec.Struct]) -> None:
    """Write a whole file of rows."""
    with RowFile(path) as file:
        for row in rows:
            file.add(row)


def read_rows(path: Path, kind: type[RowType]) -> Iterator[RowType]:
    """The rows of a file, a block at a time."""
    decode = msgspec.msgpack.Decoder(list[kind]).decode  # type: ignore[valid-type]
    with path.open("rb", buffering=1 << 16) as file:
        while head := file.read(_HEADER):
            yield from decode(file.read(int.from_bytes(head, "little")))


def merge_sorted(
    paths: list[Path], kind: type[RowType], key: Callable[[RowType], Any], folder: Path
) -> Iterator[RowType]:
    """Merge files that are each in the order of ``key``; equal keys keep the order of ``paths``.

    Only a bounded number of files is open at once: many are merged in several rounds through ``folder``.
    """
    level = 0
    while len(paths) > _OPEN_RUNS:
        merged = []
        for number, start in enumerate(range(0, len(paths), _OPEN_RUNS)):
            group = paths[start : start + _OPEN_RUNS]
            target = folder / f"merge-{level}-{number}.rows"
            runs: list[Iterator[RowType]] = [read_rows(path, kind) for path in group]
            rows = heapq.merge(*runs, key=key)
            write_rows(target, rows)
            merged.append(target)
        paths, level = merged, level + 1
    streams: list[Iterator[RowType]] = [read_rows(path, kind) for path in paths]
    yield from heapq.merge(*streams, key=key)
