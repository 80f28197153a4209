"""Where a run tells what it does: log, progress and metrics."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from exportkit.runtime.log_entry import MessageLogData, message_data
from exportkit.runtime.log_level import LogLevel
from exportkit.runtime.plain_text import redacted, redacted_data
from exportkit.runtime.progress import ProgressBoard, ProgressData

__all__ = ["BaseLogger"]


class BaseLogger(ABC):
    """Base of all loggers.

    A new kind overrides ``_log_impl``, and if it wants ``_on_progress``, ``_on_metrics`` and ``_on_finish``.

    Wrong arguments raise at the caller; a hook that raises never does: what it could not take is counted in
    :attr:`lost_entries`. Secrets in addresses are taken out before any hook sees an entry. All state belongs to the
    instance, and threads may share one.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._board = ProgressBoard()
        self._metrics: dict[str, dict[str, Any]] = {}
        self._step: str | None = None
        self._order: int | None = None
        self._finished = False
        self._lost = 0
        self._shares_given = False

    # The step that entries belong to

    def set_step(self, step: str | None, order: int | None = None) -> None:
        """Make ``step`` the one that entries belong to; None leaves it. ``order`` is its 0-based place."""
        self._step = step
        self._order = None if step is None else order

    def get_step(self) -> str | None:
        return self._step

    def get_step_order(self) -> int | None:
        return self._order

    # Log

    def log(
        self,
        level: LogLevel,
        event: str,
        data: Mapping[str, Any],
        file: str | None = None,
        step: str | None = None,
    ) -> None:
        """Log an event with data, which is copied; ``step`` defaults to the current one.

        Raises ``TypeError`` unless ``level`` is a :class:`LogLevel` and ``data`` a mapping, and ``RuntimeError``
        after :meth:`finish`.
        """
        self._refuse_finished()
        if not isinstance(level, LogLevel):
            raise TypeError(f"level must be a LogLevel, not {type(level).__name__}.")
        if not isinstance(data, Mapping):
            raise TypeError(f"data must be a mapping, not {type(data).__name__}.")
        self._guard(self._take, event, data, file, self._step if step is None else step, level)

    def debug(self, message: str) -> None:
        """For developers: the event is ``debug``, which users of the platform do not see."""
        self.log(LogLevel.DEBUG, "debug", message_data(message))

    def info(self, message: str) -> None:
        self.log(LogLevel.INFO, "message", message_data(message))

    def warning(self, message: str) -> None:
        self.log(LogLevel.WARNING, "message", message_data(message))

    def error(self, message: str) -> None:
        self.log(LogLevel.ERROR, "message", message_data(message))

    def critical(self, message: str) -> None:
        self.log(LogLevel.CRITICAL, "message", message_data(message))

    def log_message(
        self, message: str, level: LogLevel | None = None, *, context: str | LogLevel | None = None
    ) -> None:
        """A message for users; ``context`` is the older name of ``level``, which is ``info`` when neither is given."""
        self.log(LogLevel(context or level or LogLevel.INFO), "message", message_data(message))

    def log_event(self, event: str, data: dict[str, Any], file: str | None = None) -> None:
        self.log(LogLevel.INFO, event, data, file)

    def log_metric(self, category: str, key: str, value: float, **metrics: Any) -> None:
        """One number of a training run; related numbers stand beside it."""
        self.log(LogLevel.INFO, "metric", {"category": category, "key": key, "value": value, "metrics": metrics})

    def log_visualization(self, category: str, group: str, index: int, image: str, **meta: Any) -> None:
        """A picture; ``image`` is its path."""
        self.log(LogLevel.INFO, "visualization", {"category": category, "group": group, "index": index, **meta}, image)

    def log_trials(
        self,
        data: dict[str, Any] | None = None,
        *,
        trials: dict[str, Any] | None = None,
        base: list[str] | None = None,
        hyperparameters: list[str] | None = None,
        metrics: list[str] | None = None,
        best_trial: str = "",
    ) -> None:
        """The table of a parameter search: whole as ``data``, or from its parts."""
        parts = {
            "base": base or [],
            "trials": trials or {},
            "hyperparameters": hyperparameters or [],
            "metrics": metrics or [],
            "best_trial": best_trial,
        }
        self.log(LogLevel.INFO, "trials", parts if data is None else data)

    # Progress

    def set_progress(self, current: int, total: int, step: str | None = None) -> None:
        """Raises ``ValueError`` unless ``0 <= current <= total`` and ``total > 0``.

        ``step`` defaults to the current one.
        """
        self._refuse_finished()
        if total <= 0:
            raise ValueError(f"total must be > 0, not {total}.")
        if not 0 <= current <= total:
            raise ValueError(f"current must be between 0 and {total}, not {current}.")
        where = self._step if step is None else step
        with self._lock:
            progress = self._board.update(current, total, where)
        self._guard(self._on_progress, progress, where)

    def report_progress(self, current: int, total: int, step: str | None = None) -> None:
        """Like :meth:`set_progress` for callers that move data: a total that grew late is taken, nothing raises."""
        if not self._finished:
            self._guard(self._report, current, total, step)

    def set_progress_failed(self, step: str | None = None) -> None:
        self._refuse_finished()
        where = self._step if step is None else step
        with self._lock:
            progress = self._board.fail(where)
        self._guard(self._on_progress, progress, where)

    def get_progress(self, step: str | None = None) -> ProgressData | None:
        """Progress of ``step``; without one, of what belongs to no step."""
        return self._board.get(step)

    def get_progress_record(self, *, time_elapsed: float | None = None) -> dict[str, Any] | None:
        """The progress record of a job (wire contract §14); ``time_elapsed`` in seconds joins its current progress."""
        with self._lock:
            record = self._board.record()
        if record is not None and time_elapsed is not None:
            record["current_progress"]["time_elapsed"] = time_elapsed
        return record

    @property
    def step_proportions(self) -> dict[str, float]:
        """Percent of the whole by step, as declared."""
        return self._board.shares

    def set_step_proportions(self, proportions: Mapping[str, float], orders: Mapping[str, int] | None = None) -> None:
        """Say what each step counts, instead of the orchestrator. Raises ``RuntimeError`` once progress has begun."""
        with self._lock:
            if self._board.begun:
                raise RuntimeError("Proportions of steps are set before the first progress, not after it.")
            self._board.declare(proportions, orders)
            self._shares_given = True

    def open_workflow(self, shares: Mapping[str, float], orders: Mapping[str, int]) -> None:
        """Called by an orchestrator when it starts. A workflow inside a step, and given proportions, change nothing."""
        with self._lock:
            if self._step is None and not self._shares_given:
                self._board.declare(shares, orders)

    # Metrics

    def set_metrics(self, value: Mapping[str, Any], step: str | None = None) -> None:
        """Merge ``value`` into the metrics of a step.

        Raises ``TypeError`` for what is no mapping and ``ValueError`` when there is no step.
        """
        self._refuse_finished()
        if not isinstance(value, Mapping):
            raise TypeError(f"value must be a mapping, not {type(value).__name__}.")
        where = self._step if step is None else step
        if not where:
            raise ValueError("Metrics belong to a step: name one, or set the current one first.")
        with self._lock:
            self._metrics.setdefault(where, {}).update(redacted_data(value))
            merged = dict(self._metrics[where])
        self._guard(self._on_metrics, where, merged)

    def get_metrics(self, step: str | None = None) -> dict[str, Any]:
        """Metrics of ``step``, or those of all steps by name."""
        with self._lock:
            if step:
                return dict(self._metrics.get(step, {}))
            return {name: dict(metrics) for name, metrics in self._metrics.items()}

    # The end

    def finish(self) -> None:
        """Send what waits; from then on logging raises ``RuntimeError``. A second call does nothing."""
        with self._lock:
            if self._finished:
                return
            self._finished = True
        self._guard(self._on_finish)

    @property
    def lost_entries(self) -> int:
        """How many entries and updates no sink took."""
        return self._lost

    # Hooks

    @abstractmethod
    def _log_impl(
        self, event: str, data: dict[str, Any], file: str | None, step: str | None, level: LogLevel | None = None
    ) -> None:
        """Take one entry."""

    def _on_progress(self, progress: ProgressData, step: str | None) -> None:  # noqa: B027 - an optional hook
        """Take one update of progress."""

    def _on_metrics(self, step: str, metrics: dict[str, Any]) -> None:  # noqa: B027 - an optional hook
        """Take all metrics of a step after an update."""

    def _on_finish(self) -> None:  # noqa: B027 - an optional hook
        """Send what waits, and let go of what is held."""

    @staticmethod
    def _build_message_data(content: str, key: str | None = None) -> MessageLogData:
        """Data of a message; loggers of plugins call it."""
        return message_data(redacted(content), key)

    def _take(self, event: str, data: Mapping[str, Any], file: str | None, step: str | None, level: LogLevel) -> None:
        self._log_impl(event, redacted_data(data), file, step, level)

    def _report(self, current: int, total: int, step: str | None) -> None:
        total = max(total, current)
        if total > 0:
            self.set_progress(max(0, current), total, step)

    def _guard(self, sink: Callable[..., None], *arguments: object) -> None:
        try:
            sink(*arguments)
        except Exception:  # noqa: BLE001 - a sink that fails must not fail an export
            self._lose()

    def _lose(self, count: int = 1) -> None:
        with self._lock:
            self._lost += count

    def _refuse_finished(self) -> None:
        if self._finished:
            raise RuntimeError("This logger is finished; nothing can be logged any more.")
