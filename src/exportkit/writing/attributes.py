"""Free attributes of an annotation, given back as strict JSON."""

from __future__ import annotations

import json
import marshal
import re
from collections.abc import Mapping
from functools import lru_cache
from math import isfinite
from typing import Any

import msgspec

from exportkit.errors import AnnotationFault, RecordFault
from exportkit.records.numbers import quoted, tolerant_json

__all__ = ["attribute_text", "read_attributes"]

#: Attributes of at most this many bytes are remembered: in practice a few texts repeat.
_REMEMBERED = 512
#: Only a run of this many digits can be an integer beyond 64 bits.
_LONG_NUMBER = re.compile(rb"\d{19}")
_ESCAPED = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_PLAIN = json.JSONEncoder(separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode


def attribute_text(value: Any, added: Mapping[str, Any], *, ascii_only: bool = False) -> str:
    """Attributes (JSON bytes or a mapping) and ``added`` entries as one compact JSON object.

    Keys keep their order, added ones follow; an added one takes the place of a source attribute of its name.
    Raises as :func:`read_attributes` does.
    """
    if not added:
        if type(value) is bytes and len(value) <= _REMEMBERED:
            return _remembered(value, ascii_only)
        packed = _packed(value) if type(value) is dict else None
        if packed is not None:
            return _remembered_mapping(packed, ascii_only)
    attributes = read_attributes(value)
    if added:
        judge(added, ".attributes")
        attributes = {**{key: item for key, item in attributes.items() if key not in added}, **added}
    return (_ESCAPED if ascii_only else _PLAIN)(attributes)


@lru_cache(maxsize=4096)
def _remembered(value: bytes, ascii_only: bool) -> str:
    return (_ESCAPED if ascii_only else _PLAIN)(read_attributes(value))


def _packed(value: dict[Any, Any]) -> bytes | None:
    """A key of the mapping that tells values of different types apart; None if it is long or of unusual types.

    The second version of the packing is the last that writes equal values as equal bytes.
    """
    try:
        packed = marshal.dumps(value, 2)
    except ValueError:
        return None
    return packed if len(packed) <= _REMEMBERED else None


@lru_cache(maxsize=4096)
def _remembered_mapping(packed: bytes, ascii_only: bool) -> str:
    return (_ESCAPED if ascii_only else _PLAIN)(read_attributes(marshal.loads(packed)))  # noqa: S302 - packed by the function above


def read_attributes(value: Any) -> dict[str, Any]:
    """Attributes as plain data; empty where there are none.

    Raises AnnotationFault with ``E_NOT_FINITE`` or ``E_NUMBER_RANGE`` (formats, section 2.1) or
    ``E_ANNOTATION`` (no JSON object), RecordFault with ``E_SURROGATE``.
    """
    if not value:
        return {}
    if isinstance(value, (bytes, bytearray, memoryview, msgspec.Raw)):
        source = bytes(value)
        try:
            read = msgspec.json.decode(source)
            doubtful = _LONG_NUMBER.search(source) is not None
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            read, doubtful = _tolerant(source), True
    else:
        read, doubtful = value, True
    if not isinstance(read, Mapping):
        raise AnnotationFault("E_ANNOTATION", f"{quoted(read)} is no object of attributes.", ".attributes")
    if doubtful:
        judge(read, ".attributes")
    return dict(read)


def _tolerant(source: bytes) -> Any:
    try:
        return tolerant_json(source)
    except ValueError:
        raise AnnotationFault("E_ANNOTATION", "The attributes are no JSON object.", ".attributes") from None


def judge(value: Any, path: str) -> None:
    """Refuse what strict JSON cannot hold: numbers that are not finite or beyond 64 bits, lone surrogates.

    Raises AnnotationFault whose ``json_path`` (``path`` and what lies below it) names the smallest bad part.
    """
    pending: list[tuple[Any, str]] = [(value, path)]
    while pending:
        item, where = pending.pop()
        if isinstance(item, float):
            if not isfinite(item):
                raise AnnotationFault("E_NOT_FINITE", f"{item} is not finite; give a finite number.", where)
        elif isinstance(item, int):
            if not -(1 << 63) <= item < 1 << 64:
                raise AnnotationFault("E_NUMBER_RANGE", f"{quoted(item)} is beyond 64 bits; give it as text.", where)
        elif isinstance(item, str):
            _judge_text(item, where)
        elif isinstance(item, Mapping):
            for key, inner in item.items():
                _judge_text(str(key), where)
                pending.append((inner, f"{where}.{key}"))
        elif isinstance(item, (list, tuple)):
            pending.extend((inner, f"{where}[{index}]") for index, inner in enumerate(item))
        elif item is not None:
            raise AnnotationFault("E_ANNOTATION", f"{quoted(item)} has no form in JSON.", where)


def _judge_text(text: str, where: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise RecordFault(
            "E_SURROGATE", f"{quoted(text)} holds half a character; give whole Unicode text.", f"${where}"
        ) from None
