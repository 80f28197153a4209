"""How far the clock of another machine is from ours: the usual reason for signed URLs that are dead when issued."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

__all__ = ["clock_skew", "skewed_minutes"]

#: Seconds by which clocks may differ before it is told.
_TOLERATED = 300.0


def clock_skew(date: str | None) -> float | None:
    """Seconds that a clock is ahead of ours, by the ``Date`` of its answer; None where that says nothing."""
    try:
        return parsedate_to_datetime(date or "").timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return None


def skewed_minutes(skew: float | None) -> int | None:
    """The minutes that clocks differ by, where they differ so much that it is worth telling."""
    return round(abs(skew) / 60) if skew is not None and abs(skew) > _TOLERATED else None
