"""Annotations as models: payloads of both schemas, and the files of COCO, YOLO and Pascal VOC."""

from __future__ import annotations

from exportkit.compat.synapse_sdk.utils.annotation_models import coco, dm, pascal, yolo
from exportkit.compat.synapse_sdk.utils.annotation_models.coco import *  # noqa: F403
from exportkit.compat.synapse_sdk.utils.annotation_models.dm import *  # noqa: F403
from exportkit.compat.synapse_sdk.utils.annotation_models.pascal import *  # noqa: F403
from exportkit.compat.synapse_sdk.utils.annotation_models.yolo import *  # noqa: F403

__all__ = [*coco.__all__, *dm.__all__, *pascal.__all__, *yolo.__all__]  # noqa: PLE0604
