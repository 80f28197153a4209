"""A step with a clock."""

from __future__ import annotations

from exportkit.steps import TimingStep

__all__ = ["TimingStep"]
