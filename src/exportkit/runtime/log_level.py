"""How much a log entry matters; ``danger`` is the platform's older word for ``error``."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["LogLevel"]


class LogLevel(StrEnum):
    """Levels as the backend spells them. ``debug`` entries are hidden from users of the platform."""

    DEBUG = "debug"
    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    DANGER = "danger"
    ERROR = "error"
    CRITICAL = "critical"
