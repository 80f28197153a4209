"""Pascal VOC files as models."""

from __future__ import annotations

from exportkit.compat.synapse_sdk.utils.annotation_models.pascal.annotation import (
    PascalBndBox,
    PascalObject,
    PascalSize,
    PascalSource,
)
from exportkit.compat.synapse_sdk.utils.annotation_models.pascal.dataset import PascalAnnotation

__all__ = ["PascalAnnotation", "PascalBndBox", "PascalObject", "PascalSize", "PascalSource"]
