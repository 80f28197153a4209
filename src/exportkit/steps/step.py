"""One phase of a workflow."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from exportkit.steps.context import BaseStepContext
from exportkit.steps.result import StepResult

__all__ = ["BaseStep", "C"]

C = TypeVar("C", bound=BaseStepContext)


class BaseStep(ABC, Generic[C]):
    """One phase. ``C`` is the context that all phases of a workflow share.

    ``name`` and ``progress_weight`` may be properties or plain class attributes. A step object belongs to one run.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """Unique in its registry; the key of progress, metrics and messages."""

    @property
    @abstractmethod
    def progress_weight(self) -> float:
        """Share of the whole, from 0 to 1. Weights are divided by their sum."""

    @property
    def progress_proportion(self) -> int:
        """Share of the whole in percent. If any step of a registry has one, weights are ignored."""
        return 0

    @abstractmethod
    def execute(self, context: C) -> StepResult:
        """Do the work. An exception counts as a failed result and keeps its type."""

    def can_skip(self, context: C) -> bool:
        """Whether this phase has nothing to do. Asked once, right before it would run."""
        return False

    def rollback(self, context: C, result: StepResult) -> None:
        """Undo what this step made.

        Called in reverse order for every step that was begun, the failing one included; so it has to cope with a
        step that came only half the way. An error in here is noted and the other steps are rolled back all the same.
        """
