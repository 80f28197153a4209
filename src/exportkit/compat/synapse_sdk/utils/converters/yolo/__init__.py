"""Payloads from and to YOLO."""

from __future__ import annotations

from exportkit.compat.synapse_sdk.utils.converters.yolo.from_dm import FromDMToYOLOConverter
from exportkit.compat.synapse_sdk.utils.converters.yolo.records import (
    DetectRecord,
    PoseRecord,
    SegmentRecord,
    TaskMetrics,
    YOLOConversionResult,
)
from exportkit.compat.synapse_sdk.utils.converters.yolo.to_dm import YOLOToDMConverter

__all__ = [
    "DetectRecord",
    "FromDMToYOLOConverter",
    "PoseRecord",
    "SegmentRecord",
    "TaskMetrics",
    "YOLOConversionResult",
    "YOLOToDMConverter",
]
