"""The line of a row with whatever values a plugin put there, as the reader of a bundle takes it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from exportkit.bundles.canonical_line import LINE_ENDS, ROW_KEYS
from exportkit.native import core

__all__ = ["row_line"]

_QUICK = msgspec.json.Encoder()
#: Says NaN and Infinity, for which JSON has no word; all else is as the quick encoder says it.
_EXACT = json.JSONEncoder(separators=(",", ":"), default=msgspec.to_builtins)
_NESTS = (dict, list, tuple)
_NOT_FINITE = re.compile(rb"\xcb[\x7f\xff][\xf0-\xff]", re.DOTALL)


def row_line(row: Mapping[str, Any]) -> bytes:
    """The line of a row, its members in the order of every bundle; no files where there are none."""
    members = {key: row[key] for key in ROW_KEYS if key in row and (key != "files_manifest" or row[key])}
    line: bytes | None = core.json_line(members) if core is not None else None
    if line is not None:
        return line
    members = _in_order(members)
    text = _encoded(members)
    if _has_clash(members):
        raise ValueError("Two keys of a mapping are one text in JSON, which would lose a value; name them apart.")
    return text.translate(LINE_ENDS) + b"\n" if b"\n" in text or b"\r" in text else text + b"\n"


def _encoded(value: Any) -> bytes:
    """JSON as the reader of a bundle takes it: a number that is not finite costs the annotation that holds it."""
    try:
        text = _QUICK.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return _EXACT.encode(value).encode("ascii")
    # The quick encoder writes null for a number that is not finite.
    return _EXACT.encode(value).encode("ascii") if b"null" in text and _may_be_infinite(value) else text


def _in_order(value: Any) -> Any:
    """The same with sets, which have another order in every run, as lists sorted by their texts."""
    if isinstance(value, (set, frozenset)):
        return sorted(map(_in_order, value), key=_encoded)
    if type(value) is dict:
        return {key: _in_order(member) for key, member in value.items()}
    return [*map(_in_order, value)] if type(value) in {list, tuple} else value


def _has_clash(value: Any) -> bool:
    """Whether keys of a mapping within a value become one, such as 1 and "1"."""
    if not isinstance(value, dict):
        return any(_has_clash(element) for element in value if isinstance(element, _NESTS))
    if any(type(key) is not str for key in value) and len(set(map(_key_text, value))) < len(value):
        return True
    return any(_has_clash(member) for member in value.values() if isinstance(member, _NESTS))


def _key_text(key: Any) -> bytes:
    return _encoded({key: 0})


def _may_be_infinite(value: Any) -> bool:
    """Whether a number may be not finite: MessagePack has it behind a mark, with all bits of its exponent set."""
    try:
        return _NOT_FINITE.search(msgspec.msgpack.encode(value)) is not None
    except (TypeError, ValueError, OverflowError, RecursionError):
        return True
