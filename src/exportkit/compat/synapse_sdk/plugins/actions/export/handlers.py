"""Targets of exports."""

from __future__ import annotations

from exportkit.actions import (
    AssignmentExportTargetHandler,
    ExportTargetHandler,
    GroundTruthExportTargetHandler,
    TargetHandlerFactory,
    TaskExportTargetHandler,
)
from exportkit.actions.target_handler import EXPORT_LIST_RETRY_ON_STATUS

__all__ = [
    "EXPORT_LIST_RETRY_ON_STATUS",
    "AssignmentExportTargetHandler",
    "ExportTargetHandler",
    "GroundTruthExportTargetHandler",
    "TargetHandlerFactory",
    "TaskExportTargetHandler",
]
