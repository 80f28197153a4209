"""Waiting for a job of the server: events for its progress, its row for the truth, and an end to patience."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from exportkit.clients.client_errors import ClientError
from exportkit.clients.job_outcome import DelegatedExportError, JobState, job_state
from exportkit.clients.retries import Sleep

__all__ = ["PollPatience", "stream_export_progress"]

_log = logging.getLogger(__name__)
#: Told of (processed, total) rows; neither ever falls.
ProgressCallback = Callable[[int, int], object]


class PollPatience(Protocol):
    """How long a job is waited for; all times in seconds (SDK behaviour, section 15)."""

    @property
    def activity_based(self) -> bool: ...
    @property
    def inactivity_deadline(self) -> float: ...
    @property
    def wall_clock_ceiling(self) -> float | None: ...
    @property
    def poll_interval(self) -> float: ...
    @property
    def poll_backoff(self) -> float: ...
    @property
    def poll_max_interval(self) -> float: ...
    @property
    def poll_max_attempts(self) -> int: ...


def stream_export_progress(
    *,
    v2_client: Any,
    job_id: str,
    progress_callback: ProgressCallback | None,
    patience: PollPatience,
    clock: Callable[[], float] = time.monotonic,
    sleep: Sleep = time.sleep,
) -> dict[str, Any]:
    """The detail of a job that is over, successful or not; :func:`finalize_export` reads it.

    Events only feed the progress: whatever ended them, the job's row is asked until it says that the job is over.
    A callback that raises is told in the log and changes nothing. Raises DelegatedExportError (exit code 5) when
    patience ends, after an attempt to cancel the job, or when the job is gone; AuthenticationError and
    AuthorizationError as they are.
    """
    progress = _Progress(progress_callback)
    watch = _Watch(patience, clock)
    _follow(v2_client, job_id, progress, watch)
    while True:
        detail = _looked_at(v2_client, job_id)
        state = None if detail is None else job_state(detail)
        if detail is not None and state is not None:
            if state.is_over:
                return detail
            progress.tell(state.processed, state.total)
        reason = watch.given_up(state)
        if reason is not None:
            if patience.activity_based:
                with suppress(Exception):  # the job is given up either way
                    v2_client.async_jobs.cancel(job_id)
            raise DelegatedExportError(
                f"The export job {job_id} {reason}; resume the export, or start it again.", exit_code=5, job_id=job_id
            )
        sleep(watch.pause())


def _follow(v2_client: Any, job_id: str, progress: _Progress, watch: _Watch) -> None:
    """Hand on the progress of events as long as there are any and the job moves."""
    try:
        for event in v2_client.async_jobs.stream_progress(job_id):
            if not isinstance(event, Mapping):
                continue
            if progress.tell(event.get("processed_count"), event.get("total_count")):
                watch.moved()
            if event.get("event") in {"async_job.completed", "error"} or watch.is_out_of_patience():
                return
    except Exception as error:  # noqa: BLE001 - the stream never decides anything about the job
        _log.info("The events of the job %s ended (%s: %s); it is asked instead.", job_id, type(error).__name__, error)


def _looked_at(v2_client: Any, job_id: str) -> dict[str, Any] | None:
    """The job's row, or None where it cannot be had now. Raises for what will not change."""
    try:
        detail = v2_client.async_jobs.retrieve(job_id)
    except ClientError as error:
        if error.status_code in {404, 410}:
            raise DelegatedExportError(
                f"The export job {job_id} is no longer on the server; start the export again.",
                exit_code=5,
                job_id=job_id,
            ) from error
        if not error.is_temporary:
            raise
        return None
    return dict(detail) if isinstance(detail, Mapping) else None


class _Watch:
    """When to ask again, and when to stop."""

    def __init__(self, patience: PollPatience, clock: Callable[[], float]) -> None:
        self._patience = patience
        self._clock = clock
        self._began = self._moved = clock()
        self._signal: object = None
        self._asked = 0
        self._interval = patience.poll_interval

    def moved(self) -> None:
        """Note that the job was seen at work."""
        self._moved = self._clock()

    def is_out_of_patience(self) -> bool:
        """Whether the job stood still, or took, too long for its events to be followed further."""
        return self._deadline_passed() is not None

    def given_up(self, state: JobState | None) -> str | None:
        """Why the job is waited for no longer, or None. Without a state the job could not be asked."""
        patience = self._patience
        self._asked += 1
        if not patience.activity_based:
            over = self._asked >= patience.poll_max_attempts
            return f"was not over after it was asked {self._asked} times" if over else None
        if state is not None and state.signal != self._signal:
            self._signal = state.signal
            self.moved()
        return self._deadline_passed()

    def _deadline_passed(self) -> str | None:
        """Which deadline has passed, as what the job did, or None."""
        now, still, ceiling = self._clock(), self._patience.inactivity_deadline, self._patience.wall_clock_ceiling
        if now - self._moved >= still:
            return f"showed no sign of life for {still:g} seconds"
        if ceiling is not None and 0 < ceiling <= now - self._began:
            return f"was not over after {ceiling:g} seconds"
        return None

    def pause(self) -> float:
        """Seconds until the next question."""
        pause = self._interval
        self._interval = min(self._interval * self._patience.poll_backoff, self._patience.poll_max_interval)
        return pause


class _Progress:
    """Counters that never fall, handed to a callback that may raise."""

    def __init__(self, callback: ProgressCallback | None) -> None:
        self._callback = callback
        self._processed = -1
        self._total = 0

    def tell(self, processed: Any, total: Any) -> bool:
        """Whether these counters are further than the former ones, and usable at all."""
        if type(processed) is not int or type(total) is not int or total <= 0 or processed < 0:
            return False
        if processed <= self._processed and total <= self._total:
            return False
        self._processed = max(self._processed, processed)
        self._total = max(self._total, total, self._processed)
        try:
            if self._callback is not None:
                self._callback(self._processed, self._total)
        except Exception:  # noqa: BLE001 - the border of a plugin
            _log.warning("The progress of the server's job could not be told.", exc_info=True)
        return True
