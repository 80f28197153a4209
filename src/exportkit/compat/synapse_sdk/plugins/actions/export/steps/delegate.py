"""The server collects the data."""

from __future__ import annotations

from typing import Final

from exportkit.actions import DelegateEnqueueStep, DelegateStreamProgressStep, ExportProgress

__all__ = ["SERVER_EXPORT_STEP", "DelegateEnqueueStep", "DelegateStreamProgressStep"]

SERVER_EXPORT_STEP: Final = ExportProgress.SERVER_EXPORT
