"""Kinds of data that actions of a chain hand on; an export plugin only names them."""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "COCODataset",
    "DMDataset",
    "DMv1Dataset",
    "DMv2Dataset",
    "DataType",
    "Dataset",
    "InferenceResults",
    "Model",
    "ModelWeights",
    "ONNXModel",
    "PascalVOCDataset",
    "Result",
    "TensorRTModel",
    "TestResults",
    "YOLODataset",
]


class DataType:
    """Base of all kinds."""

    name: ClassVar[str] = "data"
    format: ClassVar[str | None] = None
    description: ClassVar[str] = ""

    @classmethod
    def is_compatible_with(cls, other: type[DataType]) -> bool:
        """Whether one of the two is a special case of the other."""
        return issubclass(cls, other) or issubclass(other, cls)


class Dataset(DataType):
    """A dataset of any format."""

    name = "dataset"


class DMDataset(Dataset):
    """A dataset of annotation payloads."""

    name, format = "dm_dataset", "dm"


class DMv1Dataset(DMDataset):
    """Payloads of the first schema."""

    name, format = "dm_v1_dataset", "dm_v1"


class DMv2Dataset(DMDataset):
    """Payloads of the second schema."""

    name, format = "dm_v2_dataset", "dm_v2"


class YOLODataset(Dataset):
    """A YOLO dataset."""

    name, format = "yolo_dataset", "yolo"


class COCODataset(Dataset):
    """A COCO dataset."""

    name, format = "coco_dataset", "coco"


class PascalVOCDataset(Dataset):
    """A Pascal VOC dataset."""

    name, format = "pascal_voc_dataset", "pascal"


class Model(DataType):
    """A model of any kind."""

    name = "model"


class ModelWeights(Model):
    """Weights of a model."""

    name, format = "model_weights", "weights"


class ONNXModel(Model):
    """A model as ONNX."""

    name, format = "onnx_model", "onnx"


class TensorRTModel(Model):
    """A model for TensorRT."""

    name, format = "tensorrt_model", "tensorrt"


class Result(DataType):
    """A result of any kind."""

    name = "result"


class TestResults(Result):
    """Numbers of a test."""

    name, format = "test_results", "metrics"


class InferenceResults(Result):
    """Predictions."""

    name, format = "inference_results", "predictions"
