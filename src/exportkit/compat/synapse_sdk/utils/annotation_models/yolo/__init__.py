"""YOLO datasets as models."""

from __future__ import annotations

from exportkit.compat.synapse_sdk.utils.annotation_models.yolo.annotation import YOLOAnnotation
from exportkit.compat.synapse_sdk.utils.annotation_models.yolo.config import YOLODatasetConfig
from exportkit.compat.synapse_sdk.utils.annotation_models.yolo.dataset import YOLODataset, YOLOImage

__all__ = ["YOLOAnnotation", "YOLODataset", "YOLODatasetConfig", "YOLOImage"]
