"""Kinds of actions; exportkit has the export."""

from __future__ import annotations

from exportkit.actions import BaseExportAction, ExportContext

__all__ = ["BaseExportAction", "ExportContext"]
