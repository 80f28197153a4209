"""A step that only looks."""

from __future__ import annotations

from exportkit.steps import ValidationStep

__all__ = ["ValidationStep"]
