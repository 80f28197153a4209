"""Tokens in files of their own, which nobody but their owner can read."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from exportkit.errors import UsageError
from exportkit.storage.refusals import shown

__all__ = ["read_token_file"]

_OTHERS: Final = 0o077


def read_token_file(path: Path) -> str:
    """The token without blanks around it; one line of printable ASCII, as headers take it.

    Raises UsageError, which quotes nothing of the content: unreadable, open to others, no token.
    """
    try:
        mode = path.stat().st_mode
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UsageError(f"The token file {shown(path)} cannot be read: {reason}.") from None
    if mode & _OTHERS:
        raise UsageError(f"The token file {shown(path)} can be read by others; run: chmod 600 {shown(path)}")
    if not token or not token.isascii() or not token.isprintable():
        raise UsageError(f"The token file {shown(path)} holds no token.")
    return token
