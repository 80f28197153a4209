"""Payloads of the first schema: annotations by the id of their medium (wire contract, section 20)."""

# ruff: noqa: N815 - the names are those of the wire

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "DMv1AnnotationBase",
    "DMv1AnnotationDataItem",
    "DMv1AnnotationGroupItem",
    "DMv1Classification",
    "DMv1Dataset",
    "DMv1GroupMemberItem",
    "DMv1RelationItem",
]


class DMv1Classification(BaseModel):
    """The class and the attributes of an annotation, under any keys."""

    model_config = ConfigDict(extra="allow")


class DMv1AnnotationBase(BaseModel):
    """An annotation without its geometry."""

    model_config = ConfigDict(extra="allow")

    id: str
    tool: str
    isLocked: bool = False
    isVisible: bool = True
    classification: DMv1Classification | None = None


class DMv1RelationItem(BaseModel):
    """A relation from one annotation to another."""

    id: str
    tool: str = "relation"
    isLocked: bool = False
    isVisible: bool = True
    annotationId: str
    targetAnnotationId: str
    classification: DMv1Classification | None = None


class DMv1GroupMemberItem(BaseModel):
    """A member of a group, with members of its own."""

    annotationId: str
    children: list[DMv1GroupMemberItem] = Field(default_factory=list)


class DMv1AnnotationGroupItem(BaseModel):
    """A group of annotations."""

    id: str
    tool: str = "annotationGroup"
    isLocked: bool = False
    classification: DMv1Classification | None = None
    annotationList: list[DMv1GroupMemberItem] = Field(default_factory=list)


class DMv1AnnotationDataItem(BaseModel):
    """What belongs to an annotation besides: frames of a video, texts of a model."""

    frameIndex: int | None = None
    section: dict[str, int] | None = None
    input: str | None = None
    output: str | None = None


class DMv1Dataset(BaseModel):
    """A payload."""

    assignmentId: str | None = None
    extra: dict[str, Any] | None = None
    annotations: dict[str, list[DMv1AnnotationBase]] = Field(default_factory=dict)
    relations: dict[str, list[DMv1RelationItem]] = Field(default_factory=dict)
    annotationGroups: dict[str, list[DMv1AnnotationGroupItem]] = Field(default_factory=dict)
    annotationsData: dict[str, list[DMv1AnnotationDataItem]] = Field(default_factory=dict)
