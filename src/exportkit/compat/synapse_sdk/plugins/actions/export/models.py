"""Params of exports."""

from __future__ import annotations

from exportkit.actions import ExportParams

__all__ = ["ExportParams"]
