"""Values of logging."""

from __future__ import annotations

from exportkit.runtime import LogEntry, LoggerBackend, LogLevel, MessageLogData, ProgressData

__all__ = ["LogEntry", "LogLevel", "LoggerBackend", "MessageLogData", "ProgressData"]
