"""Rows that nobody has to look into: read and written again in two calls for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, TypeGuard

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from exportkit.bundles.canonical_line import LINE_ENDS
from exportkit.wire.wrapper import MODE_WORD

__all__ = ["PlainRow", "are_plain", "keys_of_plain", "lines_of", "plain_rows"]

#: The type of a member that no plain row has: no text is as long and as short as it asks for.
_Never = Annotated[str, Meta(min_length=2, max_length=1)]

#: Keys as databases have them; others are looked into.
_Key = Annotated[int, Meta(ge=1, le=2**63 - 1)]


class _Unit(msgspec.Struct, gc=False):
    """The members of a data unit that a line keeps."""

    id: Raw | UnsetType = UNSET
    name: Raw | UnsetType = UNSET
    width: Raw | UnsetType = UNSET
    height: Raw | UnsetType = UNSET
    files: _Never | UnsetType = UNSET


class PlainRow(msgspec.Struct, gc=False):
    """A row with its payload by itself and without files, its members in the order of a line (wire contract, 16).

    Members that a line does not keep are gone.
    """

    id: _Key | UnsetType = UNSET
    pgh_id: _Key | UnsetType = UNSET
    data: Raw | UnsetType = UNSET
    files_manifest: UnsetType | None = UNSET
    data_unit: _Unit | UnsetType = UNSET
    status_label: Raw | UnsetType = UNSET
    split: Raw | UnsetType = UNSET
    group: Raw | UnsetType = UNSET
    files: _Never | UnsetType = UNSET
    file: _Never | UnsetType = UNSET


_rows: Final = msgspec.json.Decoder(PlainRow)
_encoder: Final = msgspec.json.Encoder()


def plain_rows(text: bytes) -> list[PlainRow] | None:
    """The rows of lines, or None where one of them is not plain, or no row."""
    if MODE_WORD in text or b"\r" in text:
        return None
    try:
        rows = _rows.decode_lines(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return rows if text.count(b"\n") == len(rows) else None


def are_plain(rows: Sequence[object]) -> TypeGuard[Sequence[PlainRow]]:
    """Whether rows, which are all of one type, are of this one."""
    return bool(rows) and isinstance(rows[0], PlainRow)


def keys_of_plain(rows: Sequence[PlainRow], key: str) -> list[int] | None:
    """The numbers that rows have as `key`, or as their id; None where one of them has none."""
    keys = [row.id for row in rows]
    if key != "id":
        told = [getattr(row, key) for row in rows]
        keys = [identity if value is UNSET else value for value, identity in zip(told, keys, strict=True)]
    return None if UNSET in keys else keys  # type: ignore[return-value]  # none of them is unset


def lines_of(rows: Sequence[PlainRow]) -> bytes:
    """The canonical lines of rows, LF included."""
    lines = _encoder.encode_lines(rows)
    if lines.count(b"\n") == len(rows):
        return lines
    # One came on several lines, and others on one.
    return b"".join(_encoder.encode(row).translate(LINE_ENDS) + b"\n" for row in rows)
