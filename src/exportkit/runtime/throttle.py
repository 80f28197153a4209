"""How often a loop over items tells its progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["DEFAULT_FLUSH_INTERVAL", "DEFAULT_FLUSH_MIN_SECONDS", "ProgressThrottle", "build_throttle_from_params"]

#: Items between two reports.
DEFAULT_FLUSH_INTERVAL = 25
#: Seconds after which a report is due whatever the count.
DEFAULT_FLUSH_MIN_SECONDS = 0.5


class ProgressThrottle:
    """True for the first item, for the last, for every n-th, and after an interval without a report."""

    def __init__(self, every_n: int = 1, min_interval: float = 0.0, time_fn: Callable[[], float] | None = None) -> None:
        """``min_interval`` in seconds, 0 for none; ``time_fn`` is a clock that never goes back."""
        self._every = max(1, every_n)
        self._interval = max(0.0, min_interval)
        self._clock = time_fn or time.monotonic
        self._last = self._clock()

    def should_flush(self, no: int, total: int) -> bool:
        """Whether item ``no``, counted from 1, is to be reported."""
        due = no <= 1 or no >= total or no % self._every == 0
        if not due and self._interval > 0:
            due = self._clock() - self._last >= self._interval
        if due:
            self._last = self._clock()
        return due


def build_throttle_from_params(params: Mapping[str, Any] | None) -> ProgressThrottle:
    """From ``export_progress_flush_interval`` and ``…_min_seconds``, at the top or in ``extra_params``.

    What is no number counts as not given: a loop over items is no place to refuse a setting.
    """
    params = params or {}
    extra = params.get("extra_params")
    layers = [params, extra if isinstance(extra, Mapping) else {}]
    every = _number(layers, "export_progress_flush_interval", DEFAULT_FLUSH_INTERVAL)
    seconds = _number(layers, "export_progress_flush_min_seconds", DEFAULT_FLUSH_MIN_SECONDS)
    return ProgressThrottle(int(every), seconds)


def _number(layers: list[Mapping[str, Any]], key: str, default: float) -> float:
    for layer in layers:
        if layer.get(key) is not None:
            try:
                number = float(layer[key])
            except (TypeError, ValueError):
                return default
            return number if 0 <= number < float("inf") else default
    return default
