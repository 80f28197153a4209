"""The classes that a project configures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["flatten_classification_classes"]


def flatten_classification_classes(configuration: Mapping[str, Any] | None) -> list[str]:
    """The classes of all tools, sorted, each once; what has another shape is passed over.

    A tool lists its names, or has them as the ``code`` of each entry of its ``classification_schema``.
    """
    tools = configuration.get("classification") if isinstance(configuration, Mapping) else None
    values = tools.values() if isinstance(tools, Mapping) else ()
    return sorted({name for tool in values for name in _names(tool) if isinstance(name, str)})


def _names(tool: object) -> Iterator[object]:
    if isinstance(tool, (list, tuple, set)):
        yield from tool
    elif isinstance(tool, Mapping) and isinstance(schema := tool.get("classification_schema"), list):
        yield from (entry.get("code") for entry in schema if isinstance(entry, Mapping))
