"""Text that may be shown, logged or stored: without secrets in addresses and without control characters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["plain_text", "redacted", "redacted_data"]

_ADDRESS = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,20}://)([^\s\"'<>]*)")
_CREDENTIAL = re.compile(r"(?i)\b(authorization\s*[:=]\s*[\"']?(?:\w+\s+)?|bearer\s+)[\w.~+/=-]{8,}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_HARMLESS = frozenset({int, float, bool, type(None)})
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def redacted(text: str) -> str:
    """``text`` without what may be a secret: users and queries of addresses (signatures), and credentials."""
    if "://" in text:
        text = _ADDRESS.sub(_open_part, text)
    lowered = text.lower()
    if "authorization" in lowered or "bearer" in lowered:
        text = _CREDENTIAL.sub(r"\1…", text)
    return text


def redacted_data(value: Any) -> Any:
    """A copy of JSON-like data in which every text is :func:`redacted`."""
    kind = type(value)
    if kind is str:
        return redacted(value)
    if kind in _HARMLESS:
        return value
    if isinstance(value, Mapping):
        return {key: redacted_data(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [redacted_data(part) for part in value]
    return value


def plain_text(text: str) -> str:
    """One line that cannot steer a terminal or forge a log line: control characters are spelled out."""
    return _CONTROL.sub(_spelled, text)


def _open_part(match: re.Match[str]) -> str:
    """An address without its user and its query; one match takes all of it, so that time grows with the text."""
    rest, asked, _ = match[2].partition("?")
    host, slash, path = rest.partition("/")
    return f"{match[1]}{host.rpartition('@')[2]}{slash}{path}{'?…' if asked else ''}"


def _spelled(match: re.Match[str]) -> str:
    character = match.group()
    return _SHORT.get(character, f"\\u{ord(character):04x}")
