"""Text that may be shown, logged or stored: without secrets in addresses and without control characters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["plain_text", "redacted", "redacted_data"]

_USER = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@\"'<>]+@")
_QUERY = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^\s?#\"'<>]*)\?[^\s\"'<>]*")
_CREDENTIAL = re.compile(r"(?i)\b(authorization\s*[:=]\s*[\"']?(?:\w+\s+)?|bearer\s+)[\w.~+/=-]{8,}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def redacted(text: str) -> str:
    """``text`` without what may be a secret: users and queries of addresses (signatures), and credentials."""
    if "://" in text:
        text = _QUERY.sub(r"\1?…", _USER.sub(r"\1", text))
    return _CREDENTIAL.sub(r"\1…", text)


def redacted_data(value: Any) -> Any:
    """A copy of JSON-like data in which every text is :func:`redacted`."""
    if isinstance(value, str):
        return redacted(value) if type(value) is str else value
    if isinstance(value, Mapping):
        return {key: redacted_data(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [redacted_data(part) for part in value]
    return value


def plain_text(text: str) -> str:
    """One line that cannot steer a terminal or forge a log line: control characters are spelled out."""
    return _CONTROL.sub(_spelled, text)


def _spelled(match: re.Match[str]) -> str:
    character = match.group()
    return _SHORT.get(character, f"\\u{ord(character):04x}")
