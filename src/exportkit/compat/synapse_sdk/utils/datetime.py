"""The time, in UTC."""

from __future__ import annotations

import datetime as dt

__all__ = ["utcnow", "utcnow_iso"]


def utcnow() -> dt.datetime:
    """Now, aware, in UTC."""
    return dt.datetime.now(dt.UTC)


def utcnow_iso() -> str:
    """Now as ISO 8601 text with its offset."""
    return utcnow().isoformat()
