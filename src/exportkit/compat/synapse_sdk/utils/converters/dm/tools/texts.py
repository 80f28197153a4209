"""Tools for whole media, texts, conversations and time lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exportkit.compat.synapse_sdk.utils.converters.dm.tools.tool import Tool

__all__ = [
    "AnswerProcessor",
    "ClassificationProcessor",
    "NamedEntityProcessor",
    "PromptProcessor",
    "RelationProcessor",
    "TimeRangeProcessor",
]


class ClassificationProcessor(Tool):
    """A class of the whole medium."""

    tool_name = "classification"

    def read(self, v1_data: Mapping[str, Any]) -> Any:
        return {}

    def write(self, data: Any) -> dict[str, Any]:
        return {}


class RelationProcessor(Tool):
    """The ids of two annotations, from and to."""

    tool_name = "relation"

    def read(self, v1_data: Mapping[str, Any]) -> Any:
        return [v1_data.get("annotationId", ""), v1_data.get("targetAnnotationId", "")]

    def write(self, data: Any) -> dict[str, Any]:
        ends = [*(data or ()), "", ""]
        return {"annotationId": ends[0], "targetAnnotationId": ends[1]}


class NamedEntityProcessor(Tool):
    """Places in a text, and what stands there."""

    tool_name = "named_entity"

    def read(self, v1_data: Mapping[str, Any]) -> Any:
        return {"ranges": v1_data.get("ranges", []), "content": v1_data.get("content", "")}

    def write(self, data: Any) -> dict[str, Any]:
        return {"ranges": (data or {}).get("ranges", []), "content": (data or {}).get("content", "")}


class _Turn(Tool):
    """A turn of a conversation."""

    fields: tuple[str, ...]

    def read(self, v1_data: Mapping[str, Any]) -> Any:
        return {key: v1_data[key] for key in self.fields if key in v1_data}

    def write(self, data: Any) -> dict[str, Any]:
        return {"tool": self.tool_name, **{key: data[key] for key in self.fields if key in (data or {})}}


class PromptProcessor(_Turn):
    """What a model was asked."""

    tool_name = "prompt"
    fields = ("input", "model", "displayName", "generatedBy", "timestamp")


class AnswerProcessor(_Turn):
    """What a model answered."""

    tool_name = "answer"
    fields = ("output", "model", "displayName", "generatedBy", "promptAnnotationId", "timestamp")


class TimeRangeProcessor(Tool):
    """A span of a time line, in the unit of its axis, and the tracks that it leaves out."""

    tool_name = "time_range"

    def read(self, v1_data: Mapping[str, Any]) -> Any:
        section = v1_data.get("section") or {}
        return {"start": section.get("start", 0), "end": section.get("end", 0), **_excluded(v1_data)}

    def write(self, data: Any) -> dict[str, Any]:
        given = data or {}
        return {"section": {"start": given.get("start", 0), "end": given.get("end", 0)}, **_excluded(given)}


def _excluded(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: values[key] for key in ("excludedTracks",) if key in values}
