"""The rows of payloads, for annotations of types in plugins (wire contract, sections 20 and 21)."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

__all__ = [
    "AnnotationBase",
    "AnnotationDataItem",
    "AnnotationGroup",
    "AnnotatorDataV1",
    "V2Annotation",
    "V2Attr",
    "V2MediaItem",
]


class AnnotationBase(TypedDict, total=False):
    """An annotation of the first schema without its geometry."""

    id: str
    tool: str
    isLocked: bool
    isVisible: bool
    isValid: bool
    isDrawCompleted: bool
    classification: dict[str, Any] | None
    label: list[str]


class AnnotationDataItem(TypedDict, total=False):
    """The geometry of an annotation of the first schema."""

    id: str
    coordinate: Any
    pixel_indices: list[int] | list[list[int]]
    isCompressed: bool
    compressionFormat: str | None


class AnnotationGroup(TypedDict):
    """A group of the first schema."""

    id: str
    annotationIds: list[str]


class AnnotatorDataV1(TypedDict, total=False):
    """A payload of the first schema; all but the last are by the id of a medium."""

    extra: dict[str, Any]
    annotations: dict[str, list[AnnotationBase]]
    annotationsData: dict[str, list[AnnotationDataItem]]
    relations: dict[str, list[Any]]
    annotationGroups: dict[str, list[AnnotationGroup]]
    assignmentId: int | str | None


class V2Attr(TypedDict):
    """A named value beside the class."""

    name: str
    value: Any


class V2Annotation(TypedDict, total=False):
    """An annotation of the second schema; those after ``data`` are of key points and masks alone."""

    id: str
    classification: str
    attrs: list[V2Attr]
    data: Any
    group_id: str
    encoding: Literal["raw_indices", "dm_rle"]
    isCompressed: bool
    compressionFormat: str | None
    visibility: Literal[0, 1, 2]


class V2MediaItem(TypedDict, total=False):
    """The annotations of a medium by tool; there are more tools than those of pictures."""

    bounding_box: list[V2Annotation]
    polygon: list[V2Annotation]
    polyline: list[V2Annotation]
    keypoint: list[V2Annotation]
