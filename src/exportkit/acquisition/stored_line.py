"""The line that is stored for a row of the wire: canonical, its payload byte for byte as it came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import msgspec

from exportkit.bundles.canonical_line import LINE_ENDS, encoded_member
from exportkit.clients import WireRow
from exportkit.clients.plain_row import PlainRow, are_plain, lines_of
from exportkit.errors import RecordFault
from exportkit.wire import choose_entry, is_wrapper
from exportkit.wire.wrapper import MODE_WORD

__all__ = ["file_entries", "has_no_files", "is_wrapped", "may_be_wrapped", "plain_lines", "stored_line"]

_NULL: Final = msgspec.Raw(b"null")
_NOTHING: Final = (None, _NULL)
_NO_MAP: Final = (*_NOTHING, msgspec.Raw(b"{}"))
#: A wrapper holds a URL and three short members.
_LONGEST_WRAPPER: Final = 1 << 16


def is_wrapped(row: WireRow) -> bool:
    """Whether the payload came in a wrapper (wire contract, section 7), and not by itself."""
    if not may_be_wrapped(row.raw("data")):
        return False
    try:
        return is_wrapper(row.get("data"))
    except RecordFault:  # the tail says what is wrong with it
        return False


def may_be_wrapped(data: bytes | None) -> bool:
    """Whether a payload has to be looked into to tell."""
    return data is not None and MODE_WORD in data and len(data) <= _LONGEST_WRAPPER


def file_entries(row: WireRow) -> dict[str, Any]:
    """File entries by the name of their data spec, whatever member of the row they came in (section 5).

    Raises RecordFault for files that are no object.
    """
    return {} if has_no_files(row) else choose_entry(row)[2]


def has_no_files(row: WireRow) -> bool:
    """Whether no member of the row can name a file; costs no parsing."""
    members = row.members
    unit = members.get("data_unit")
    return (
        members.get("files_manifest") in _NO_MAP
        and (unit is None or b'"files"' not in bytes(unit))
        and members.get("files") in _NOTHING
        and members.get("file") in _NOTHING
    )


class _Unit(msgspec.Struct, gc=False):
    """The members of a data unit that a line keeps, in their order, each as it came."""

    id: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    name: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    width: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    height: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Line(msgspec.Struct, gc=False):
    """The members of a line in their order (section 16). The encoder copies what came and leaves out what is unset."""

    id: Any
    pgh_id: Any
    data: Any
    files_manifest: Any
    data_unit: Any
    status_label: Any
    split: Any
    group: Any


_unit: Final = msgspec.json.Decoder(_Unit).decode
_encoder: Final = msgspec.json.Encoder()


def stored_line(row: WireRow, data: bytes | None, entries: dict[str, Any] | bytes) -> bytes:
    """The canonical line (section 16), LF included, with this payload and these files."""
    members = row.members
    unset = msgspec.UNSET
    manifest: Any = unset
    if entries:
        manifest = msgspec.Raw(encoded_member(entries))
    elif members.get("files_manifest") == _NULL:
        manifest = None
    line = _encoder.encode(_line(members, unset if data is None else msgspec.Raw(data), manifest))
    if b"\n" in line or b"\r" in line:
        line = line.translate(LINE_ENDS)
    return line + b"\n"


def plain_lines(rows: Sequence[WireRow] | Sequence[PlainRow]) -> bytes | None:
    """The canonical lines of rows that are stored as they came, or None where one of them has to be looked into.

    What :func:`stored_line` gives for each of them, at a fraction of its cost. All rows are of one type.
    """
    if are_plain(rows):
        return lines_of(rows)
    found = cast("Sequence[WireRow]", rows)
    if not all(map(has_no_files, found)):
        return None
    unset = msgspec.UNSET
    lines = _encoder.encode_lines(
        [
            _line(members, members.get("data", unset), None if members.get("files_manifest") == _NULL else unset)
            for members in (row.members for row in found)
        ]
    )
    is_plain = MODE_WORD not in lines and b"\r" not in lines and lines.count(b"\n") == len(rows)
    return lines if is_plain else None


def _line(members: Mapping[str, msgspec.Raw], data: Any, manifest: Any) -> _Line:
    unset = msgspec.UNSET
    return _Line(
        _unless_null(members.get("id")),
        _unless_null(members.get("pgh_id")),
        data,
        manifest,
        _stored_unit(members.get("data_unit")),
        members.get("status_label", unset),
        members.get("split", unset),
        members.get("group", unset),
    )


def _unless_null(member: msgspec.Raw | None) -> Any:
    return msgspec.UNSET if member is None or member == _NULL else member


def _stored_unit(member: msgspec.Raw | None) -> Any:
    """The data unit as a line keeps it; another value than an object is kept whole."""
    if member is None or member == _NULL:
        return msgspec.UNSET
    try:
        return _unit(member)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return member
