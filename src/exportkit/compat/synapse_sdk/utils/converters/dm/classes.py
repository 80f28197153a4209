"""The classes of a project in one order for all formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from exportkit.compat.synapse_sdk.utils.converters.dm.types import normalize_export_identifier

__all__ = [
    "CLASS_SCHEMA_ENTRY_INVALID",
    "CLASS_SCHEMA_UNAVAILABLE",
    "ClassRegistry",
    "ClassSource",
    "annotation_class_names",
    "resolve_project_class_order",
]

CLASS_SCHEMA_UNAVAILABLE: Final = "CLASS_SCHEMA_UNAVAILABLE"
CLASS_SCHEMA_ENTRY_INVALID: Final = "CLASS_SCHEMA_ENTRY_INVALID"

ClassSource = Literal["project", "observed"]


@dataclass(frozen=True)
class ClassRegistry:
    """Names in order, and where each comes from."""

    names: tuple[str, ...]
    sources: tuple[ClassSource, ...]
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def index_map(self, start: int = 0) -> dict[str, int]:
        """The number of each class, from ``start`` on."""
        return {name: number for number, name in enumerate(self.names, start)}


def resolve_project_class_order(configuration: Mapping[str, Any] | None, observed: Iterable[str]) -> ClassRegistry:
    """The configured classes in their order, then those that were seen besides, sorted.

    Classes that a project has keep their numbers whatever an export selects. ``warnings`` says when no class is
    configured, and when an entry could not be read.
    """
    entries = list(_configured(configuration))
    configured = tuple(dict.fromkeys(name for name in entries if name is not None))
    extras = sorted({normalize_export_identifier(name) for name in observed}.difference(configured))
    warnings = [CLASS_SCHEMA_ENTRY_INVALID] if None in entries else []
    if not configured:
        warnings.append(CLASS_SCHEMA_UNAVAILABLE)
    from_project: ClassSource = "project"
    from_data: ClassSource = "observed"
    sources = (*(from_project for _ in configured), *(from_data for _ in extras))
    return ClassRegistry((*configured, *extras), sources, tuple(warnings))


def annotation_class_names(data: Mapping[str, Any] | None) -> dict[str, str]:
    """The class of each annotation of a payload of the first schema by its id; those without a class are left out."""
    by_medium = data.get("annotations") if isinstance(data, Mapping) else None
    media = by_medium.values() if isinstance(by_medium, Mapping) else ()
    rows = (row for rows in media if isinstance(rows, list) for row in rows if isinstance(row, Mapping))
    names: dict[str, str] = {}
    for row in rows:
        classification = row.get("classification")
        name = _identifier(classification.get("class") if isinstance(classification, Mapping) else None)
        if row.get("id") is not None and name is not None:
            names[str(row["id"])] = name
    return names


def _configured(configuration: Mapping[str, Any] | None) -> Iterator[str | None]:
    """The code of each entry of each tool; None for what cannot be read."""
    classification = configuration.get("classification") if isinstance(configuration, Mapping) else None
    for tool in classification.values() if isinstance(classification, Mapping) else ():
        schema = tool.get("classification_schema") if isinstance(tool, Mapping) else [None]
        for entry in schema if isinstance(schema, list) else ():
            yield _identifier(entry.get("code") if isinstance(entry, Mapping) else None)


def _identifier(value: object) -> str | None:
    try:
        return normalize_export_identifier(value)
    except ValueError:
        return None
