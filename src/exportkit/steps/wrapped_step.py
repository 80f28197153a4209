"""Steps around a step: the same work, with a log or a clock."""

from __future__ import annotations

import time
from abc import abstractmethod

from exportkit.steps.result import StepResult
from exportkit.steps.step import BaseStep, C

__all__ = ["LoggingStep", "TimingStep", "WrappedStep"]


class WrappedStep(BaseStep[C]):
    """Passes everything on to the step inside: weight, proportion, skipping and rollback."""

    def __init__(self, step: BaseStep[C]) -> None:
        self._step = step

    @property
    @abstractmethod
    def name(self) -> str: ...

    @property
    def progress_weight(self) -> float:
        return self._step.progress_weight

    @property
    def progress_proportion(self) -> int:
        return self._step.progress_proportion

    def execute(self, context: C) -> StepResult:
        return self._step.execute(context)

    def can_skip(self, context: C) -> bool:
        return self._step.can_skip(context)

    def rollback(self, context: C, result: StepResult) -> None:
        self._step.rollback(context, result)


class LoggingStep(WrappedStep[C]):
    """Logs ``step_start``, ``step_end`` and ``step_rollback`` of the step inside; its name gets ``logged_``."""

    @property
    def name(self) -> str:
        return f"logged_{self._step.name}"

    def execute(self, context: C) -> StepResult:
        context.log("step_start", {"step": self._step.name})
        start = time.perf_counter()
        success, skipped = False, False
        try:
            result = super().execute(context)
            if isinstance(result, StepResult):
                success, skipped = result.success, result.skipped
            return result
        finally:
            elapsed = round(time.perf_counter() - start, 3)
            end = {"step": self._step.name, "elapsed": elapsed, "success": success, "skipped": skipped}
            context.log("step_end", end)

    def rollback(self, context: C, result: StepResult) -> None:
        context.log("step_rollback", {"step": self._step.name})
        super().rollback(context, result)


class TimingStep(WrappedStep[C]):
    """Adds ``duration_seconds`` to the data of the result; its name gets ``timed_``."""

    @property
    def name(self) -> str:
        return f"timed_{self._step.name}"

    def execute(self, context: C) -> StepResult:
        start = time.perf_counter()
        result = super().execute(context)
        if isinstance(result, StepResult):
            result.data["duration_seconds"] = round(time.perf_counter() - start, 6)
        return result
