# ruff: noqa: E501 - the blocks are quoted from the wire contract, one line each
"""Every annotation tool gives the same annotation from DM V1 and from DM V2 (wire, section 22)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exportkit.normalize import LineNormalizer
from exportkit.records import Annotation, Record
from exportkit.records.box import Box, RotatedBox
from exportkit.records.keypoints import Point
from exportkit.records.region import LazyRegion

BLOCKS: list[tuple[str, str, str, str, str, str]] = [
    (
        "image",
        "rotated_box",
        "bounding_box",
        '{"id": "a", "tool": "bounding_box", "classification": {"class": "car", "color": "red"}}',
        '{"id": "a", "coordinate": {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 0.3}}',
        '{"id": "a", "classification": "car", "attrs": [{"name": "rotation", "value": 0.3}, {"name": "color", "value": "red"}], "data": [1, 2, 3, 4]}',
    ),
    (
        "image",
        "polygon",
        "polygon",
        '{"id": "a", "tool": "polygon", "classification": {"class": "car"}}',
        '{"id": "a", "coordinate": [{"x": 1, "y": 2, "id": "p1"}, {"x": 3, "y": 2, "id": "p2"}, {"x": 3, "y": 5, "id": "p3"}]}',
        '{"id": "a", "classification": "car", "attrs": [], "data": [[1, 2], [3, 2], [3, 5]]}',
    ),
    (
        "image",
        "polyline",
        "polyline",
        '{"id": "a", "tool": "polyline", "classification": {"class": "lane"}}',
        '{"id": "a", "coordinate": [{"x": 1, "y": 2, "id": "p1"}, {"x": 3, "y": 2, "id": "p2"}]}',
        '{"id": "a", "classification": "lane", "attrs": [], "data": [[1, 2], [3, 2]]}',
    ),
    (
        "image",
        "point",
        "keypoint",
        '{"id": "a", "tool": "keypoint", "classification": {"class": "nose", "visibility": "visible"}}',
        '{"id": "a", "coordinate": {"x": 1, "y": 2}}',
        '{"id": "a", "classification": "nose", "attrs": [], "data": [1, 2], "visibility": 2}',
    ),
    (
        "image",
        "mask",
        "segmentation",
        '{"id": "a", "tool": "segmentation", "classification": {"class": "road"}}',
        '{"id": "a", "pixel_indices": [0, 1, 2], "isCompressed": false, "compressionFormat": null}',
        '{"id": "a", "classification": "road", "attrs": [], "data": [0, 1, 2], "encoding": "raw_indices", "isCompressed": false, "compressionFormat": null}',
    ),
    (
        "image",
        "mask",
        "segmentation",
        '{"id": "b", "tool": "segmentation", "classification": {"class": "road"}}',
        '{"id": "b", "pixel_indices": [[0, 3], [100, 3]], "isCompressed": true, "compressionFormat": "rle"}',
        '{"id": "b", "classification": "road", "attrs": [], "data": [[0, 3], [100, 3]], "encoding": "dm_rle", "isCompressed": true, "compressionFormat": "rle"}',
    ),
    (
        "video",
        "video_range",
        "segmentation",
        '{"id": "a", "tool": "segmentation", "classification": {"class": "event"}}',
        '{"id": "a", "section": {"startFrame": 10, "endFrame": 20}}',
        '{"id": "a", "classification": "event", "attrs": [], "data": {"startFrame": 10, "endFrame": 20}}',
    ),
    (
        "audio",
        "audio_range",
        "segmentation",
        '{"id": "b", "tool": "segmentation", "classification": {"class": "speech"}}',
        '{"id": "b", "section": {"start": 1.5, "end": 2.25}}',
        '{"id": "b", "classification": "speech", "attrs": [], "data": {"start": 1.5, "end": 2.25}}',
    ),
    (
        "image",
        "tag",
        "classification",
        '{"id": "a", "tool": "classification", "classification": {"class": "day", "weather": "rain"}}',
        '{"id": "a"}',
        '{"id": "a", "classification": "day", "attrs": [{"name": "weather", "value": "rain"}], "data": {}}',
    ),
    (
        "pcd",
        "cuboid",
        "3d_bounding_box",
        '{"id": "a", "tool": "3d_bounding_box", "classification": {"class": "car"}}',
        '{"id": "a", "psr": {"position": {"x": 1, "y": 2, "z": 3}, "scale": {"x": 4, "y": 2, "z": 1.5}, "rotation": {"x": 0, "y": 0, "z": 0.3}}}',
        '{"id": "a", "classification": "car", "attrs": [], "data": {"position": {"x": 1, "y": 2, "z": 3}, "scale": {"x": 4, "y": 2, "z": 1.5}, "rotation": {"x": 0, "y": 0, "z": 0.3}}}',
    ),
    (
        "pcd",
        "point_set",
        "3d_segmentation",
        '{"id": "a", "tool": "3d_segmentation", "classification": {"class": "car"}}',
        '{"id": "a", "points": [1, 2, 3]}',
        '{"id": "a", "classification": "car", "attrs": [], "data": {"points": [1, 2, 3]}}',
    ),
    (
        "text",
        "text_range",
        "named_entity",
        '{"id": "a", "tool": "named_entity", "classification": {"class": "PER"}}',
        '{"id": "a", "ranges": [{"start": 0, "end": 4}], "content": "Anna"}',
        '{"id": "a", "classification": "PER", "attrs": [], "data": {"ranges": [{"start": 0, "end": 4}], "content": "Anna"}}',
    ),
    (
        "prompt",
        "prompt",
        "prompt",
        '{"id": "q", "tool": "prompt", "classification": {}}',
        '{"id": "q", "tool": "prompt", "input": [{"type": "text", "value": "hi", "changeHistory": []}], "displayName": "Q1", "generatedBy": "user"}',
        '{"id": "q", "classification": "", "attrs": [], "data": {"input": [{"type": "text", "value": "hi", "changeHistory": []}], "displayName": "Q1", "generatedBy": "user"}}',
    ),
    (
        "prompt",
        "answer",
        "answer",
        '{"id": "a", "tool": "answer", "classification": {}}',
        '{"id": "a", "tool": "answer", "output": [{"type": "text", "value": "hello", "primaryKey": "k", "changeHistory": []}], "model": "m", "promptAnnotationId": "q"}',
        '{"id": "a", "classification": "", "attrs": [], "data": {"output": [{"type": "text", "value": "hello", "primaryKey": "k", "changeHistory": []}], "model": "m", "promptAnnotationId": "q"}}',
    ),
    (
        "data",
        "time_range",
        "time_range",
        '{"id": "a", "tool": "time_range", "classification": {"class": "peak"}}',
        '{"id": "a", "section": {"start": 0.5, "end": 1.5}, "excludedTracks": ["t2"]}',
        '{"id": "a", "classification": "peak", "attrs": [], "data": {"start": 0.5, "end": 1.5, "excludedTracks": ["t2"]}}',
    ),
    (
        "text",
        "relation",
        "relation",
        '{"id": "a", "tool": "relation", "classification": {"class": "works_for"}}',
        '{"id": "a", "annotationId": "a", "targetAnnotationId": "a"}',
        '{"id": "a", "classification": "works_for", "attrs": [], "data": ["a", "a"]}',
    ),
]
EXTRA = {"image_1": {"width": 50, "height": 40}}


def only(line: dict[str, Any]) -> Record:
    (made,) = LineNormalizer().records(json.dumps(line).encode())
    assert made.rejected == ()
    return made


def comparable(annotation: Annotation) -> dict[str, Any]:
    fields = {
        name: getattr(annotation, name) for name in annotation.__struct_fields__ if name not in {"path", "region"}
    }
    region = annotation.region
    if isinstance(region, LazyRegion):
        source = json.loads(region.source) if isinstance(region.source, bytes) else region.source
        fields["region"] = (source, region.form, region.width, region.height)
    return fields


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block[0]}-{block[2]}")
def test_v1_and_v2_give_equal_records(block: tuple[str, str, str, str, str, str]) -> None:
    medium, kind, tool, record, data, v2 = block
    media_id = f"{medium}_1"
    v1_data = {
        "extra": EXTRA,
        "annotations": {media_id: [json.loads(record)]},
        "annotationsData": {media_id: [json.loads(data)]},
    }
    payload = {f"{medium}s": [{tool: [json.loads(v2)]}]}
    from_v1 = only({"id": 1, "data": v1_data})
    bare = only({"id": 1, "data": {**payload, "extra": EXTRA}})
    wrapped = only({"id": 1, "data": {"annotation_data": payload, "annotation_meta": v1_data}})
    assert from_v1.annotations[0].kind == kind
    assert from_v1.medium == medium
    expected = [comparable(annotation) for annotation in from_v1.annotations]
    assert [comparable(annotation) for annotation in bare.annotations] == expected
    assert [comparable(annotation) for annotation in wrapped.annotations] == expected
    for made in (bare, wrapped):
        assert (made.media_id, made.medium, made.width, made.height) == (
            from_v1.media_id, from_v1.medium, from_v1.width, from_v1.height,
        )  # fmt: skip


def first(tool: str) -> Annotation:
    medium, _, _, record, data, _ = next(block for block in BLOCKS if block[2] == tool)
    media_id = f"{medium}_1"
    made = only(
        {
            "id": 1,
            "data": {
                "extra": EXTRA,
                "annotations": {media_id: [json.loads(record)]},
                "annotationsData": {media_id: [json.loads(data)]},
            },
        }
    )
    return made.annotations[0]


def test_a_rotated_box_turns_about_its_centre_and_keeps_other_attributes() -> None:
    made = first("bounding_box")
    assert made.geometry == RotatedBox(2.5, 4, 3, 4, 0.3)
    assert made.attributes == {"color": "red"}


def test_a_key_point_outside_any_group_is_a_point() -> None:
    assert first("keypoint").geometry == Point(1, 2, 2)


def test_a_mask_lies_on_the_declared_grid_of_its_medium() -> None:
    region = first("segmentation").region
    assert isinstance(region, LazyRegion)
    assert (region.form, region.width, region.height) == ("row_indices", 50, 40)


def test_a_box_without_rotation_is_upright() -> None:
    line = {
        "id": 1,
        "data": {"images": [{"bounding_box": [{"id": "b", "classification": "car", "data": [1, 2, 3, 4]}]}]},
    }
    assert only(line).annotations[0].box == Box(1, 2, 3, 4)
