"""How far a run is: percent by step, and over all steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["ProgressBoard", "ProgressData"]

#: Key of progress that belongs to no step.
NO_STEP = "__default__"


@dataclass
class ProgressData:
    """Progress of one step. ``percent`` from 0 to 100, times in seconds."""

    percent: float
    time_remaining: float | None = None
    elapsed_time: float | None = None
    status: str = "running"


class ProgressBoard:
    """Progress of all steps of a run.

    Shares are percent of the whole by step. A step without a share (a plugin's own key, or a mirror of another) is
    recorded and does not move the whole. Without any shares the whole is the mean of the steps seen. The whole
    never goes back, nor does a step that has a share.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started: dict[str, float] = {}
        self._data: dict[str, ProgressData] = {}
        self._shares: dict[str, float] = {}
        self._orders: dict[str, int] = {}
        #: Steps with a share, in the order in which they were first reported.
        self._reported: list[str] = []
        self._current: str | None = None
        self._overall = 0.0

    @property
    def shares(self) -> dict[str, float]:
        return dict(self._shares)

    @property
    def begun(self) -> bool:
        return bool(self._data)

    def declare(self, shares: Mapping[str, float], orders: Mapping[str, int] | None = None) -> None:
        """Start a workflow: what each step counts, and its 0-based place."""
        self._shares = dict(shares)
        self._orders = dict(orders or {})
        self._reported.clear()
        self._overall = 0.0
        for step in shares:
            self._data.pop(step, None)
        self._current = None

    def update(self, current: int, total: int, step: str | None) -> ProgressData:
        """``0 <= current <= total`` and ``total > 0`` are the caller's promise. The clock of a step starts at 0."""
        key = step or NO_STEP
        now = self._clock()
        if key not in self._started or current == 0:
            self._started[key] = now
        elapsed = now - self._started[key]
        percent = round(current / total * 100, 2)
        if key in self._shares and key in self._data:
            percent = max(percent, self._data[key].percent)
        remaining = round(elapsed / current * (total - current), 2) if current else None
        return self._put(key, ProgressData(percent, remaining, round(elapsed, 2)))

    def fail(self, step: str | None) -> ProgressData:
        key = step or NO_STEP
        started = self._started.get(key)
        elapsed = None if started is None else round(self._clock() - started, 2)
        return self._put(key, ProgressData(0.0, None, elapsed, "failed"))

    def get(self, step: str | None) -> ProgressData | None:
        return self._data.get(step or NO_STEP)

    def record(self) -> dict[str, Any] | None:
        """The progress record of a job (wire contract §14), or None while there is nothing to tell."""
        if not self._data:
            return None
        steps = {step: self._step_record(step) for step in self._shares}
        steps.update({step: self._step_record(step) for step in self._data if step not in steps and step != NO_STEP})
        return {"record": {"steps": steps}, "current_progress": self._current_record()}

    def _put(self, key: str, data: ProgressData) -> ProgressData:
        self._data[key] = data
        self._current = key
        if key in self._shares and key not in self._reported:
            self._reported.append(key)
        self._overall = max(self._overall, self._whole())
        return data

    def _whole(self) -> float:
        if not self._shares:
            return sum(data.percent for data in self._data.values()) / len(self._data)
        if not self._reported:
            return 0.0
        last = self._current if self._current in self._shares else self._reported[-1]
        place = self._reported.index(str(last))
        whole = sum(self._shares[step] for step in self._reported[:place])
        return min(100.0, whole + self._shares[str(last)] * self._data[str(last)].percent / 100)

    def _step_record(self, step: str) -> dict[str, Any]:
        share = self._shares.get(step, 0.0)
        record: dict[str, Any] = {"proportion": int(share) if float(share).is_integer() else share}
        if step in self._orders:
            record["order"] = self._orders[step]
        if step in self._data:
            data = self._data[step]
            record |= {"percent": data.percent, "time_remaining": data.time_remaining}
            if data.status != "running":
                record["status"] = data.status
        return record

    def _current_record(self) -> dict[str, Any]:
        if self._current is None:
            return {"overall": round(self._overall, 2)}
        key = self._current
        data = self._data[key]
        record: dict[str, Any] = {
            "overall": round(self._overall, 2),
            "step": None if key == NO_STEP else key,
            "percent": data.percent,
            "time_remaining": data.time_remaining,
        }
        if key in self._orders:
            record["order"] = self._orders[key]
        return record
