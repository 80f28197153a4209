"""The lines of a part that was copied: whose they are, and what they only point to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any, Final

import msgspec

from exportkit.acquisition.asked_ids import AskedIds
from exportkit.acquisition.original_files import is_fetchable
from exportkit.acquisition.row_resolver import RowResolver, identity_of
from exportkit.acquisition.run_state import FileFacts, ItemFacts
from exportkit.acquisition.stored_line import file_entries, is_wrapped
from exportkit.clients import WireRow
from exportkit.errors import RecordFault
from exportkit.native import core
from exportkit.storage.refusals import refusals_of
from exportkit.storage.safe_path import judge_input_path
from exportkit.wire.wrapper import MODE_WORD

__all__ = ["CopiedPart"]

_FILE_WORD: Final = b'"bundle_path"'
_URL_WORD: Final = b'"url"'
#: Bytes of lines that are looked into at once.
_AT_ONCE: Final = 256 << 10
#: Originals whose paths are in memory at once.
_BATCH: Final = 1000
_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeError, RecursionError)


class _Head(msgspec.Struct, gc=False):
    """The members of a line that say which item it is."""

    id: Any = None
    pgh_id: Any = None


_heads: Final = msgspec.json.Decoder(_Head)


class CopiedPart:
    """One part in the folder of the run, before the state knows it."""

    def __init__(self, path: Path, *, originals: bool) -> None:
        """`originals` says whether files are needed at all."""
        self._path = path
        self._originals = originals
        #: Whether lines point to what has to be fetched besides; known when all were looked into.
        self.points = False

    def look_into(self, asked: AskedIds | None) -> Iterator[Iterable[str]]:
        """Require ids that were asked for, and give the places of originals below the bundle, so many at a time.

        What cannot be read is an error of its record, found and told by the tail. Raises IncompleteExport.
        """
        wanted: dict[str, None] = {}
        for text in _whole_lines(self._path):
            if core is None or asked is None:
                bounds, may_be_wrapped = None, MODE_WORD in text
            else:
                bounds, may_be_wrapped = core.id_bounds(text, MODE_WORD)
            # Lines that cannot be read have bounds, too, but no ids.
            if asked is not None and not (bounds and asked.holds(*bounds)):
                asked.require(_ids(text))
            has_files = self._originals and (_FILE_WORD in text or _URL_WORD in text)
            if not has_files and not may_be_wrapped:
                continue
            for row in filter(None, map(_row_of, BytesIO(text))):
                self.points = self.points or is_wrapped(row)
                if has_files:
                    wanted |= dict.fromkeys(self._places(row))
            if len(wanted) >= _BATCH:
                yield wanted
                wanted = {}
        yield wanted

    def _places(self, row: WireRow) -> Iterator[str]:
        """Safe paths of files below the bundle. A file that is nowhere but behind a URL is pointed to."""
        try:
            entries = file_entries(row)
        except RecordFault:
            return
        for entry in entries.values():
            if not isinstance(entry, Mapping):
                continue
            path = entry.get("bundle_path")
            if isinstance(path, str) and path.startswith("files/") and judge_input_path(path) is None:
                yield path
            elif path is None and is_fetchable(entry.get("url")):
                self.points = True

    def resolve(self, resolver: RowResolver) -> tuple[list[ItemFacts], list[FileFacts]]:
        """Put what the lines point to in their place: items whose payload cannot be had, and files that were fetched.

        The former have no line any more. Nothing is synced.
        """
        fresh = self._path.with_name(f"{self._path.name}.resolved")
        failed: list[ItemFacts] = []
        files: list[FileFacts] = []
        numbers = count(1)
        with refusals_of("write", fresh), fresh.open("wb") as target:
            for text in _whole_lines(self._path):
                lines = BytesIO(text).readlines()
                rows = [_row_of(text) for text in lines]
                answers = resolver.resolved(filter(None, rows))
                for line, row, number in zip(lines, rows, numbers, strict=False):
                    if row is None:
                        target.write(line)
                        continue
                    resolved = next(answers)
                    files += resolved.files
                    if resolved.fault is None:
                        target.write(resolved.line)
                        continue
                    # Ids may come twice, or be no numbers; a place is the only one of its kind.
                    place = f"{self._path.name}:{number}"
                    reason = f"{resolved.fault.code}: {resolved.fault.message}"
                    failed.append(ItemFacts(place, identity_of(row), "failed", error=reason))
        fresh.replace(self._path)
        return failed, files


def _whole_lines(path: Path) -> Iterator[bytes]:
    """The lines of a part, some of them at once."""
    with refusals_of("read", path), path.open("rb") as file:
        while text := file.read(_AT_ONCE):
            yield text + file.readline()


def _ids(text: bytes) -> list[int]:
    """Ids of the lines that can be read, as far as they are whole numbers."""
    try:
        heads = _heads.decode_lines(text)
    except _UNREADABLE:
        heads = [head for line in BytesIO(text) if (head := _head_of(line)) is not None]
    told = (head.pgh_id if head.id is None else head.id for head in heads)
    return [identity for identity in told if type(identity) is int]


def _head_of(text: bytes) -> _Head | None:
    try:
        return _heads.decode(text)
    except _UNREADABLE:
        return None


def _row_of(text: bytes) -> WireRow | None:
    try:
        return WireRow(msgspec.json.decode(text, type=dict[str, msgspec.Raw]))
    except _UNREADABLE:
        return None
