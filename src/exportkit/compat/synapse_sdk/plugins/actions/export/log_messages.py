"""Messages of exports."""

from __future__ import annotations

from exportkit.runtime import ExportLogMessageCode

__all__ = ["ExportLogMessageCode"]
