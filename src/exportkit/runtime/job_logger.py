"""The logger of a job on the platform."""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from exportkit.runtime.log_entry import LogEntry
from exportkit.runtime.log_level import LogLevel
from exportkit.runtime.logger import BaseLogger
from exportkit.runtime.outbox import JobClient, Outbox
from exportkit.runtime.progress import ProgressData

__all__ = ["JobLogger"]


class JobLogger(BaseLogger):
    """Sends log, progress and metrics of a job to the backend (wire contract §14).

    Entries go in batches of ``log_batch_size`` or every ``log_flush_interval`` seconds, at most 1000 a request;
    progress and metrics as one snapshot at most every ``progress_flush_interval`` seconds, the newest of each.
    Nothing that the client raises reaches the caller; what could not be delivered is counted in ``lost_entries``.
    """

    def __init__(
        self,
        client: JobClient,
        job_id: str,
        step_proportions: Mapping[str, float] | None = None,
        log_batch_size: int = 200,
        log_flush_interval: float = 2.0,
        progress_flush_interval: float = 1.0,
        background_flush: bool = True,
        queue_wait_timeout: float = 30.0,
    ) -> None:
        super().__init__()
        self._job_id = str(job_id)
        if step_proportions:
            self.set_step_proportions(step_proportions)
        self._outbox = Outbox(
            client,
            self._job_id,
            snapshot=self._snapshot,
            lost=self._lose,
            batch=log_batch_size,
            entries_every=log_flush_interval,
            snapshots_every=progress_flush_interval,
            background=background_flush,
            patience=queue_wait_timeout,
        )

    def log_loss_report(self) -> dict[str, Any]:
        """How many signals never arrived."""
        return {"lost": self.lost_entries}

    def _log_impl(
        self, event: str, data: dict[str, Any], file: str | None, step: str | None, level: LogLevel | None = None
    ) -> None:
        attached = _data_uri(file) if file else None
        entry = LogEntry(event, _jsonable(data), file=attached, step=step, level=level).to_dict()
        self._outbox.put(entry | {"job": self._job_id})

    def _on_progress(self, progress: ProgressData, step: str | None) -> None:
        self._outbox.refresh()

    def _on_metrics(self, step: str, metrics: dict[str, Any]) -> None:
        self._outbox.refresh()

    def _on_finish(self) -> None:
        self._outbox.close()

    def _snapshot(self) -> dict[str, Any]:
        snapshot: dict[str, Any] = {}
        progress = self.get_progress_record()
        metrics = self.get_metrics()
        if progress is not None:
            snapshot["progress_record"] = progress
        if metrics:
            snapshot["metrics_record"] = {"record": {"steps": _jsonable(metrics)}}
        return snapshot


def _jsonable(data: dict[str, Any]) -> dict[str, Any]:
    """The same in values that JSON has; one odd value must not hold up the entries around it."""
    try:
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(data, enc_hook=str))
    except (TypeError, ValueError, OverflowError, RecursionError):
        return {"text": str(data)[:10_000]}
    return plain


def _data_uri(file: str) -> str | None:
    """The content of a file as a ``data:`` address; read now, because plugins remove their pictures afterwards."""
    if file.startswith("data:"):
        return file
    try:
        content = Path(file).read_bytes()
    except OSError:
        return None
    kind = mimetypes.guess_type(file)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
