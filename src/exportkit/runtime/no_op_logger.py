"""A logger for those who do not listen."""

from __future__ import annotations

from typing import Any

from exportkit.runtime.log_level import LogLevel
from exportkit.runtime.logger import BaseLogger

__all__ = ["NoOpLogger"]


class NoOpLogger(BaseLogger):
    """Keeps progress and metrics, and sends nothing anywhere."""

    def _log_impl(
        self, event: str, data: dict[str, Any], file: str | None, step: str | None, level: LogLevel | None = None
    ) -> None:
        """Nothing listens."""
