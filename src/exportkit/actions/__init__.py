"""What a plugin author subclasses: actions, their steps, exporters and target handlers."""

from __future__ import annotations

from exportkit.actions.base import BaseAction, NoResult, validate_result

__all__ = ["BaseAction", "NoResult", "validate_result"]
