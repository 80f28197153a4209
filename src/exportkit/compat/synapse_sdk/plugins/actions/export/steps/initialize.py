"""Opens the storage."""

from __future__ import annotations

from exportkit.actions import InitializeStep

__all__ = ["InitializeStep"]
