"""Text of XML 1.0 documents."""

from __future__ import annotations

import re

__all__ = ["escaped", "is_representable"]

#: Characters that no XML 1.0 document can hold, not even as references (XML 1.0, section 2.2).
_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SPECIAL = re.compile("[&<>\t\n\r]")
_PLAIN = re.compile("[ -%'-;=?-~]*")
_REFERENCES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}


def is_representable(text: str) -> bool:
    """Whether XML 1.0 can hold the text at all."""
    return _IMPOSSIBLE.search(text) is None


def escaped(text: str) -> str:
    """The text as element content; TAB, LF and CR as references, so that every reader gets them back unchanged.

    Raises ValueError for text that XML 1.0 cannot hold.
    """
    if _PLAIN.fullmatch(text):
        return text
    if not is_representable(text):
        raise ValueError("XML 1.0 cannot hold a control character or noncharacter of this text")
    return _SPECIAL.sub(lambda found: _REFERENCES[found.group()], text)
