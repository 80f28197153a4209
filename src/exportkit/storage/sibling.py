"""Names for the files and folders that exportkit puts beside an output."""

from __future__ import annotations

import hashlib
from pathlib import Path

__all__ = ["sibling"]

_MAX_NAME = 255


def sibling(path: Path, before: str, after: str) -> Path:
    """Return the path beside `path` named `<before><name><after>`, within 255 bytes.

    A name that would be too long is cut at a character border and told apart by eight hex digits of its SHA-256,
    so that one output has the same sibling in every run.
    """
    name = path.name
    encoded = name.encode(errors="surrogateescape")
    room = _MAX_NAME - len(f"{before}{after}".encode())
    if len(encoded) > room:
        mark = "~" + hashlib.sha256(encoded).hexdigest()[:8]
        name = encoded[: room - len(mark)].decode(errors="ignore") + mark
    return path.with_name(f"{before}{name}{after}")
