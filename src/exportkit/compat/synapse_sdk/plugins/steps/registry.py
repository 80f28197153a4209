"""The order of steps."""

from __future__ import annotations

from exportkit.steps import StepRegistry

__all__ = ["StepRegistry"]
