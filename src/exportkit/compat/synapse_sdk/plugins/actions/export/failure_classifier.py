"""Why an export failed."""

from __future__ import annotations

from exportkit.actions import classify_export_error, extract_failed_step

__all__ = ["classify_export_error", "extract_failed_step"]
