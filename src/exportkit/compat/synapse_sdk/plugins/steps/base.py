"""A step and its result."""

from __future__ import annotations

from exportkit.steps import BaseStep, StepResult

__all__ = ["BaseStep", "StepResult"]
