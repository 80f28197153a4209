"""A step with a log."""

from __future__ import annotations

from exportkit.steps import LoggingStep

__all__ = ["LoggingStep"]
