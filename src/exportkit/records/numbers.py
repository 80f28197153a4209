"""Numbers of geometry: which are accepted, how computed ones are rounded, how they are written."""

from __future__ import annotations

import json
import math
import reprlib
from decimal import Decimal
from typing import Any

import msgspec

from exportkit.errors import AnnotationFault

__all__ = [
    "COORDINATE_LIMIT",
    "EPS",
    "OVERSHOOT",
    "Number",
    "check_number",
    "decimal_text",
    "quoted",
    "rounded",
    "tolerant_json",
]

Number = int | float

#: Tolerance for float noise, and the size below which a side is zero, in pixels (formats, section 0).
EPS = 0.001
#: How far geometry may be over an edge without a code: EPS, whatever the last binary digit of a difference says.
OVERSHOOT = EPS + 1e-9
#: Greatest magnitude of a coordinate, size or area side, in pixels (formats, section 2.4).
COORDINATE_LIMIT = 1_000_000
#: Longest piece of an input value that a message shows (formats, section 0).
_QUOTE_LENGTH = 120
_BRIEF = reprlib.Repr()
_BRIEF.maxlevel, _BRIEF.maxlist, _BRIEF.maxdict = 3, 8, 8
_BRIEF.maxstring = _BRIEF.maxother = _BRIEF.maxlong = _QUOTE_LENGTH
#: Digits of the longest integer that is read exactly; every longer one is out of range anyway.
_LONGEST_INTEGER = 20
_BEYOND = 10_000_000_000_000_000_000_000


def rounded(value: Number) -> Number:
    """Round a *computed* value half-even to 6 decimals; an integral result becomes an int.

    The int makes the shortest text (``2``, not ``2.0``), and there is no negative zero. Values that pass
    through from the source are never given to this function: they keep their own form.
    """
    if type(value) is int:
        return value
    result = round(value, 6)
    return int(result) if result.is_integer() else result


def decimal_text(value: Number) -> str:
    """Shortest decimal text without an exponent: ``10`` for 10, ``10.0`` for 10.0, ``0.0000001`` for 1e-7."""
    text = repr(value)
    return format(Decimal(text), "f") if "e" in text else text


def check_number(value: Any, json_path: str) -> Number:
    """Return ``value`` if it is an acceptable coordinate, size or angle (formats, section 2.4).

    Raises AnnotationFault with ``E_NUMBER_TYPE``, ``E_NOT_FINITE`` or ``E_NUMBER_RANGE``.
    """
    kind = type(value)
    if kind is not float and kind is not int:
        raise AnnotationFault("E_NUMBER_TYPE", f"{quoted(value)} is not a number; give a JSON number.", json_path)
    if -COORDINATE_LIMIT <= value <= COORDINATE_LIMIT:
        return value  # type: ignore[no-any-return]
    if kind is float and not math.isfinite(value):
        raise AnnotationFault("E_NOT_FINITE", f"{value} is not finite; give a finite number.", json_path)
    raise AnnotationFault(
        "E_NUMBER_RANGE",
        f"{quoted(value)} is beyond ±{COORDINATE_LIMIT} pixels; give absolute pixel values.",
        json_path,
    )


def quoted(value: Any) -> str:
    """Any input value for a message: escaped, in one line, cut to 120 characters, whatever its size or depth."""
    try:
        text = _BRIEF.repr(value)
    except ValueError:  # an integer with more digits than the interpreter converts
        return "a number with thousands of digits"
    text = text.encode("ascii", "backslashreplace").decode("ascii")
    return text if len(text) <= _QUOTE_LENGTH else text[: _QUOTE_LENGTH - 1] + "…"


def tolerant_json(source: bytes | bytearray | memoryview | msgspec.Raw) -> Any:
    """Read JSON that the strict decoder refused, so that the bad number in it can be named.

    NaN, infinities and overflowing numbers become non-finite floats; an integer too long to convert becomes
    one that is beyond every limit. Raises ValueError if it is no JSON at all.
    """
    try:
        return json.loads(bytes(source), parse_int=_bounded_integer)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _bounded_integer(digits: str) -> int:
    if len(digits) <= _LONGEST_INTEGER:
        return int(digits)
    return -_BEYOND if digits[0] == "-" else _BEYOND
