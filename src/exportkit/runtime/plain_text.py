"""Text that may be shown, logged or stored: without secrets in addresses and without control characters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

__all__ = ["plain_text", "redacted", "redacted_data"]

# An apostrophe may stand in an address; a backslash ends it only where it escapes the quote around it.
_ADDRESS = re.compile(r'(?i)\b([a-z][a-z0-9+.-]{0,20}://)((?:[^\s\\"<>]|\\(?!"))*)')
# Headers and variables by which the platform knows a caller (wire contract §1), and its tokens themselves.
_CREDENTIAL = re.compile(
    r"""(?ix) (
        (?: \b authorization | \b synapse[-_](?:[a-z0-9]{1,20}[-_]){0,6}(?:token|tenant|agent) )
            ["']? \s* [:=] \s* ["']? (?:token\s+)?
        | \b bearer \s+
        | \b syn_
    ) [\w.~+/=-]{6,}"""
)
_SECRET_KEY = re.compile(r"(?i)authorization|cookie|password|secret|.+[_-]token|synapse[-_](?:tenant|agent)")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_HARMLESS = frozenset({int, float, bool, type(None)})
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def redacted(text: str) -> str:
    """``text`` without what may be a secret: users and queries of addresses (signatures), and credentials."""
    if "://" in text:
        text = _ADDRESS.sub(_open_part, text)
    lowered = text.lower()
    if "syn" in lowered or "authorization" in lowered or "bearer" in lowered:
        text = _CREDENTIAL.sub(r"\1…", text)
    return text


def redacted_data(value: Any) -> Any:
    """A copy of JSON-like data in which every text is :func:`redacted`, and gone under the name of a secret."""
    kind = type(value)
    if kind is str:
        return redacted(value)
    if kind in _HARMLESS:
        return value
    if kind is dict or isinstance(value, Mapping):
        return {key: "…" if _is_secret(key, part) else redacted_data(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [redacted_data(part) for part in value]
    return value


def plain_text(text: str) -> str:
    """One line that cannot steer a terminal or forge a log line: control characters are spelled out."""
    return _CONTROL.sub(_spelled, text)


def _is_secret(key: object, value: object) -> bool:
    return type(value) is str and value != "" and type(key) is str and _names_secret(key)


@lru_cache(maxsize=1024)
def _names_secret(key: str) -> bool:
    return _SECRET_KEY.fullmatch(key) is not None


def _open_part(match: re.Match[str]) -> str:
    """An address without its user and its query; one match takes all of it, so that time grows with the text."""
    rest, asked, _ = match[2].partition("?")
    host, slash, path = rest.partition("/")
    return f"{match[1]}{host.rpartition('@')[2]}{slash}{path}{'?…' if asked else ''}"


def _spelled(match: re.Match[str]) -> str:
    character = match.group()
    return _SHORT.get(character, f"\\u{ord(character):04x}")
