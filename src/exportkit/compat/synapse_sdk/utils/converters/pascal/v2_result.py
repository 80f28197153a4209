"""Checks of what a converter of Pascal VOC is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from exportkit.compat.synapse_sdk.utils.converters.dm.contract import ExportContractError
from exportkit.compat.synapse_sdk.utils.converters.dm.types import (
    AuditEntry,
    media_id_sort_key,
    normalize_export_identifier,
)
from exportkit.compat.synapse_sdk.utils.converters.pascal.planes import VOC_MAX_INDEX

__all__ = ["TOOLS", "check_class_map", "images_with_ids", "rows_of", "unsupported_audit", "validated_parts"]

#: What has a place in Pascal VOC.
TOOLS = {"bounding_box", "polygon", "segmentation"}


def validated_parts(v2_result: object) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Both parts of a payload. Raises ExportContractError unless they name the same annotations."""
    if not isinstance(v2_result, Mapping):
        raise _invalid("A converted payload must be a mapping.")
    data, meta = v2_result.get("annotation_data"), v2_result.get("annotation_meta")
    if not isinstance(data, Mapping) or not isinstance(meta, Mapping):
        raise _invalid("A converted payload needs 'annotation_data' and 'annotation_meta', both mappings.")
    for image, media_id in images_with_ids(data, meta):
        listed = {(str(row["tool"]), str(row.get("id", ""))) for row in _rows(meta, media_id) if row.get("tool")}
        there = {(tool, str(row.get("id", ""))) for tool in image for row in rows_of(image, tool)}
        if listed != there:
            raise _invalid(f"The two parts of the payload have different annotations for {media_id}.")
    return data, meta


def images_with_ids(data: Mapping[str, Any], meta: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], str]]:
    """The pictures of a payload with the ids of their media."""
    images, annotations = data.get("images", []), meta.get("annotations", {})
    if not isinstance(images, list) or not isinstance(annotations, Mapping):
        raise _invalid("The pictures of a payload must be a list, and its annotations a mapping.")
    ids = [media_id for media_id in annotations if isinstance(media_id, str) and media_id.startswith("image")]
    if len(ids) != len(images) or not all(isinstance(image, Mapping) for image in images):
        raise _invalid("The two parts of the payload have different pictures.")
    return list(zip(images, sorted(ids, key=media_id_sort_key), strict=True))


def rows_of(image: Mapping[str, Any], tool: str) -> list[Any]:
    """The annotations of a tool in the order of their ids."""
    rows = image.get(tool, [])
    if not isinstance(rows, list):
        raise _invalid(f"The annotations of {tool} must be a list.")
    return sorted(rows, key=lambda row: str(row.get("id", "")) if isinstance(row, Mapping) else "")


def check_class_map(class_to_index: object) -> None:
    """Raise ExportContractError unless classes have numbers of their own from 1 to 254."""
    if not isinstance(class_to_index, Mapping):
        raise ExportContractError("INVALID_EXPORT_CONTRACT", "class_to_index must be a mapping.")
    for name, number in class_to_index.items():
        if normalize_export_identifier(name) != name:
            raise ExportContractError("INVALID_EXPORT_CONTRACT", f"The class {name!r} is not normalised.")
        if type(number) is not int or not 1 <= number <= VOC_MAX_INDEX:
            raise ExportContractError("VOC_CLASS_LIMIT_EXCEEDED", f"The class {name!r} needs a number from 1 to 254.")
    if len(set(class_to_index.values())) < len(class_to_index):
        raise ExportContractError("INVALID_EXPORT_CONTRACT", "Two classes have one number.")


def unsupported_audit(meta: Mapping[str, Any], item_id: str) -> Iterator[AuditEntry]:
    """An audit row for each annotation, relation and group that Pascal VOC has no place for."""
    for media_id in sorted(meta.get("annotations", {})):
        for row in sorted(_rows(meta, media_id), key=lambda row: str(row.get("id", ""))):
            if (tool := str(row.get("tool", "unknown"))) not in TOOLS:
                yield _audit(item_id, row.get("id"), tool)
    for field, kind in (("relations", "relation"), ("annotationGroups", "annotationGroup")):
        by_medium = meta.get(field, {})
        if not isinstance(by_medium, Mapping) or not all(isinstance(rows, list) for rows in by_medium.values()):
            raise _invalid(f"'{field}' of a payload must have a list for each medium.")
        for media_id in sorted(by_medium):
            for place, row in enumerate(by_medium[media_id]):
                yield _audit(item_id, row.get("id", place) if isinstance(row, Mapping) else place, kind)


def _rows(meta: Mapping[str, Any], media_id: str) -> list[Mapping[str, Any]]:
    rows = meta["annotations"][media_id]
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise _invalid(f"The annotations of {media_id} must be a list of objects.")
    return rows


def _audit(item_id: str, annotation_id: object, source_type: str) -> AuditEntry:
    return {
        "item_id": item_id,
        "annotation_id": str(annotation_id or ""),
        "source_type": source_type,
        "outcome": "skipped",
        "reason_code": "UNSUPPORTED_ANNOTATION_TYPE",
    }


def _invalid(message: str) -> ExportContractError:
    return ExportContractError("INVALID_V2_CONVERSION_RESULT", message)
