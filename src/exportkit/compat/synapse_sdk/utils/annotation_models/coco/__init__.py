"""COCO files as models."""

from __future__ import annotations

from exportkit.compat.synapse_sdk.utils.annotation_models.coco.annotation import COCOAnnotation
from exportkit.compat.synapse_sdk.utils.annotation_models.coco.category import COCOCategory
from exportkit.compat.synapse_sdk.utils.annotation_models.coco.dataset import COCODataset, COCOInfo, COCOLicense
from exportkit.compat.synapse_sdk.utils.annotation_models.coco.image import COCOImage

__all__ = ["COCOAnnotation", "COCOCategory", "COCODataset", "COCOImage", "COCOInfo", "COCOLicense"]
