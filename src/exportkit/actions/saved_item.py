"""How the files of an item are called, and what stands in its label file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from exportkit.actions.stems import identity_suffix
from exportkit.errors import RecordFault
from exportkit.storage.safe_path import judge_input_path
from exportkit.writing.names import split_stem

__all__ = ["NamedFile", "named_file", "written_value"]

#: Room for the marks that tell equal names apart.
_LONGEST_STEM = 200


class NamedFile(NamedTuple):
    """What is known of an item's files before anything is written."""

    identity: Any
    entry: Mapping[str, Any]
    #: Name as the source gives it, reduced to its last part; None without one.
    original: str | None
    #: Stem and extension of that name; the stem is None without a name.
    stem: str | None
    extension: str
    #: Stem of the label file where nobody else has it.
    wanted: str
    fault: RecordFault | None = None


def written_value(result: Any) -> Any:
    """What a label file holds: ``data`` of a mapping that has it, else the result itself (behaviour, section 16)."""
    if isinstance(result, Mapping) and "data" in result:
        return result["data"]
    return result


def named_file(result: Any, source: Any, name_of: Callable[[Mapping[str, Any]], str | None]) -> NamedFile:
    """Id, file entry and names of a converted item; `source` is the item that it was made of, or None."""
    members = result if isinstance(result, Mapping) else {}
    origin = source if isinstance(source, Mapping) else {}
    identity = members.get("id")
    if identity is None:
        identity = origin.get("id")
    files = members.get("files")
    entry = files if isinstance(files, Mapping) else origin.get("files")
    entry = entry if isinstance(entry, Mapping) else {}
    name = None if isinstance(files, Mapping) else members.get("filename", members.get("file_name_original"))
    if not isinstance(name, str):
        name = name_of(entry)
    if not isinstance(name, str):
        fault = None if identity is not None else RecordFault("E_ID_MISSING", "The item has neither a name nor an id.")
        return NamedFile(identity, entry, None, None, "", _label_of(identity), fault)
    base = name.replace("\\", "/").rpartition("/")[2]
    stem, extension = split_stem(base)
    reason = judge_input_path(base)
    if reason is None and len(stem.encode()) + len(extension.encode()) > _LONGEST_STEM:
        reason = f"is longer than {_LONGEST_STEM} bytes"
    if reason is not None:
        shown = name.encode("unicode_escape").decode("ascii")[:120]
        fault = RecordFault("E_NAME_UNSAFE", f"The name '{shown}' {reason}, so no file can be called by it.", "$.files")
        return NamedFile(identity, entry, base or None, None, "", "<unknown>", fault)
    return NamedFile(identity, entry, base, stem, extension, stem)


def _label_of(identity: Any) -> str:
    """The label's stem of an item without a name."""
    return "<unknown>" if identity is None else identity_suffix(identity)
