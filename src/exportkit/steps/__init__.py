"""A pipeline of steps with rollback; it knows nothing of what the steps do."""

from __future__ import annotations

from exportkit.steps.context import BaseStepContext
from exportkit.steps.orchestrator import Orchestrator
from exportkit.steps.registry import StepRegistry
from exportkit.steps.result import StepResult
from exportkit.steps.step import BaseStep
from exportkit.steps.validation_step import ValidationStep
from exportkit.steps.wrapped_step import LoggingStep, TimingStep, WrappedStep

__all__ = [
    "BaseStep",
    "BaseStepContext",
    "LoggingStep",
    "Orchestrator",
    "StepRegistry",
    "StepResult",
    "TimingStep",
    "ValidationStep",
    "WrappedStep",
]
