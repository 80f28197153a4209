"""From the second schema of payloads to the first (wire contract, sections 20 to 22)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exportkit.compat.synapse_sdk.utils.converters.dm.base import BaseDMConverter
from exportkit.compat.synapse_sdk.utils.converters.dm.types import MEDIA_TYPE_MAP, media_id_sort_key

__all__ = ["DMV2ToV1Converter"]

#: What the annotator sets for a new annotation.
_FLAGS = {"isLocked": False, "isVisible": True, "isValid": False, "isDrawCompleted": True}


class DMV2ToV1Converter(BaseDMConverter):
    """Converts payloads back. The meta part brings back ids of media and points, flags, labels and relations."""

    def convert(self, v2_data: Mapping[str, Any], annotation_meta: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Take both parts together, the first part alone, or the two as arguments. Raises ValueError without any."""
        data, meta = v2_data, annotation_meta
        if "annotation_data" in v2_data:
            data, meta = v2_data["annotation_data"], v2_data.get("annotation_meta") or annotation_meta
        if not data:
            raise ValueError("A payload of the second schema needs 'annotation_data'.")
        known = _Meta(meta or {})
        annotations: dict[str, list[dict[str, Any]]] = {}
        annotations_data: dict[str, list[dict[str, Any]]] = {}
        for kind, plural in MEDIA_TYPE_MAP.items():
            media = data.get(plural, [])
            for media_id, medium in zip(known.media_ids(kind, len(media)), media, strict=True):
                rows = [self._annotation(tool, row, known) for tool, rows in medium.items() for row in rows]
                if rows:
                    annotations[media_id] = [annotation for annotation, _ in rows]
                    annotations_data[media_id] = [of_annotation for _, of_annotation in rows]
        rest = {key: known.meta.get(key, {}) for key in ("extra", "relations", "annotationGroups")}
        assignment = {"assignmentId": known.meta.get("assignmentId")}
        return {"annotations": annotations, "annotationsData": annotations_data, **rest, **assignment}

    def _annotation(self, tool: str, row: Mapping[str, Any], known: _Meta) -> tuple[dict[str, Any], dict[str, Any]]:
        annotation, data = self._processor(tool).to_v1(row)
        former = known.annotations.get(row.get("id", ""), {})
        annotation |= {flag: former.get(flag, value) for flag, value in _FLAGS.items()}
        annotation["label"] = former.get("label", [])
        if former.get("classification"):
            given = annotation["classification"]
            annotation["classification"] = {**former["classification"]}
            if given.get("class"):
                annotation["classification"]["class"] = given["class"]
        _restore_point_ids(data, known.data.get(row.get("id", ""), {}))
        return annotation, data


class _Meta:
    """The meta part, its rows by the id of their annotation."""

    def __init__(self, meta: Mapping[str, Any]) -> None:
        self.meta = meta
        self.annotations = _by_id(meta.get("annotations") or {})
        self.data = _by_id(meta.get("annotationsData") or {})

    def media_ids(self, kind: str, count: int) -> list[str]:
        """The ids of the media of a kind: the former ones if there are as many, else numbers from 1 on."""
        former = [media_id for media_id in self.meta.get("annotations") or {} if media_id.startswith(kind)]
        if len(former) == count:
            return sorted(former, key=media_id_sort_key)
        return [f"{kind}_{number}" for number in range(1, count + 1)]


def _by_id(by_medium: Mapping[str, list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for row in (row for rows in by_medium.values() for row in rows):
        found.setdefault(row.get("id", ""), row)
    return found


def _restore_point_ids(data: Mapping[str, Any], former: Mapping[str, Any]) -> None:
    points, known = data.get("coordinate"), former.get("coordinate")
    if isinstance(points, list) and isinstance(known, list) and len(points) == len(known):
        for point, old in zip(points, known, strict=True):
            if isinstance(old, Mapping) and "id" in old:
                point["id"] = old["id"]
