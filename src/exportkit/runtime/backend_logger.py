"""A logger in front of anything that takes progress, metrics and log entries."""

from __future__ import annotations

from typing import Any, Protocol

from exportkit.runtime.log_entry import LogEntry
from exportkit.runtime.log_level import LogLevel
from exportkit.runtime.logger import BaseLogger
from exportkit.runtime.progress import ProgressData

__all__ = ["BackendLogger", "LoggerBackend"]


class LoggerBackend(Protocol):
    """What takes the signals of a job."""

    def publish_progress(self, job_id: str, progress: ProgressData) -> None: ...

    def publish_metrics(self, job_id: str, metrics: dict[str, Any]) -> None: ...

    def publish_log(self, job_id: str, log_entry: LogEntry) -> None: ...


class BackendLogger(BaseLogger):
    """Hands every signal on at once; without a backend nothing is sent."""

    def __init__(self, backend: LoggerBackend | None, job_id: str) -> None:
        super().__init__()
        self._backend = backend
        self._job_id = job_id

    def _log_impl(
        self, event: str, data: dict[str, Any], file: str | None, step: str | None, level: LogLevel | None = None
    ) -> None:
        if self._backend is not None:
            self._backend.publish_log(self._job_id, LogEntry(event, data, file=file, step=step, level=level))

    def _on_progress(self, progress: ProgressData, step: str | None) -> None:
        if self._backend is not None:
            self._backend.publish_progress(self._job_id, progress)

    def _on_metrics(self, step: str, metrics: dict[str, Any]) -> None:
        if self._backend is not None:
            self._backend.publish_metrics(self._job_id, {step: metrics})
