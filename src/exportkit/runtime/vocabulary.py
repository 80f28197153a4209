"""Words that plugins, their config.yaml and the backend share; values are as the backend spells them."""

from __future__ import annotations

from enum import Enum, StrEnum

__all__ = [
    "AnnotationCategory",
    "AnnotationTool",
    "AnnotationType",
    "DataType",
    "ExecutionMode",
    "ExportStatus",
    "MetricsCategory",
    "PackageManager",
    "PluginCategory",
    "RunMethod",
    "SmartToolType",
]


class PluginCategory(StrEnum):
    """What a plugin is for."""

    NEURAL_NET = "neural_net"
    EXPORT = "export"
    UPLOAD = "upload"
    SMART_TOOL = "smart_tool"
    POST_ANNOTATION = "post_annotation"
    PRE_ANNOTATION = "pre_annotation"
    DATA_VALIDATION = "data_validation"
    CUSTOM = "custom"


class RunMethod(StrEnum):
    """How the platform starts an action; export actions are jobs."""

    JOB = "job"
    TASK = "task"
    SERVE = "serve"
    RESTAPI = "restapi"


class ExecutionMode(StrEnum):
    """Where an action runs."""

    LOCAL = "local"
    TASK = "task"
    JOB = "job"


class PackageManager(StrEnum):
    """What installs a plugin's dependencies."""

    PIP = "pip"
    UV = "uv"


class MetricsCategory(StrEnum):
    """Phases whose metrics a training plugin logs."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class DataType(StrEnum):
    """Medium that a plugin works on; ``data`` is a time series."""

    IMAGE = "image"
    TEXT = "text"
    VIDEO = "video"
    PCD = "pcd"
    AUDIO = "audio"
    DATA = "data"


class AnnotationCategory(StrEnum):
    """Medium of a project."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    TEXT = "text"
    PCD = "pcd"
    PROMPT = "prompt"
    TIME_SERIES = "time_series"


class AnnotationType(StrEnum):
    """Kind of shape that a smart tool draws."""

    BBOX = "bbox"
    POLYGON = "polygon"
    POINT = "point"
    LINE = "line"
    MASK = "mask"
    LABEL = "label"


class AnnotationTool(StrEnum):
    """Tools of the annotator, as they stand in annotation payloads."""

    BOUNDING_BOX = "bounding_box"
    POLYGON = "polygon"
    POLYLINE = "polyline"
    KEYPOINT = "keypoint"
    SEGMENTATION = "segmentation"
    RELATION = "relation"
    CLASSIFICATION = "classification"
    ANNOTATION_GROUP = "annotationGroup"
    NAMED_ENTITY = "named_entity"
    BOUNDING_BOX_3D = "3d_bounding_box"
    SEGMENTATION_3D = "3d_segmentation"
    PROMPT = "prompt"
    ANSWER = "answer"
    TIME_RANGE = "time_range"


class SmartToolType(StrEnum):
    """How much a smart tool does by itself."""

    INTERACTIVE = "interactive"
    AUTOMATIC = "automatic"
    SEMI_AUTOMATIC = "semi_automatic"


class ExportStatus(str, Enum):  # noqa: UP042 - plugins rely on str() of a plain str enum
    """What became of one file."""

    SUCCESS = "success"
    FAILED = "failed"
    STAND_BY = "stand_by"
