"""What steps share."""

from __future__ import annotations

from exportkit.steps import BaseStepContext

__all__ = ["BaseStepContext"]
