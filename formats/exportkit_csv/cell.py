"""One cell of a table: quoted by RFC 4180, and no live formula in a spreadsheet."""

from __future__ import annotations

import re

__all__ = ["quoted_cell", "text_cell"]

#: What a spreadsheet takes for a formula, also behind quotes and blanks that it strips (formats, section 5.4).
_FORMULA = re.compile(r"['\ufeff \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
#: A byte-order mark at the beginning of a cell may be the beginning of the file, where readers take it off.
_SPECIAL = re.compile(r'[",\r\n]|^\ufeff')


def quoted_cell(text: str) -> str:
    """The text as one cell, between quotes where the separator, a quote or a line end makes them necessary."""
    return '"' + text.replace('"', '""') + '"' if _SPECIAL.search(text) else text


def text_cell(text: str) -> str:
    """A text cell. What a spreadsheet would take for a formula gets one ``'`` in front; readers remove it."""
    return quoted_cell("'" + text if _FORMULA.match(text) else text)
