"""What a bundle line says about its item, beside the annotations: id, file, name, size, split, group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from exportkit.errors import RecordFault
from exportkit.normalize.options import InputOptions
from exportkit.normalize.sizes import DeclaredSize, declared_size
from exportkit.records import FileReference
from exportkit.records.numbers import quoted
from exportkit.storage.safe_path import judge_input_path
from exportkit.wire.file_entry import choose_entry
from exportkit.wire.json_path import below

__all__ = [
    "NO_MEDIA",
    "FilePlace",
    "Item",
    "file_digest",
    "file_reference",
    "item_id",
    "read_item",
    "record_name",
    "size_notice",
]

Notice = tuple[str, str]

NO_MEDIA: Notice = ("N_NO_MEDIA", "The item has no file in the bundle; its annotations are written without picture.")
_MAX_ID = 2**63 - 1
_HEX = frozenset("0123456789abcdef")
_SHA256_DIGITS = 64


class FilePlace(msgspec.Struct, frozen=True):
    """One file entry of an item with the name of its data spec and its JSON path."""

    spec: str
    entry: Mapping[str, Any]
    path: str


class Item(msgspec.Struct, frozen=True):
    """A bundle line whose line-level parts are read and judged; ``data`` is the bare payload."""

    item_id: int | str
    data: dict[str, Any]
    unit: Mapping[str, Any]
    #: Every file entry in document order, and the one that stands for the whole item.
    files: tuple[FilePlace, ...]
    chosen: FilePlace | None
    split: str | None
    group: str | None
    #: State of the work on the item (``completed`` …), as given, or None.
    status: str | None = None
    #: JSON path of the payload; differs from ``$.data`` where a wrapper or converter put it deeper.
    data_path: str = "$.data"

    def declared(self, extra: object, extra_path: str, place: FilePlace | None) -> DeclaredSize | None:
        """The declared size of one medium, by the order of wire, section 24."""
        meta = place.entry.get("meta") if place is not None else None
        meta_path = f"{place.path}.meta" if place is not None else "$"
        return declared_size((extra, extra_path), (meta, meta_path), (self.unit, "$.data_unit"))


def item_id(line: Mapping[str, Any]) -> int | str:
    """``id`` if present, else ``pgh_id`` (wire, section 5), judged by formats, section 2.2."""
    key = "id" if line.get("id") is not None else "pgh_id"
    value = line.get(key)
    if value is None:
        raise RecordFault("E_ID_MISSING", "The line has no id; give it an int or a text as id.", "$.id")
    if isinstance(value, bool) or not isinstance(value, (int, str)) or value == "":
        raise RecordFault("E_ID_TYPE", f"The id must be an int or a non-empty text, not {quoted(value)}.", f"$.{key}")
    if isinstance(value, int) and abs(value) > _MAX_ID:
        raise RecordFault("E_ID_RANGE", f"The id must be within ±(2^63−1), not {quoted(value)}.", f"$.{key}")
    return value


def file_reference(bundle_path: object, url: object, size: object, sha256: object, path: str) -> FileReference | None:
    """Where the original lies, by formats, section 2.10; None when the entry names no place.

    Raises RecordFault ``E_PATH_UNSAFE``, ``E_URL_REFUSED`` or ``E_FILES_MANIFEST``.
    """
    if bundle_path is None and url is None:
        return None
    if bundle_path is not None:
        _judge_bundle_path(bundle_path, f"{path}.bundle_path")
    elif not isinstance(url, str) or not url[:8].lower().startswith(("http://", "https://")):
        text = f"The url {quoted(url)} has no http or https scheme and the entry has no bundle_path; give one of them."
        raise RecordFault("E_URL_REFUSED", text, f"{path}.url")
    if size is not None and (type(size) is not int or size < 0):
        raise RecordFault("E_FILES_MANIFEST", f"The size must be a count of bytes, not {quoted(size)}.", f"{path}.size")
    return FileReference(
        bundle_path if isinstance(bundle_path, str) else None,
        url if isinstance(url, str) else None,
        size if isinstance(size, int) else None,
        file_digest(sha256),
    )


def _judge_bundle_path(bundle_path: object, path: str) -> None:
    if not isinstance(bundle_path, str):
        raise RecordFault("E_PATH_UNSAFE", f"The bundle_path must be text, not {quoted(bundle_path)}.", path)
    reason = judge_input_path(bundle_path)
    if reason is None and not bundle_path.startswith("files/"):
        reason = "is not below files/"
    if reason is not None:
        raise RecordFault("E_PATH_UNSAFE", f"The bundle_path {quoted(bundle_path)} {reason}.", path)


def file_digest(value: object) -> str | None:
    """The 64 hex digits of a declared SHA-256, with or without ``sha256:`` before them.

    None for any other form, which is unverified, not wrong (wire, section 7).
    """
    if not isinstance(value, str):
        return None
    digits = value.removeprefix("sha256:").lower()
    return digits if len(digits) == _SHA256_DIGITS and _HEX.issuperset(digits) else None


def record_name(original: object, unit_name: object, bundle_path: str | None, identity: int | str) -> str:
    """The name a record's picture goes by: the first that is given (formats, section 1.3).

    Raises RecordFault ``E_NAME_UNSAFE`` for a name that is no text. The naming of outputs judges the rest.
    """
    for value, path in ((original, "file_name_original"), (unit_name, "$.data_unit.name")):
        if value is None or value == "":
            continue
        if not isinstance(value, str):
            raise RecordFault("E_NAME_UNSAFE", f"The name {path} must be text, not {quoted(value)}.", path)
        return value
    return bundle_path.rpartition("/")[2] if bundle_path else str(identity)


def size_notice(declared: DeclaredSize | None) -> tuple[Notice, ...]:
    """``N_SIZE_INVALID`` for a declared size that is none; it turns into an error if no file tells the size."""
    if declared is None or declared.valid:
        return ()
    text = f"The declared size {declared.text} at {declared.path} is no pair of positive whole numbers."
    return (("N_SIZE_INVALID", text),)


def read_item(line: dict[str, Any], data: dict[str, Any], options: InputOptions, data_path: str = "$.data") -> Item:
    """Read the line-level parts of ``line``; ``data`` is its bare payload. Raises RecordFault."""
    identity = item_id(line)
    unit = line.get("data_unit")
    unit_path = "$.data_unit"
    if unit is None:
        unit, unit_path = data.get("data_unit"), f"{data_path}.data_unit"
    if unit is not None and not isinstance(unit, dict):
        raise RecordFault("E_DATA_UNIT", f"data_unit must be an object, not {quoted(unit)}.", unit_path)
    unit = unit or {}
    files, chosen = _files({**line, "data_unit": unit})
    places = (line, unit, data)
    return Item(
        item_id=identity,
        data=data,
        unit=unit,
        files=files,
        chosen=chosen,
        split=_word(places, "split"),
        group=_word(places, options.group_by or "group"),
        status=status if isinstance(status := line.get("status_label"), str) else None,
        data_path=data_path,
    )


def _word(places: tuple[Mapping[str, Any], ...], key: str) -> str | None:
    for place in places:
        value = place.get(key)
        if value is None or value == "":
            continue
        if isinstance(value, bool) or not isinstance(value, (str, int)) or (key == "split" and isinstance(value, int)):
            raise RecordFault("E_SCHEMA_UNKNOWN", f"{key} must be text, not {quoted(value)}.", f"$.{key}")
        return str(value)
    return None


def _files(row: Mapping[str, Any]) -> tuple[tuple[FilePlace, ...], FilePlace | None]:
    """All file entries that are objects, and the chosen one (wire, section 5)."""
    entry, path, entries = choose_entry(row)
    if entry is None:
        return (), None
    spec = next(name for name, value in entries.items() if value is entry)
    if entries == {"file": entry} and path in {"$.file", "$.files"}:
        chosen = FilePlace("", entry, path)
        return (chosen,), chosen
    parent = path[: len(path) - len(below("", spec))]
    places = tuple(
        FilePlace(name, value, below(parent, name)) for name, value in entries.items() if isinstance(value, dict)
    )
    return places, next(place for place in places if place.entry is entry)
