"""The tools of the annotator."""

from __future__ import annotations

from exportkit.compat.synapse_sdk.utils.converters.dm.tools import geometry, texts
from exportkit.compat.synapse_sdk.utils.converters.dm.tools.segmentation import SegmentationProcessor
from exportkit.compat.synapse_sdk.utils.converters.dm.tools.tool import Tool

__all__ = ["Tool", "get_all_processors", "get_tool_processor", "register_tool_processor"]

_PROCESSORS: dict[str, Tool] = {
    tool.tool_name: tool
    for tool in (
        geometry.BoundingBoxProcessor(),
        geometry.PolygonProcessor(),
        geometry.PolylineProcessor(),
        geometry.KeypointProcessor(),
        geometry.BoundingBox3DProcessor(),
        geometry.Segmentation3DProcessor(),
        SegmentationProcessor(),
        texts.NamedEntityProcessor(),
        texts.ClassificationProcessor(),
        texts.RelationProcessor(),
        texts.PromptProcessor(),
        texts.AnswerProcessor(),
        texts.TimeRangeProcessor(),
    )
}


def register_tool_processor(processor: Tool) -> None:
    """Have a tool converted by ``processor`` from now on."""
    _PROCESSORS[processor.tool_name] = processor


def get_tool_processor(tool_name: str) -> Tool | None:
    """What converts a tool; None for one that nothing knows."""
    return _PROCESSORS.get(tool_name)


def get_all_processors() -> dict[str, Tool]:
    """What converts each tool, by its name."""
    return dict(_PROCESSORS)
