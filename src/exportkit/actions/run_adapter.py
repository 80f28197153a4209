"""The ``run`` of an exporter: the logging calls that older plugins know."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from exportkit.actions import metrics
from exportkit.actions.metrics import ExportStatus
from exportkit.runtime.log_level import LogLevel

__all__ = ["ExporterRunAdapter"]


class ExporterRunAdapter:
    """Passes messages, progress, metrics and file events to the logger of the run.

    Nothing here raises into the data path: a sink that fails costs the entry, and a total that turns out too small
    grows. While flushing is off, progress and metrics are left out.
    """

    MetricsRecord = metrics.MetricsRecord

    def __init__(self, logger: Any, context: Any = None) -> None:
        self._logger = logger
        self._context = context
        self._flush = True
        #: Leave out the events of files that were written, so that only failures are told.
        self.failures_only = False

    @property
    def flush_enabled(self) -> bool:
        """Whether progress and metrics are passed on."""
        return self._flush

    def set_flush_enabled(self, enabled: bool) -> None:
        """Switch passing on progress and metrics on or off."""
        self._flush = enabled

    def log_message(self, message: Any, level: Any = None, *, context: Any = None, **kwargs: Any) -> None:
        """Tell the user: a text, or a message code with its values."""
        chosen = _level(level if level is not None else context) or LogLevel.INFO
        if self._context is not None and hasattr(self._context, "log_message"):
            self._quietly(self._context.log_message, message, chosen, **kwargs)
        else:
            self._quietly(self._logger.log, chosen, "message", {"content": str(message)})

    def log_export_event(self, event_code: str, item_id: Any) -> None:
        """An event about one item."""
        self._quietly(self._logger.log, LogLevel.WARNING, event_code, {"item_id": item_id})

    def log_dev_event(self, message: str, data: Mapping[str, Any] | None = None, level: Any = None) -> None:
        """An event for developers."""
        entry = {"message": message, **(data or {})}
        self._quietly(self._logger.log, _level(level) or LogLevel.DEBUG, "dev_event", entry)

    def set_progress(self, current: int, total: int, step: str | None = None, *, category: str | None = None) -> None:
        """Progress of the current step, or of `step` (`category` is its older name)."""
        if not self._flush:
            return
        current = max(0, current)
        self._quietly(self._logger.set_progress, current, max(1, total, current), step or category)

    def log_metrics(
        self, record: metrics.MetricsRecord, step: str | None = None, *, category: str | None = None
    ) -> None:
        """The counts of a kind of files, under `step` (`category` is its older name)."""
        if self._flush:
            self._quietly(self._logger.set_metrics, record.to_dict(), step or category)

    def export_log_original_file(self, item_id: Any, file_info: Any, status: ExportStatus, error_msg: str) -> None:
        """What became of an original."""
        self._file_event("export_original_file", item_id, file_info, status, error_msg)

    def export_log_data_file(self, item_id: Any, file_info: Any, status: ExportStatus, error_msg: str) -> None:
        """What became of a label file."""
        self._file_event("export_data_file", item_id, file_info, status, error_msg)

    def end_log(self) -> None:
        """The run is over; what is still waiting is passed on."""
        if self._context is not None and hasattr(self._context, "end_log"):
            self._quietly(self._context.end_log)

    def _file_event(self, event: str, item_id: Any, file_info: Any, status: ExportStatus, error: str) -> None:
        word = status.value if isinstance(status, ExportStatus) else str(status)
        failed = word == ExportStatus.FAILED.value
        if self.failures_only and not failed:
            return
        entry = {
            "target_id": item_id,
            "data_file_info": json.dumps(file_info, ensure_ascii=False, default=str),
            "status": word,
            "error": error,
            "created": datetime.now(UTC).isoformat(),
        }
        self._quietly(self._logger.log, LogLevel.WARNING if failed else LogLevel.INFO, event, entry)

    def _quietly(self, call: Callable[..., Any], *arguments: Any, **more: Any) -> None:
        with suppress(Exception):
            call(*arguments, **more)


def _level(value: Any) -> LogLevel | None:
    if isinstance(value, LogLevel):
        return value
    with suppress(ValueError):
        return LogLevel(str(getattr(value, "value", value)).lower())
    return None
