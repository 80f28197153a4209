"""Payloads of the second schema: one list for each kind of medium (wire contract, section 21)."""

from __future__ import annotations

from pydantic import BaseModel, Field

from exportkit.compat.synapse_sdk.utils.annotation_models.dm.common import DMAttribute

__all__ = [
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


class DMv2AnnotationBase(BaseModel):
    """An annotation without its geometry."""

    id: str = Field(pattern=r"^[a-zA-Z0-9_-]+$")
    classification: str
    attrs: list[DMAttribute] = Field(default_factory=list)


class DMv2BoundingBox(DMv2AnnotationBase):
    """``data`` is x, y, width and height in pixels."""

    data: tuple[float, float, float, float]


class DMv2Polygon(DMv2AnnotationBase):
    """``data`` is a closed ring of x and y in pixels."""

    data: list[tuple[float, float]]


class DMv2Polyline(DMv2AnnotationBase):
    """``data`` is an open line of x and y in pixels."""

    data: list[tuple[float, float]]


class DMv2Keypoint(DMv2AnnotationBase):
    """``data`` is x and y in pixels."""

    data: tuple[float, float]


class DMv2Relation(DMv2AnnotationBase):
    """``data`` is the ids of the two annotations, from and to."""

    data: tuple[str, str]


class DMv2Group(DMv2AnnotationBase):
    """``data`` is the ids of the members."""

    data: list[str]


class DMv2ImageItem(BaseModel):
    """The annotations of one picture, by tool."""

    bounding_box: list[DMv2BoundingBox] = Field(default_factory=list)
    polygon: list[DMv2Polygon] = Field(default_factory=list)
    polyline: list[DMv2Polyline] = Field(default_factory=list)
    keypoint: list[DMv2Keypoint] = Field(default_factory=list)
    relation: list[DMv2Relation] = Field(default_factory=list)
    group: list[DMv2Group] = Field(default_factory=list)


class DMv2Dataset(BaseModel):
    """A payload of pictures. ``classification`` has the classes of each tool."""

    classification: dict[str, list[str]] = Field(default_factory=dict)
    images: list[DMv2ImageItem] = Field(default_factory=list)

    def get_class_names(self, tool: str = "bounding_box") -> list[str]:
        """The classes of a tool, in their own order."""
        return self.classification.get(tool, [])

    def get_all_class_names(self) -> list[str]:
        """The classes of all tools, sorted, each once."""
        return sorted({name for names in self.classification.values() for name in names})
