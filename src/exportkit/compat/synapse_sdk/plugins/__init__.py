"""What plugins import from the top."""

from __future__ import annotations

from exportkit.actions import BaseAction, BaseExportAction, ExportContext, NoResult, validate_result
from exportkit.runtime import MetricsCategory, PluginCategory, RuntimeContext
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
    "BaseAction",
    "BaseExportAction",
    "BaseStep",
    "BaseStepContext",
    "ExportContext",
    "LoggingStep",
    "MetricsCategory",
    "NoResult",
    "Orchestrator",
    "PluginCategory",
    "RuntimeContext",
    "StepRegistry",
    "StepResult",
    "TimingStep",
    "ValidationStep",
    "validate_result",
]
