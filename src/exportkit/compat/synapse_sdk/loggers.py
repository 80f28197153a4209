"""Loggers."""

from __future__ import annotations

from exportkit.runtime import (
    BackendLogger,
    BaseLogger,
    ConsoleLogger,
    JobLogger,
    LogEntry,
    LoggerBackend,
    MessageLogData,
    NoOpLogger,
    ProgressData,
    TqdmLogger,
)

__all__ = [
    "BackendLogger",
    "BaseLogger",
    "ConsoleLogger",
    "JobLogger",
    "LogEntry",
    "LoggerBackend",
    "MessageLogData",
    "NoOpLogger",
    "ProgressData",
    "TqdmLogger",
]
