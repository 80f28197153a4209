"""The one form in which a row is stored in a bundle (wire contract, section 16)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from exportkit.wire.canonical_item import ROW_KEYS, UNIT_KEYS

__all__ = ["LINE_ENDS", "ROW_KEYS", "canonical_line", "canonical_members", "encoded_member"]

#: Outside strings these are mere white space in JSON, and within strings they are not allowed.
LINE_ENDS: Final = bytes.maketrans(b"\r\n", b"  ")
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def canonical_line(row: Mapping[str, Any]) -> bytes:
    """Return the line of `row`, LF included: known keys in fixed order, absent ones left out, others dropped.

    `data` given as bytes or `msgspec.Raw` is stored as it is, but that line ends between its values become blanks.
    The files of a v1 row (`data_unit.files`, `files`, `file`) become `files_manifest`.

    Raises ValueError for a number that is not finite or text that cannot be encoded.
    """
    members = canonical_members(row)
    pieces = [b'"%b":%b' % (key.encode(), encoded_member(value)) for key, value in members.items()]
    return b"{%b}\n" % b",".join(pieces)


def canonical_members(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of the line of `row`, in their order; values are as they came."""
    members = {**row, **_files(row)}
    unit = row.get("data_unit")
    if isinstance(unit, Mapping):
        members["data_unit"] = {key: unit[key] for key in UNIT_KEYS if key in unit}
    return {key: members[key] for key in ROW_KEYS if key in members}


def _files(row: Mapping[str, Any]) -> dict[str, Any]:
    if row.get("files_manifest"):
        return {}
    unit = row.get("data_unit")
    files = (unit.get("files") if isinstance(unit, Mapping) else None) or row.get("files")
    if not files and "files_manifest" not in row and row.get("file"):
        files = {"file": row["file"]}
    return {"files_manifest": files} if files else {}


def encoded_member(value: object) -> bytes:
    """Return a value as the line has it. Raises ValueError as :func:`canonical_line`."""
    if isinstance(value, msgspec.Raw):
        value = bytes(value)
    if isinstance(value, bytes):
        return value.translate(LINE_ENDS) if b"\n" in value or b"\r" in value else value
    return _ENCODER.encode(value).encode()
