"""Words of plugins and their config.yaml."""

from __future__ import annotations

from enum import StrEnum

from exportkit.runtime import (
    AnnotationCategory,
    AnnotationTool,
    AnnotationType,
    DataType,
    ExecutionMode,
    MetricsCategory,
    PackageManager,
    PluginCategory,
    RunMethod,
    SmartToolType,
)

__all__ = [
    "ACTION_DEFAULT_METHODS",
    "AnnotationCategory",
    "AnnotationTool",
    "AnnotationType",
    "ContainerKind",
    "DataType",
    "ExecutionMode",
    "MetricsCategory",
    "PackageManager",
    "PluginCategory",
    "RunMethod",
    "SmartToolType",
]

#: How the platform starts an action that does not say it.
ACTION_DEFAULT_METHODS: dict[str, RunMethod] = {"export": RunMethod.JOB}


class ContainerKind(StrEnum):
    """What a container of the platform holds."""

    PLUGIN_RUNTIME = "plugin_runtime"
    CODE_SERVER = "code_server"
