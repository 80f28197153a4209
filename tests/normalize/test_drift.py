"""Keys that nothing reads are named once each."""

from __future__ import annotations

from typing import Any

from exportkit.normalize import unknown_keys


def test_each_unknown_key_is_named_once_by_its_path() -> None:
    annotations: list[dict[str, Any]] = [{"category": "c", "colour": 1}, {"bbox": [1, 2, 3, 4], "colour": 2}]
    line = {"id": 1, "mood": "good", "data": {"annotations": annotations}, "data_unit": {"weight": 1}}
    assert unknown_keys(line) == ["$.mood", "$.data_unit.weight", "$.data.annotations[*].colour"]


def test_the_keys_of_every_schema_are_known() -> None:
    v1 = {"annotations": {"image_1": [{"id": "a", "tool": "polygon", "isLocked": False}]}, "annotationsData": {}}
    v2 = {"images": [{"polygon": [{"id": "a", "classification": "c", "attrs": [], "data": []}]}], "videos": []}
    for data in (v1, v2, {"annotation_data": v2, "annotation_meta": v1}):
        assert unknown_keys({"id": 1, "data": data}) == []
