"""Export actions."""

from __future__ import annotations

from exportkit.actions import (
    AssignmentExportTargetHandler,
    BaseExportAction,
    BaseExporter,
    DefaultExportAction,
    ExportAction,
    ExportContext,
    ExporterRunAdapter,
    ExportLogMessageCode,
    ExportParams,
    ExportStatus,
    ExportTargetHandler,
    GroundTruthExportTargetHandler,
    MetricsRecord,
    TargetHandlerFactory,
    TaskExportTargetHandler,
)

__all__ = [
    "AssignmentExportTargetHandler",
    "BaseExportAction",
    "BaseExporter",
    "DefaultExportAction",
    "ExportAction",
    "ExportContext",
    "ExportLogMessageCode",
    "ExportParams",
    "ExportStatus",
    "ExportTargetHandler",
    "ExporterRunAdapter",
    "GroundTruthExportTargetHandler",
    "MetricsRecord",
    "TargetHandlerFactory",
    "TaskExportTargetHandler",
]
