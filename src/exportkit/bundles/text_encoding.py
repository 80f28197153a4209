"""How the text of a part begins: a mark of UTF-8 is skipped, any other encoding is refused."""

from __future__ import annotations

import codecs
import os
from typing import Final

from exportkit.errors import BundleRefused
from exportkit.storage.refusals import shown

__all__ = ["length_of_mark"]

_FOREIGN_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_BLOCK: Final = 1 << 16


def length_of_mark(file: int, path: str) -> int:
    """Return the bytes of the UTF-8 byte-order mark at the start of `file`: 3 or 0.

    Raises BundleRefused `E_BUNDLE_ENCODING` for the mark of another encoding or a NUL in the first line, which is what
    UTF-16 and UTF-32 without a mark look like (formats, section 2.1).
    """
    block = os.pread(file, _BLOCK, 0)
    if block.startswith(_FOREIGN_MARKS):
        raise _refusal(path, "begins with the mark of UTF-16 or UTF-32")
    mark = len(codecs.BOM_UTF8) if block.startswith(codecs.BOM_UTF8) else 0
    position = 0
    while block:
        first, end, _ = block.partition(b"\n")
        if b"\0" in first:
            raise _refusal(path, "has NUL bytes in its first line")
        if end:
            break
        position += len(block)
        block = os.pread(file, _BLOCK, position)
    return mark


def _refusal(path: str, what: str) -> BundleRefused:
    message = f"The target file {shown(path)} {what}; save it as UTF-8."
    return BundleRefused("E_BUNDLE_ENCODING", message, file=path, line=1)
