"""Steps around steps."""

from __future__ import annotations

from exportkit.steps import LoggingStep, TimingStep, ValidationStep

__all__ = ["LoggingStep", "TimingStep", "ValidationStep"]
