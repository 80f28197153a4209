"""The line that is stored for a row of the wire: canonical, its payload byte for byte as it came."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from exportkit.bundles.canonical_line import canonical_line
from exportkit.clients import WireRow
from exportkit.errors import RecordFault
from exportkit.wire import choose_entry, is_wrapper

__all__ = ["file_entries", "is_wrapped", "stored_line"]

_NULL: Final = b"null"
_UNIT_KEYS: Final = ("id", "name", "width", "height")
#: What a wrapper says of itself; a payload without this word is none.
_WRAPPER_WORD: Final = b'"mode"'
#: A wrapper holds a URL and three short members.
_LONGEST_WRAPPER: Final = 1 << 16
_AS_IT_CAME: Final = ("status_label", "split", "group")


def is_wrapped(row: WireRow) -> bool:
    """Whether the payload came in a wrapper (wire contract, section 7), and not by itself."""
    text = row.raw("data")
    if text is None or _WRAPPER_WORD not in text or len(text) > _LONGEST_WRAPPER:
        return False
    try:
        return is_wrapper(row.get("data"))
    except RecordFault:  # the tail says what is wrong with it
        return False


def file_entries(row: WireRow) -> dict[str, Any]:
    """File entries by the name of their data spec, whatever member of the row they came in (section 5).

    Raises RecordFault for files that are no object.
    """
    manifest, unit = row.raw("files_manifest"), row.raw("data_unit")
    if (
        manifest in {None, _NULL, b"{}"}
        and (unit is None or b'"files"' not in unit)
        and row.raw("files") in {None, _NULL}
        and row.raw("file") in {None, _NULL}
    ):
        return {}
    return choose_entry(row)[2]


def stored_line(row: WireRow, data: bytes | None, entries: dict[str, Any] | bytes) -> bytes:
    """The canonical line (section 16), LF included, with this payload and these files."""
    members: dict[str, Any] = {}
    for key in ("id", "pgh_id"):
        text = row.raw(key)
        if text is not None and text != _NULL:
            members[key] = text
    if data is not None:
        members["data"] = data
    if entries:
        members["files_manifest"] = entries
    elif row.raw("files_manifest") == _NULL:
        members["files_manifest"] = None
    unit = row.raw("data_unit")
    if unit is not None and unit != _NULL:
        members["data_unit"] = _unit_line(unit)
    for key in _AS_IT_CAME:
        text = row.raw(key)
        if text is not None:
            members[key] = text
    return canonical_line(members)


def _unit_line(text: bytes) -> bytes:
    """The members of a data unit that a line keeps, as they came; another value than an object is kept whole."""
    try:
        unit = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return text
    return b"{%b}" % b",".join(b'"%b":%b' % (key.encode(), unit[key]) for key in _UNIT_KEYS if key in unit)
