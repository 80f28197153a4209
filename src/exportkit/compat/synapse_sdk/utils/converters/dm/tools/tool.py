"""What every tool of the annotator has in common: how a class and its attributes go from one schema to the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

__all__ = ["Tool"]


class Tool:
    """Converts the annotations of a tool. This one keeps whatever stands beside the id, and so loses nothing."""

    tool_name: str
    #: Keys of the classification that do not become attributes.
    own_keys: ClassVar[frozenset[str]] = frozenset({"class"})

    def to_v2(self, v1_annotation: Mapping[str, Any], v1_data: Mapping[str, Any]) -> dict[str, Any]:
        """Join an annotation of the first schema with its data."""
        classification = v1_annotation.get("classification") or {}
        others = [(key, value) for key, value in classification.items() if key not in self.own_keys]
        return {
            "id": v1_annotation.get("id", ""),
            "classification": classification.get("class", ""),
            "attrs": [{"name": key, "value": value} for key, value in others],
            "data": self.read(v1_data),
        }

    def to_v1(self, v2_annotation: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Part an annotation of the second schema into itself and its data; attributes with a leading _ stay out."""
        annotation_id = v2_annotation.get("id", "")
        classification = {"class": v2_annotation.get("classification", "")}
        for attribute in v2_annotation.get("attrs", []):
            if not (name := attribute.get("name", "")).startswith("_"):
                classification[name] = attribute.get("value")
        annotation = {"id": annotation_id, "tool": self.tool_name, "classification": classification}
        return annotation, {"id": annotation_id, **self.write(v2_annotation.get("data"))}

    def read(self, v1_data: Mapping[str, Any]) -> Any:
        """The data of the second schema."""
        return {key: value for key, value in v1_data.items() if key != "id"}

    def write(self, data: Any) -> dict[str, Any]:
        """The data of the first schema, without the id."""
        return dict(data) if isinstance(data, Mapping) else {}
