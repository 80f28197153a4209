"""A step that only looks."""

from __future__ import annotations

from collections.abc import Callable

from exportkit.steps.result import StepResult
from exportkit.steps.step import BaseStep, C

__all__ = ["ValidationStep"]


class ValidationStep(BaseStep[C]):
    """Fails unless ``validator(context)`` answers ``(True, …)``; the second value is the reason for a person."""

    def __init__(
        self,
        validator: Callable[[C], tuple[bool, str | None]],
        name: str = "validate",
        progress_weight: float = 0.05,
    ) -> None:
        self._validator = validator
        self._name = name
        self._weight = progress_weight

    @property
    def name(self) -> str:
        return self._name

    @property
    def progress_weight(self) -> float:
        return self._weight

    def execute(self, context: C) -> StepResult:
        valid, reason = self._validator(context)
        return StepResult() if valid else StepResult.failed(reason or "Validation failed")
