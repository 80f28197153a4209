"""The second, tolerant parse of a JSON line: it finds the smallest part that the strict decoder refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from exportkit.errors import RecordFault
from exportkit.storage.refusals import shown
from exportkit.wire.json_path import ROOT, below

__all__ = ["BEYOND_64_BITS", "MAX_DEPTH", "deeper_than", "tolerant_loads"]

#: Arrays and objects within each other, the outermost one included (formats, section 2.1).
MAX_DEPTH: Final = 256
#: Stands for an integer with more digits than any Python converts without complaint; like every integer beyond
#: 64 bits it is `E_NUMBER_RANGE` (as an id `E_ID_RANGE`) wherever a number is judged.
BEYOND_64_BITS: Final = 1 << 64
# No interpreter setting makes int() refuse fewer digits than these.
_CONVERTIBLE_DIGITS: Final = 640

# A string, also one that is not closed: then everything to the end belongs to it, and the scan stays linear.
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
#: Annotated pictures seldom nest deeper than this.
_ORDINARY_DEPTH: Final = 12
_NOT_BRACKETS: Final = bytes(sorted(set(range(256)) - set(b"[]{}")))
_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def tolerant_loads(line: bytes, *, strict: bool = False) -> dict[str, Any]:
    """Return the object on `line`, with everything that a stricter decoder stumbles over kept visible.

    NaN, Infinity and numbers that overflow are floats that are not finite; integers are exact, and beyond 640
    digits ±:data:`BEYOND_64_BITS`. Of a key given twice the last value counts; with `strict` it is a fault.
    Time and memory grow linearly with the line, whatever it holds.

    Raises RecordFault (formats, section 2.1): `E_ENCODING`, `E_JSON_DEPTH`, `E_JSON` (both with the byte offset in
    the line), `E_SURROGATE`, `E_NOT_OBJECT`.
    """
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        message = f"The line is not UTF-8 at byte offset {error.start}; save the bundle as UTF-8."
        raise RecordFault("E_ENCODING", message) from error
    if deeper_than(line):
        message = f"The line nests arrays and objects deeper than {MAX_DEPTH} levels; flatten it."
        raise RecordFault("E_JSON_DEPTH", message)
    value = _parsed(text, strict=strict)
    if _SURROGATE_ESCAPE.search(line):
        _refuse_surrogates(value)
    if not isinstance(value, dict):
        raise RecordFault("E_NOT_OBJECT", "The line holds a JSON value that is no object; write one object a line.")
    return value


def deeper_than(line: bytes, limit: int = MAX_DEPTH) -> bool:
    """Tell whether arrays and objects of `line` nest deeper than `limit`; brackets in strings do not count.

    Cheap for ordinary lines: what is left of them without their innermost pairs is soon no more than `limit`.
    """
    brackets = line.translate(None, _NOT_BRACKETS)
    for _ in range(_ORDINARY_DEPTH):
        if len(brackets) <= limit:
            return False
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    depth = 0
    for bracket in _STRING.sub(b"", line).translate(None, _NOT_BRACKETS):
        if bracket in b"[{":
            depth += 1
            if depth > limit:
                return True
        else:
            depth -= 1
    return False


def _parsed(text: str, *, strict: bool) -> Any:
    try:
        return (_STRICT if strict else _TOLERANT).decode(text)
    except json.JSONDecodeError as error:
        offset = len(text[: error.pos].encode())
        message = f"The line is not valid JSON at byte offset {offset}: {error.msg}."
        raise RecordFault("E_JSON", message) from error


def _integer(digits: str) -> int:
    if len(digits) <= _CONVERTIBLE_DIGITS:
        return int(digits)
    return -BEYOND_64_BITS if digits[0] == "-" else BEYOND_64_BITS


def _object_of_unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise RecordFault("E_JSON", f"The key {shown(twice)} occurs twice in one object; keep one of them.")
    return members


_TOLERANT: Final = json.JSONDecoder(parse_int=_integer)
_STRICT: Final = json.JSONDecoder(parse_int=_integer, object_pairs_hook=_object_of_unique_keys)


def _refuse_surrogates(value: Any) -> None:
    for path, text in _strings(value, ROOT):
        if _SURROGATE.search(text):
            message = f"The text at {path} holds a lone surrogate, which no file can store; remove it."
            raise RecordFault("E_SURROGATE", message, path)


def _strings(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield every string with its path, keys of objects included. At most as deep as the parse allowed."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for position, element in enumerate(value):
            if isinstance(element, (str, list, dict)):
                yield from _strings(element, below(path, position))
    elif isinstance(value, dict):
        for key, member in value.items():
            here = below(path, key)
            yield here, key
            if isinstance(member, (str, list, dict)):
                yield from _strings(member, here)
