"""What became of a file."""

from __future__ import annotations

from exportkit.runtime import ExportStatus

__all__ = ["ExportStatus"]
