"""Steps."""

from __future__ import annotations

from exportkit.compat.synapse_sdk.plugins.steps.dataset import ConvertDatasetStep, ExportDatasetStep
from exportkit.steps import (
    BaseStep,
    BaseStepContext,
    LoggingStep,
    Orchestrator,
    StepRegistry,
    StepResult,
    TimingStep,
    ValidationStep,
)

__all__ = [
    "BaseStep",
    "BaseStepContext",
    "ConvertDatasetStep",
    "ExportDatasetStep",
    "LoggingStep",
    "Orchestrator",
    "StepRegistry",
    "StepResult",
    "TimingStep",
    "ValidationStep",
]
