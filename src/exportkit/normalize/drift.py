"""Keys that no schema names: a sign that the payload has changed (``N_DRIFT``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exportkit.normalize.fields import COMMON_KEYS, LABEL_KEYS
from exportkit.normalize.kinds import MEDIA_BY_KEY
from exportkit.normalize.seed_geometry import GEOMETRY_KEYS
from exportkit.wire.json_path import below

__all__ = ["SEED_KEYS", "unknown_keys"]

_ENTRY = frozenset({"url", "file_name_original", "is_primary", "bundle_path", "meta", "size", "sha256"})
_UNIT = frozenset({"id", "name", "width", "height", "files", "meta", "split", "group"})
_LINE = frozenset(
    {"id", "pgh_id", "pgh_obj_id", "pgh_label", "data", "files_manifest", "data_unit", "status_label", "split"}
    | {"group", "file", "files", "project", "status", "classes", "category"}
)
_SEED_DATA = frozenset({"annotations", "data_unit", "split", "group", "extra"})
_V1_DATA = _SEED_DATA | {"annotationsData", "relations", "annotationGroups", "assignmentId", "classification"}
_V2_DATA = frozenset(MEDIA_BY_KEY) | {"classification", "extra", "split", "group", "data_unit"}
#: Every key of a seed annotation that is read, or known to be of no use here.
SEED_KEYS = frozenset(
    {*LABEL_KEYS, *GEOMETRY_KEYS, *COMMON_KEYS, "holes", "keypoint_names", "skeleton", "caption", "num_keypoints"}
    | {"type", "kind", "tool", "point", "data", "image_id", "category_id"}
)
_V1 = frozenset({"id", "tool", "classification", "isLocked", "isVisible", "isValid", "isDrawCompleted", "label"})
_V2 = frozenset(
    {"id", "classification", "attrs", "data", "visibility", "encoding", "group_id", "isCompressed", "compressionFormat"}
)


def unknown_keys(line: Mapping[str, Any]) -> list[str]:
    """Paths of the keys of one parsed line that nothing here reads, each once; positions become ``[*]``."""
    found: dict[str, None] = {}

    def look(value: object, known: frozenset[str], path: str) -> None:
        if isinstance(value, dict):
            found.update(dict.fromkeys(below(path, key) for key in value if key not in known))

    look(line, _LINE, "$")
    look(line.get("data_unit"), _UNIT, "$.data_unit")
    files = line.get("files_manifest")
    for entry in files.values() if isinstance(files, dict) else ():
        look(entry, _ENTRY, "$.files_manifest.*")
    data = line.get("data")
    if not isinstance(data, dict):
        return list(found)
    annotations = data.get("annotations")
    wrapped = data.get("annotation_data")
    if isinstance(annotations, list):
        look(data, _SEED_DATA, "$.data")
        for annotation in annotations:
            look(annotation, SEED_KEYS, "$.data.annotations[*]")
    elif isinstance(annotations, dict):
        look(data, _V1_DATA, "$.data")
        for entries in annotations.values():
            for annotation in entries if isinstance(entries, list) else ():
                look(annotation, _V1, "$.data.annotations.*[*]")
    else:
        payload, path = (wrapped, "$.data.annotation_data") if isinstance(wrapped, dict) else (data, "$.data")
        look(payload, _V2_DATA, path)
        for source, tool in _v2_annotations(payload):
            look(source, _V2, f"{path}.*[*].{tool}[*]")
    return list(found)


def _v2_annotations(payload: Mapping[str, Any]) -> list[tuple[object, str]]:
    elements = [element for key in MEDIA_BY_KEY for element in _listed(payload.get(key))]
    tools = [(tool, entries) for element in elements if isinstance(element, dict) for tool, entries in element.items()]
    return [(source, tool) for tool, entries in tools for source in _listed(entries)]


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
