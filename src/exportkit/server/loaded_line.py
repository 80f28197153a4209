"""One line of a bundle as rows hold it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from exportkit.bundles import Line
from exportkit.bundles.canonical_line import canonical_members, encoded_member
from exportkit.errors import BundleRefused, RecordFault
from exportkit.normalize.item import item_id
from exportkit.server.tables import LARGEST_KEY
from exportkit.storage.refusals import shown
from exportkit.wire.tolerant import deeper_than, tolerant_loads
from exportkit.wire.wrapper import is_wrapper

__all__ = ["LoadedLine", "read_line"]

_LONGEST_LABEL: Final = 40
#: Of rows that say nothing of the work on them: what is exported is finished.
_USUAL_LABEL: Final = "completed"


class LoadedLine(NamedTuple):
    """What a line says, ready to be stored; JSON stands as bytes."""

    number: int
    id: int
    pgh_id: int
    data: bytes | None
    like_wrapper: bool
    #: The files map, or whatever stands in its place; None where there is none.
    files: Any
    has_files: bool
    unit: bytes | None
    unit_name: str | None
    data_unit_id: int
    status_label: str
    rest: bytes

    @property
    def search(self) -> str:
        """What a search looks through: the id, and names case folded."""
        names = [str(self.id), self.unit_name or ""]
        if isinstance(self.files, Mapping):
            entries = (entry for entry in self.files.values() if isinstance(entry, Mapping))
            names += (str(entry.get("file_name_original") or "") for entry in entries)
        return "\n".join(dict.fromkeys(name.casefold() for name in names if name)).replace("\0", " ")


class _Payload(msgspec.Struct):
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_payload: Final = msgspec.json.Decoder(_Payload).decode
_row: Final = msgspec.json.Decoder(dict[str, Any]).decode


def read_line(line: Line, file: str) -> LoadedLine:
    """Read a line. Raises BundleRefused with file and line for one that no row can hold."""
    try:
        return _read(line)
    except RecordFault as fault:
        message = f"Line {line.number} of {shown(file)} cannot be loaded: {fault.message}"
        raise BundleRefused(fault.code, message, file=file, line=line.number, json_path=fault.json_path) from fault


def _read(line: Line) -> LoadedLine:
    text = line.text
    if text is None:
        raise RecordFault("E_LINE_SIZE", "The line is longer than any that is read; leave out what makes it so long.")
    row = _decoded(text)
    identity, pgh_id = _numbers(row)
    payload = _payload(text).data
    data = None if isinstance(payload, msgspec.UnsetType) else bytes(payload)
    members = canonical_members({key: value for key, value in row.items() if key != "data"})
    unit = members.get("data_unit")
    unit_id = unit.get("id") if isinstance(unit, Mapping) else None
    unit_name = unit.get("name") if isinstance(unit, Mapping) else None
    label = row.get("status_label")
    rest = [key for key in ("status_label", "split", "group") if key in members]
    return LoadedLine(
        number=line.number,
        id=identity,
        pgh_id=pgh_id,
        data=data,
        like_wrapper=data is not None and _reads_as_wrapper(data, row["data"]),
        files=members.get("files_manifest"),
        has_files="files_manifest" in members,
        unit=encoded_member(unit) if "data_unit" in members else None,
        unit_name=unit_name if isinstance(unit_name, str) and unit_name else None,
        data_unit_id=unit_id if type(unit_id) is int and 0 <= unit_id <= LARGEST_KEY else identity,
        status_label=label if isinstance(label, str) and 0 < len(label) <= _LONGEST_LABEL else _USUAL_LABEL,
        rest=b"".join(b',"%b":%b' % (key.encode(), encoded_member(members[key])) for key in rest),
    )


def _decoded(text: bytes) -> dict[str, Any]:
    """Decode as every client of this server will, or tell what they would stumble over."""
    try:
        text.decode()
        if not deeper_than(text):
            return _row(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        pass
    tolerant_loads(text)
    raise RecordFault("E_JSON", "The line holds numbers that are not finite, which JSON does not have; correct them.")


def _numbers(row: Mapping[str, Any]) -> tuple[int, int]:
    identity = item_id(row)
    pgh_id = row.get("pgh_id")
    if not isinstance(identity, int):
        raise RecordFault("E_ID_TYPE", f"The id {identity!r} is text, and rows have numbers; give it one.", "$.id")
    if pgh_id is None:
        pgh_id = identity
    if type(pgh_id) is not int or abs(pgh_id) > LARGEST_KEY:
        raise RecordFault("E_ID_TYPE", "The pgh_id is no whole number of 64 bits; correct it.", "$.pgh_id")
    return identity, pgh_id


def _reads_as_wrapper(data: bytes, value: object) -> bool:
    return (b'"mode"' in data or b"\\u" in data) and is_wrapper(value)
