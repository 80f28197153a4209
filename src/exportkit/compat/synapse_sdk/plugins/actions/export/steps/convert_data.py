"""Runs the plugin's transform."""

from __future__ import annotations

from exportkit.actions import ConvertDataStep

__all__ = ["ConvertDataStep"]
