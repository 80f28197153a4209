"""The pictures of a YOLO dataset with their boxes."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, Field

from exportkit.compat.synapse_sdk.utils.annotation_models.yolo.annotation import YOLOAnnotation
from exportkit.compat.synapse_sdk.utils.annotation_models.yolo.config import YOLODatasetConfig

__all__ = ["YOLODataset", "YOLOImage"]


class YOLOImage(BaseModel):
    """A picture and the boxes of its label file."""

    image_path: Path
    annotations: list[YOLOAnnotation] = Field(default_factory=list)

    def to_label_content(self) -> str:
        """The label file as text, without an end of line after the last."""
        return "\n".join(annotation.to_line() for annotation in self.annotations)

    @classmethod
    def from_label_file(cls, image_path: Path, label_path: Path) -> Self:
        """Read a label file; a picture without one has no boxes."""
        lines = label_path.read_text(encoding="utf-8").splitlines() if label_path.exists() else []
        boxes = [YOLOAnnotation.from_line(line) for line in lines if line.strip()]
        return cls(image_path=image_path, annotations=boxes)


class YOLODataset(BaseModel):
    """A dataset: its YAML file, and the pictures of each split."""

    config: YOLODatasetConfig
    train_images: list[YOLOImage] = Field(default_factory=list)
    val_images: list[YOLOImage] = Field(default_factory=list)
    test_images: list[YOLOImage] = Field(default_factory=list)
