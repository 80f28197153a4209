"""What a plugin author subclasses: actions, their steps, exporters and target handlers."""

from __future__ import annotations

from exportkit.actions.acquisition_steps import FetchResultsStep, InitializeStep, PrepareExportStep
from exportkit.actions.base import BaseAction, NoResult, validate_result
from exportkit.actions.base_export import BaseExportAction
from exportkit.actions.context import ExportContext, is_delegated, is_sharded
from exportkit.actions.delegated_steps import BundleReadStep, DelegateEnqueueStep, DelegateStreamProgressStep
from exportkit.actions.delegation import (
    DelegatedExportError,
    DelegationConfig,
    DelegationDecision,
    resolve_delegation_decision,
)
from exportkit.actions.export_action import DefaultExportAction, ExportAction, export_action_of
from exportkit.actions.export_item import ExportItem, ExportItems
from exportkit.actions.export_output import ExportOutput
from exportkit.actions.exporter import BaseExporter
from exportkit.actions.failure_classifier import classify_export_error, extract_failed_step
from exportkit.actions.format_exporter import FormatExporter
from exportkit.actions.metrics import MetricsRecord
from exportkit.actions.params import ExportParams
from exportkit.actions.probe import probe_export_count
from exportkit.actions.progress_words import ExportProgress
from exportkit.actions.report import ExportReport, ReportFile
from exportkit.actions.run_adapter import ExporterRunAdapter
from exportkit.actions.tail import ExportTail
from exportkit.actions.tail_steps import ConvertDataStep, FinalizeStep, SaveFilesStep
from exportkit.actions.target_factory import TargetHandlerFactory
from exportkit.actions.target_handler import ExportTargetHandler
from exportkit.actions.targets import (
    AssignmentExportTargetHandler,
    GroundTruthExportTargetHandler,
    TaskExportTargetHandler,
)
from exportkit.actions.template_tail import TemplateTail
from exportkit.runtime import ExportLogMessageCode, ExportStatus

__all__ = [
    "AssignmentExportTargetHandler",
    "BaseAction",
    "BaseExportAction",
    "BaseExporter",
    "BundleReadStep",
    "ConvertDataStep",
    "DefaultExportAction",
    "DelegateEnqueueStep",
    "DelegateStreamProgressStep",
    "DelegatedExportError",
    "DelegationConfig",
    "DelegationDecision",
    "ExportAction",
    "ExportContext",
    "ExportItem",
    "ExportItems",
    "ExportLogMessageCode",
    "ExportOutput",
    "ExportParams",
    "ExportProgress",
    "ExportReport",
    "ExportStatus",
    "ExportTail",
    "ExportTargetHandler",
    "ExporterRunAdapter",
    "FetchResultsStep",
    "FinalizeStep",
    "FormatExporter",
    "GroundTruthExportTargetHandler",
    "InitializeStep",
    "MetricsRecord",
    "NoResult",
    "PrepareExportStep",
    "ReportFile",
    "SaveFilesStep",
    "TargetHandlerFactory",
    "TaskExportTargetHandler",
    "TemplateTail",
    "classify_export_error",
    "export_action_of",
    "extract_failed_step",
    "is_delegated",
    "is_sharded",
    "probe_export_count",
    "resolve_delegation_decision",
    "validate_result",
]
