"""Actions."""

from __future__ import annotations

from exportkit.actions import BaseAction, NoResult, validate_result

__all__ = ["BaseAction", "NoResult", "validate_result"]
