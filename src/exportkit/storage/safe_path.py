"""Is a path that a bundle names safe to use? Judged as a string, before any join."""

from __future__ import annotations

import re

__all__ = ["judge_input_path"]

_MAX_SEGMENT = 255
_MAX_PATH = 4096

# What most paths are: plain ASCII segments that begin with no dot.
_PLAIN = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*/)*+[A-Za-z0-9_-][A-Za-z0-9_.-]*\Z")
# One quick look for anything that may be refused; names without it, nearly all, need no closer one.
_SUSPECT = re.compile(r"[\x00-\x1f\x7f-\x9f\\:%\ud800-\udfff]")
# A percent escape counts however often it was escaped again (%252e).
_REFUSED = re.compile(
    r"(?P<control>[\x00-\x1f\x7f-\x9f])"
    r"|(?P<backslash>\\)"
    r"|(?P<colon>:)"
    r"|(?P<surrogate>[\ud800-\udfff])"
    r"|(?P<escape>%(?:25)*(?:2[ef]|5c))",
    re.IGNORECASE,
)
_REASONS = {
    "control": "contains a control character",
    "backslash": "contains a backslash",
    "colon": "contains a colon",
    "surrogate": "contains a lone surrogate",
    "escape": "contains a percent-escaped dot or separator",
}


def judge_input_path(text: str) -> str | None:
    """Tell why `text` must not be opened below a bundle's root, or None when it is safe.

    The reason is a predicate ("contains a backslash") that completes a sentence about the path. The rules are
    those of the wire contract, section 16 (Traversal), and formats, section 2.10. Nothing is decoded, expanded or
    normalised: Unicode look-alikes of dots and slashes are ordinary characters, because NFKC would turn
    them into the very separators that are refused here.
    """
    if len(text) <= _MAX_SEGMENT and _PLAIN.match(text):
        return None
    if not text:
        return "is empty"
    refused = _SUSPECT.search(text) and _REFUSED.search(text)
    if refused:
        return _REASONS[refused.lastgroup or ""]
    if text[0] == "/":
        return "is absolute"
    if len(text) * 4 > _MAX_SEGMENT and len(text.encode()) > _MAX_PATH:
        return f"is longer than {_MAX_PATH} bytes"
    for segment in text.split("/"):
        if not segment:
            return "has an empty segment"
        if segment in {".", ".."}:
            return f"has a segment {segment!r}"
        if len(segment) * 4 > _MAX_SEGMENT and len(segment.encode()) > _MAX_SEGMENT:
            return f"has a segment longer than {_MAX_SEGMENT} bytes"
    return None
