"""What a run has around it: context, environment, progress, metrics, messages, settings."""

from __future__ import annotations

from exportkit.runtime.log_level import LogLevel

__all__ = ["LogLevel"]
