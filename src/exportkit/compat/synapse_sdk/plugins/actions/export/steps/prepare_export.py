"""Prepares the params."""

from __future__ import annotations

from exportkit.actions import PrepareExportStep

__all__ = ["PrepareExportStep"]
