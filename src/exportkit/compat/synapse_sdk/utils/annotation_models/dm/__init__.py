"""Payloads as models. Names without a version are those of the second schema."""

from __future__ import annotations

from exportkit.compat.synapse_sdk.utils.annotation_models.dm.common import DMAttribute, DMVersion
from exportkit.compat.synapse_sdk.utils.annotation_models.dm.v1 import (
    DMv1AnnotationBase,
    DMv1AnnotationDataItem,
    DMv1AnnotationGroupItem,
    DMv1Classification,
    DMv1Dataset,
    DMv1GroupMemberItem,
    DMv1RelationItem,
)
from exportkit.compat.synapse_sdk.utils.annotation_models.dm.v2 import (
    DMv2AnnotationBase,
    DMv2BoundingBox,
    DMv2Dataset,
    DMv2Group,
    DMv2ImageItem,
    DMv2Keypoint,
    DMv2Polygon,
    DMv2Polyline,
    DMv2Relation,
)

DMBoundingBox = DMv2BoundingBox
DMPolygon = DMv2Polygon
DMPolyline = DMv2Polyline
DMKeypoint = DMv2Keypoint
DMRelation = DMv2Relation
DMGroup = DMv2Group
DMImageItem = DMv2ImageItem
DMDataset = DMv2Dataset

__all__ = [
    "DMAttribute",
    "DMBoundingBox",
    "DMDataset",
    "DMGroup",
    "DMImageItem",
    "DMKeypoint",
    "DMPolygon",
    "DMPolyline",
    "DMRelation",
    "DMVersion",
    "DMv1AnnotationBase",
    "DMv1AnnotationDataItem",
    "DMv1AnnotationGroupItem",
    "DMv1Classification",
    "DMv1Dataset",
    "DMv1GroupMemberItem",
    "DMv1RelationItem",
    "DMv2AnnotationBase",
    "DMv2BoundingBox",
    "DMv2Dataset",
    "DMv2Group",
    "DMv2ImageItem",
    "DMv2Keypoint",
    "DMv2Polygon",
    "DMv2Polyline",
    "DMv2Relation",
]
