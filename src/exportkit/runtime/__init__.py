"""What a run has around it: context, environment, progress, metrics, messages, settings."""

from __future__ import annotations

from exportkit.runtime.backend_logger import BackendLogger, LoggerBackend
from exportkit.runtime.console_logger import ConsoleLogger, TqdmLogger
from exportkit.runtime.context import RuntimeContext
from exportkit.runtime.environment import PluginEnvironment
from exportkit.runtime.export_messages import ExportLogMessageCode
from exportkit.runtime.job_logger import JobLogger
from exportkit.runtime.json_lines_logger import JsonLinesLogger
from exportkit.runtime.knobs import KILL_SWITCH, KNOBS, Knob
from exportkit.runtime.log_entry import LogEntry, MessageLogData
from exportkit.runtime.log_level import LogLevel
from exportkit.runtime.logger import BaseLogger
from exportkit.runtime.messages import (
    CommonLogMessageCode,
    LocalizedMessage,
    LogMessageCode,
    register_log_messages,
    resolve_log_message,
)
from exportkit.runtime.no_op_logger import NoOpLogger
from exportkit.runtime.plain_text import plain_text, redacted, redacted_data
from exportkit.runtime.progress import ProgressData
from exportkit.runtime.settings import Setting, Settings, Source, unknown_keys
from exportkit.runtime.throttle import ProgressThrottle, build_throttle_from_params
from exportkit.runtime.vocabulary import (
    AnnotationCategory,
    AnnotationTool,
    AnnotationType,
    DataType,
    ExecutionMode,
    ExportStatus,
    MetricsCategory,
    PackageManager,
    PluginCategory,
    RunMethod,
    SmartToolType,
)

__all__ = [
    "KILL_SWITCH",
    "KNOBS",
    "AnnotationCategory",
    "AnnotationTool",
    "AnnotationType",
    "BackendLogger",
    "BaseLogger",
    "CommonLogMessageCode",
    "ConsoleLogger",
    "DataType",
    "ExecutionMode",
    "ExportLogMessageCode",
    "ExportStatus",
    "JobLogger",
    "JsonLinesLogger",
    "Knob",
    "LocalizedMessage",
    "LogEntry",
    "LogLevel",
    "LogMessageCode",
    "LoggerBackend",
    "MessageLogData",
    "MetricsCategory",
    "NoOpLogger",
    "PackageManager",
    "PluginCategory",
    "PluginEnvironment",
    "ProgressData",
    "ProgressThrottle",
    "RunMethod",
    "RuntimeContext",
    "Setting",
    "Settings",
    "SmartToolType",
    "Source",
    "TqdmLogger",
    "build_throttle_from_params",
    "plain_text",
    "redacted",
    "redacted_data",
    "register_log_messages",
    "resolve_log_message",
    "unknown_keys",
]
