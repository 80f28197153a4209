"""The report of an export, for people."""

from __future__ import annotations

from exportkit.actions.report import ExportReport, ReportFile

__all__ = ["ExportReport", "ReportFile"]
