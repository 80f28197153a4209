"""Export actions."""

from __future__ import annotations

from exportkit.actions import BaseExportAction, DefaultExportAction, ExportAction

__all__ = ["BaseExportAction", "DefaultExportAction", "ExportAction"]
