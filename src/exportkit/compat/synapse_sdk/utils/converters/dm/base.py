"""What the two directions between the schemas share."""

from __future__ import annotations

from exportkit.compat.synapse_sdk.utils.converters.dm.tools import Tool, get_all_processors
from exportkit.compat.synapse_sdk.utils.converters.dm.types import MEDIA_TYPE_MAP, SUPPORTED_FILE_TYPES

__all__ = ["BaseDMConverter", "extract_media_type_info"]


class BaseDMConverter:
    """Knows what converts each tool. Raises ValueError for a ``file_type`` that there is not."""

    SUPPORTED_FILE_TYPES = SUPPORTED_FILE_TYPES
    MEDIA_TYPE_MAP = MEDIA_TYPE_MAP

    def __init__(self, file_type: str | None = None) -> None:
        if file_type is not None and file_type not in SUPPORTED_FILE_TYPES:
            raise ValueError(f"{file_type!r} is no kind of medium; it is one of {', '.join(SUPPORTED_FILE_TYPES)}.")
        self.file_type = file_type
        self._tool_processors = get_all_processors()

    def register_processor(self, processor: Tool) -> None:
        """Have a tool converted by ``processor`` in this converter."""
        self._tool_processors[processor.tool_name] = processor

    def get_processor(self, tool_name: str) -> Tool | None:
        """What converts a tool; None for one that nothing knows."""
        return self._tool_processors.get(tool_name)

    def _processor(self, tool_name: str) -> Tool:
        """What converts a tool; one that nothing knows keeps its data as they are."""
        if (known := self.get_processor(tool_name)) is not None:
            return known
        unknown = Tool()
        unknown.tool_name = tool_name
        return unknown


def extract_media_type_info(media_id: str) -> tuple[str, str]:
    """The kind of a medium by its id, and the key of its list (``image_1``: ``image``, ``images``)."""
    for kind, plural in MEDIA_TYPE_MAP.items():
        if media_id.startswith(kind):
            return kind, plural
    raise ValueError(f"The medium {media_id!r} is of no known kind; its id begins with one of {list(MEDIA_TYPE_MAP)}.")
