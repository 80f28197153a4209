"""The one form of an item that plugins see, whoever acquired it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from exportkit.wire.file_entry import choose_entry

__all__ = ["ROW_KEYS", "UNIT_KEYS", "canonical_item", "restored_item"]

#: Members of a row in the order in which a canonical line has them, and those of its data unit.
ROW_KEYS: Final = ("id", "pgh_id", "data", "files_manifest", "data_unit", "status_label", "split", "group")
UNIT_KEYS: Final = ("id", "name", "width", "height")
#: How a file is fetched and proven, which differs from one acquisition to the next.
_TRANSPORT: Final = ("url", "size", "sha256")


def canonical_item(row: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a canonical line (wire contract, section 16), without what tells how the item was acquired.

    A file that lies in the bundle is named by its ``bundle_path``; where one lies elsewhere is not told. Raises
    RecordFault for files or a data unit
    that are no objects. The payload is not copied.
    """
    item = {key: row[key] for key in ROW_KEYS if key in row}
    entries = choose_entry(row)[2]
    if entries:
        item["files_manifest"] = {name: _plain(entry) for name, entry in entries.items()}
    unit = row.get("data_unit")
    if isinstance(unit, Mapping):
        item["data_unit"] = {key: unit[key] for key in UNIT_KEYS if key in unit}
    return {key: item[key] for key in ROW_KEYS if key in item}


def restored_item(item: dict[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """What plugins made of a canonical item, with the proofs of those files that they left in their place."""
    files = item.get("files_manifest")
    if not isinstance(files, Mapping):
        return item
    sources = {_mark(name, entry): entry for name, entry in choose_entry(row)[2].items() if isinstance(entry, Mapping)}
    return {**item, "files_manifest": {name: _proven(name, entry, sources) for name, entry in files.items()}}


def _plain(entry: Any) -> Any:
    if not isinstance(entry, Mapping):
        return entry
    return {key: value for key, value in entry.items() if key not in _TRANSPORT}


def _proven(name: str, entry: Any, sources: Mapping[tuple[str, str], Any]) -> Any:
    source = sources.get(_mark(name, entry)) if isinstance(entry, Mapping) else None
    return entry if source is None else {**{key: source[key] for key in _TRANSPORT if key in source}, **entry}


def _mark(name: str, entry: Mapping[str, Any]) -> tuple[str, str]:
    """What tells a file from the others of its item: its place in the bundle, else the name of its data spec."""
    path = entry.get("bundle_path")
    return ("bundle_path", path) if isinstance(path, str) else ("name", name)
