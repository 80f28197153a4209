"""Which file of a row is the one that its record shows (wire contract, sections 5, 23 and 24)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from exportkit.errors import RecordFault
from exportkit.wire.json_path import ROOT, below

__all__ = ["choose_entry"]

_ENTRY_KEYS: Final = ("bundle_path", "file_name_original", "url")
_MANIFEST, _UNIT, _FILE, _FILES = (below(ROOT, key) for key in ("files_manifest", "data_unit", "file", "files"))
_UNIT_FILES: Final = below(_UNIT, "files")

Choice = tuple[dict[str, Any] | None, str, dict[str, Any]]


def choose_entry(row: Mapping[str, Any]) -> Choice:
    """Return (entry, its JSON path, all entries by spec name) by the first rule of section 5 that applies.

    The entry is None where the row has no file. A row with one entry in place of a map (`file` of an assignment,
    `files` of an export item) gives it the spec name `file`. Pure; entries are not copied.

    Raises RecordFault: `E_FILES_MANIFEST` for a map or a chosen entry that is no object, `E_DATA_UNIT` for a data
    unit that is none (formats, section 2.3).
    """
    manifest = _object(row.get("files_manifest"), _MANIFEST)
    if manifest:
        return _from_map(manifest, _MANIFEST)
    unit = _object(row.get("data_unit"), _UNIT, "E_DATA_UNIT")
    files = _object(unit.get("files"), _UNIT_FILES)
    if files:
        return _from_map(files, _UNIT_FILES)
    if "files_manifest" not in row and "file" in row:
        return _single(_object(row["file"], _FILE), _FILE)
    files = _object(row.get("files"), _FILES)
    if any(isinstance(files.get(key), str) for key in _ENTRY_KEYS):
        return _single(files, _FILES)
    return _from_map(files, _FILES) if files else (None, ROOT, {})


def _single(entry: dict[str, Any], path: str) -> Choice:
    return (entry, path, {"file": entry}) if entry else (None, ROOT, {})


def _from_map(files: dict[str, Any], path: str) -> Choice:
    """Take the entry marked as primary, else the first in document order."""
    primary = (name for name, entry in files.items() if isinstance(entry, dict) and entry.get("is_primary") is True)
    name = next(primary, None) or next(iter(files))
    here = below(path, name)
    if not isinstance(files[name], dict):
        raise RecordFault("E_FILES_MANIFEST", f"The file entry at {here} is no object.", here)
    return files[name], here, files


def _object(value: object, path: str, code: str = "E_FILES_MANIFEST") -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RecordFault(code, f"The value at {path} is no object.", path)
    return value
