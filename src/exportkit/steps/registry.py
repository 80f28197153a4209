"""The ordered phases of one workflow."""

from __future__ import annotations

import math
from typing import Generic

from exportkit.steps.step import BaseStep, C

__all__ = ["StepRegistry"]


class StepRegistry(Generic[C]):
    """Steps in the order in which they run; every name at most once."""

    def __init__(self) -> None:
        self._steps: list[BaseStep[C]] = []

    def __len__(self) -> int:
        return len(self._steps)

    def __bool__(self) -> bool:
        return bool(self._steps)

    def register(self, step: BaseStep[C]) -> None:
        """Append a step. Raises ``ValueError`` when its name is taken."""
        self._insert(len(self._steps), step)

    def unregister(self, name: str) -> None:
        """Take the step of that name out; nothing happens when there is none."""
        self._steps = [step for step in self._steps if step.name != name]

    def insert_before(self, before_name: str, step: BaseStep[C]) -> None:
        """Raises ``ValueError`` when ``before_name`` is unknown or the step's name is taken."""
        self._insert(self._place(before_name), step)

    def insert_after(self, after_name: str, step: BaseStep[C]) -> None:
        """Raises ``ValueError`` when ``after_name`` is unknown or the step's name is taken."""
        self._insert(self._place(after_name) + 1, step)

    def get_steps(self) -> list[BaseStep[C]]:
        """A copy: changing it changes no registry."""
        return list(self._steps)

    @property
    def total_weight(self) -> float:
        return sum(step.progress_weight for step in self._steps)

    def get_step_proportions(self) -> dict[str, int]:
        """Declared proportions by name, only those above zero."""
        return {step.name: step.progress_proportion for step in self._steps if step.progress_proportion > 0}

    def get_step_orders(self) -> dict[str, int]:
        """0-based places by name."""
        return {step.name: place for place, step in enumerate(self._steps)}

    def progress_shares(self) -> dict[str, float]:
        """Percent of the whole by name, for the steps that are reported.

        Declared proportions win as soon as one step has one, and a step without is then not reported. Otherwise
        weights are divided by their sum; steps without any weight share evenly.
        """
        proportions = self.get_step_proportions()
        if proportions:
            return {name: float(share) for name, share in proportions.items()}
        weights = {step.name: _weight(step.progress_weight) for step in self._steps}
        total = math.fsum(weights.values())
        if total <= 0:
            return dict.fromkeys(weights, 100 / max(1, len(weights)))
        return {name: round(100 * weight / total, 4) for name, weight in weights.items()}

    def _insert(self, place: int, step: BaseStep[C]) -> None:
        if self._find(step.name) is not None:
            raise ValueError(f"Step '{step.name}' is already registered; every step needs a name of its own.")
        self._steps.insert(place, step)

    def _find(self, name: str) -> int | None:

        return next((place for place, step in enumerate(self._steps) if step.name == name), None)

    def _place(self, name: str) -> int:
        place = self._find(name)
        if place is None:
            raise ValueError(f"Step '{name}' not found")
        return place


def _weight(value: float) -> float:
    """A weight that can be summed: what is negative or no number counts as none."""
    return value if math.isfinite(value) and value > 0 else 0.0
