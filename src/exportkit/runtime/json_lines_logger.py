"""Log, progress and metrics as JSON lines, for machines that read along."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any, TextIO

from exportkit.runtime.log_entry import LogEntry
from exportkit.runtime.log_level import LogLevel
from exportkit.runtime.logger import BaseLogger
from exportkit.runtime.progress import ProgressData

__all__ = ["JsonLinesLogger"]


class JsonLinesLogger(BaseLogger):
    """One object a line on ``stream`` (stderr when none is given), flushed at once.

    Log entries have the fields of the backend's job log; progress has the event ``progress`` and the fields of
    :class:`ProgressData`; metrics have the event ``metrics``. Values that JSON does not know are written as text.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        self._stream = stream

    def _log_impl(
        self, event: str, data: dict[str, Any], file: str | None, step: str | None, level: LogLevel | None = None
    ) -> None:
        self._write(LogEntry(event, data, file=file, step=step, level=level).to_dict())

    def _on_progress(self, progress: ProgressData, step: str | None) -> None:
        self._write(LogEntry("progress", asdict(progress), step=step).to_dict())

    def _on_metrics(self, step: str, metrics: dict[str, Any]) -> None:
        self._write(LogEntry("metrics", metrics, step=step).to_dict())

    def _write(self, entry: dict[str, Any]) -> None:
        line = json.dumps(entry, ensure_ascii=False, default=str)
        with self._lock:
            stream = self._stream or sys.stderr
            stream.write(line + "\n")
            stream.flush()
