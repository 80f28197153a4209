"""From the first schema of payloads to the second (wire contract, sections 20 to 22)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from exportkit.compat.synapse_sdk.utils.converters.dm.base import BaseDMConverter, extract_media_type_info
from exportkit.compat.synapse_sdk.utils.converters.dm.groups import group_of_annotation
from exportkit.compat.synapse_sdk.utils.converters.dm.tools.segmentation import SegmentationProcessor
from exportkit.compat.synapse_sdk.utils.converters.dm.types import (
    AnnotationMeta,
    V2AnnotationData,
    V2ConversionResult,
    media_id_sort_key,
)

__all__ = ["DMV1ToV2Converter"]


class DMV1ToV2Converter(BaseDMConverter):
    """Converts payloads. An annotation of an unknown tool is kept under its tool, for the formats to audit."""

    def convert(self, v1_data: Mapping[str, Any]) -> V2ConversionResult:
        """Part a payload into what converters read and what only the first schema has.

        Raises ValueError: no ``annotations`` or ``annotationsData``, an unknown kind of medium, a bad group or mask.
        """
        for key in ("annotations", "annotationsData"):
            if key not in v1_data:
                raise ValueError(f"A payload of the first schema needs '{key}'.")
        return {"annotation_data": self._annotation_data(v1_data), "annotation_meta": _annotation_meta(v1_data)}

    def _annotation_data(self, v1_data: Mapping[str, Any]) -> V2AnnotationData:
        annotations = v1_data["annotations"] or {}
        result: dict[str, Any] = {"classification": _classes_by_tool(annotations)}
        for media_id in sorted(annotations, key=media_id_sort_key):
            plural = extract_media_type_info(media_id)[1]
            result.setdefault(plural, []).append(self._medium(media_id, v1_data))
        return cast("V2AnnotationData", result)

    def _medium(self, media_id: str, v1_data: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
        annotations = v1_data["annotations"][media_id]
        data_by_id = {data["id"]: data for data in _of_medium(v1_data, "annotationsData", media_id, []) if "id" in data}
        extra = _of_medium(v1_data, "extra", media_id, {})
        ids = {annotation["id"] for annotation in annotations if isinstance(annotation.get("id"), str)}
        groups = group_of_annotation(_of_medium(v1_data, "annotationGroups", media_id, []), ids)
        result: dict[str, list[dict[str, Any]]] = {}
        for annotation in annotations:
            if not (tool := annotation.get("tool", "")):
                continue
            converted = self._annotation(annotation, data_by_id.get(annotation.get("id", ""), {}), extra)
            if tool == "keypoint" and annotation.get("id") in groups:
                converted["group_id"] = groups[annotation["id"]]
            result.setdefault(tool, []).append(converted)
        return result

    def _annotation(self, annotation: Mapping[str, Any], data: Mapping[str, Any], extra: object) -> dict[str, Any]:
        processor = self._processor(annotation["tool"])
        if not isinstance(processor, SegmentationProcessor):
            return processor.to_v2(annotation, data)
        size = (extra.get("width"), extra.get("height")) if isinstance(extra, Mapping) else (None, None)
        return processor.to_v2(annotation, data, image_size=None if size == (None, None) else size)


def _of_medium(v1_data: Mapping[str, Any], key: str, media_id: str, missing: Any) -> Any:
    by_medium = v1_data.get(key)
    return by_medium.get(media_id, missing) if isinstance(by_medium, Mapping) else missing


def _classes_by_tool(annotations: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    classes: dict[str, set[str]] = {}
    for annotation in (annotation for of_medium in annotations.values() for annotation in of_medium):
        name = (annotation.get("classification") or {}).get("class", "")
        if name and (tool := annotation.get("tool", "")):
            classes.setdefault(tool, set()).add(name)
    return {tool: sorted(classes[tool]) for tool in sorted(classes)}


def _annotation_meta(v1_data: Mapping[str, Any]) -> AnnotationMeta:
    return {
        "extra": v1_data.get("extra", {}),
        "annotations": v1_data.get("annotations", {}),
        "annotationsData": v1_data.get("annotationsData", {}),
        "relations": v1_data.get("relations", {}),
        "annotationGroups": v1_data.get("annotationGroups", {}),
        "assignmentId": v1_data.get("assignmentId"),
    }
