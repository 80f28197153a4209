"""Joins, groups, references and media of the DM schemas (formats, sections 1.3, 2.2, 2.3, 2.8, 2.9)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exportkit.errors import AnnotationFault, RecordFault
from exportkit.normalize import LineNormalizer
from exportkit.records import Record
from exportkit.records.box import Box
from exportkit.records.keypoints import Keypoints
from exportkit.records.skeleton import PERSON_17


def records(data: dict[str, Any], **line: Any) -> list[Record]:
    return LineNormalizer().records(json.dumps({"id": 1, "data": data, **line}).encode())


def box(identity: object, name: str = "car") -> tuple[dict[str, Any], dict[str, Any]]:
    coordinate = {"x": 1, "y": 2, "width": 3, "height": 4}
    classification = {"class": name}
    return (
        {"id": identity, "tool": "bounding_box", "classification": classification},
        {"id": identity, "coordinate": coordinate},
    )


def point(identity: str, name: str, x: int = 1, **extra: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    classification = {"class": name, **extra}
    return (
        {"id": identity, "tool": "keypoint", "classification": classification},
        {"id": identity, "coordinate": {"x": x, "y": 2}},
    )


def v1(*pairs: tuple[Any, Any], groups: object = None, **more: Any) -> dict[str, Any]:
    data: dict[str, Any] = {
        "annotations": {"image_1": [pair[0] for pair in pairs if pair[0] is not None]},
        "annotationsData": {"image_1": [pair[1] for pair in pairs if pair[1] is not None]},
        **more,
    }
    if groups is not None:
        data["annotationGroups"] = {"image_1": groups}
    return data


def codes(made: Record) -> list[str]:
    return [entry.code for entry in made.rejected]


def test_empty_maps_are_a_reviewed_record() -> None:
    (made,) = records(
        {"annotations": {}, "annotationsData": {}}, files_manifest={"image_1": {"bundle_path": "files/a"}}
    )
    assert (made.annotations, made.name, made.media_id) == ((), "a", None)


def test_each_half_of_a_pair_is_an_orphan_of_its_own() -> None:
    (made,) = records(v1((box("a")[0], None), (None, box("b")[1]), box("c")))
    assert codes(made) == ["S_ORPHAN", "S_ORPHAN"]
    assert [entry.json_path for entry in made.rejected] == [
        "$.data.annotations.image_1[0]",
        "$.data.annotationsData.image_1[0]",
    ]
    assert [annotation.id for annotation in made.annotations] == ["c"]


def test_the_second_annotation_of_one_id_fails() -> None:
    (made,) = records(v1(box("a"), box("a")))
    assert codes(made) == ["E_ANN_ID_DUPLICATE"]
    assert len(made.annotations) == 1


def test_a_second_data_record_of_one_id_fails() -> None:
    (made,) = records(v1(box("a"), (None, box("a")[1])))
    assert codes(made) == ["E_ANN_ID_DUPLICATE"]
    assert len(made.annotations) == 1


@pytest.mark.parametrize("entry", [5, {}, {"id": []}, {"id": True}])
def test_an_annotation_that_cannot_be_joined_fails(entry: object) -> None:
    (made,) = records(v1((entry, None), box("b")))
    assert codes(made) == ["E_ANNOTATION"]


@pytest.mark.parametrize(
    ("classification", "code"),
    [
        ({}, "E_CLASS_MISSING"),
        ({"class": ""}, "E_CLASS_INVALID"),
        ({"class": None}, "E_CLASS_INVALID"),
        (7, "E_ANNOTATION"),
    ],
)
def test_a_box_needs_a_class(classification: object, code: str) -> None:
    record, data = box("a")
    (made,) = records(v1(({**record, "classification": classification}, data)))
    assert codes(made) == [code]


def test_an_unknown_tool_is_set_aside_and_the_rest_converted() -> None:
    record, data = box("a")
    (made,) = records(v1(({**record, "tool": "magic_wand"}, data), box("b")))
    assert codes(made) == ["S_KIND_UNKNOWN"]
    (made,) = records({"images": [{"magic_wand": [{"id": "a"}], "bounding_box": [box_v2("b")]}]})
    assert codes(made) == ["S_KIND_UNKNOWN"]
    assert [annotation.id for annotation in made.annotations] == ["b"]


def box_v2(identity: str) -> dict[str, Any]:
    return {"id": identity, "classification": "car", "attrs": [], "data": [1, 2, 3, 4]}


def test_of_one_attribute_given_twice_the_later_counts() -> None:
    attrs = [{"name": "a", "value": 1}, {"name": "a", "value": 2}]
    (made,) = records({"images": [{"bounding_box": [{**box_v2("a"), "attrs": attrs}]}]})
    assert made.annotations[0].attributes == {"a": 2}


def test_a_broken_box_stays_for_the_writers_to_refuse() -> None:
    record, _ = box("a")
    (made,) = records(v1((record, {"id": "a", "coordinate": {"x": "1", "y": 2, "width": 3, "height": 4}})))
    assert isinstance(made.annotations[0].box, AnnotationFault)
    assert made.annotations[0].box.code == "E_NUMBER_TYPE"


def test_numbers_of_pass_through_kinds_must_be_finite() -> None:
    data = {"annotations": {"video_1": [{"id": "a", "tool": "segmentation"}]}}
    value = {"video_1": [{"id": "a", "section": {"startFrame": float("nan")}}]}
    (made,) = records({**data, "annotationsData": value})
    assert codes(made) == ["E_NOT_FINITE"]


@pytest.mark.parametrize(
    "members",
    [{"annotationIds": ["a", "b"]}, {"annotationList": [{"annotationId": "a", "children": [{"annotationId": "b"}]}]}],
)
def test_both_shapes_of_a_group_name_its_members(members: dict[str, Any]) -> None:
    (made,) = records(v1(box("a"), box("b"), groups=[{"id": "g1", **members}]))
    assert [annotation.kind for annotation in made.annotations] == ["box", "box", "group"]
    assert made.annotations[2].geometry == ("a", "b")
    assert [annotation.group_id for annotation in made.annotations[:2]] == ["g1", "g1"]


def test_a_group_that_names_a_stranger_fails_alone() -> None:
    (made,) = records(v1(box("a"), groups=[{"id": "g1", "annotationIds": ["a", "z"]}]))
    assert codes(made) == ["E_REFERENCE"]
    assert [annotation.kind for annotation in made.annotations] == ["box"]


def test_a_relation_that_names_a_stranger_fails() -> None:
    relations = {"image_1": [{"id": "r", "annotationId": "a", "targetAnnotationId": "z"}]}
    (made,) = records(v1(box("a"), relations=relations))
    assert codes(made) == ["E_REFERENCE"]


def test_a_relation_between_members_of_the_record_is_kept() -> None:
    relations = {"image_1": [{"id": "r", "annotationId": "a", "targetAnnotationId": "b"}]}
    (made,) = records(v1(box("a"), box("b"), relations=relations))
    assert made.annotations[2].geometry == ("a", "b")


def test_key_points_of_one_group_are_one_object_with_the_class_and_box_of_its_box() -> None:
    pairs = [point("p", "nose", 5), point("q", "left_eye", 6, visibility="occluded"), box("b", "runner")]
    (made,) = records(v1(*pairs, groups=[{"id": "g", "annotationIds": ["p", "q", "b"]}]))
    (found,) = made.annotations
    assert (found.kind, found.label, found.weight, found.box) == ("keypoints", "runner", 3, Box(1, 2, 3, 4))
    assert isinstance(found.geometry, Keypoints)
    assert found.geometry.names == PERSON_17.points
    assert found.geometry.points[:3] == ((5, 2, 2), (6, 2, 1), (0, 0, 0))


def test_without_box_the_class_is_the_groups_else_person_else_object() -> None:
    (named,) = records(
        v1(point("p", "nose"), groups=[{"id": "g", "annotationIds": ["p"], "classification": {"class": "athlete"}}])
    )
    (person,) = records(v1(point("p", "nose"), groups=[{"id": "g", "annotationIds": ["p"]}]))
    (other,) = records(v1(point("p", "paw"), point("q", "ear tip"), groups=[{"id": "g", "annotationIds": ["p", "q"]}]))
    assert [made.annotations[0].label for made in (named, person, other)] == ["athlete", "person", "object"]
    points = other.annotations[0].geometry
    assert isinstance(points, Keypoints)
    assert points.names == ("ear tip", "paw")


@pytest.mark.parametrize(
    "groups",
    [
        [{"id": "g", "annotationIds": ["p", "q", "z"]}],
        [{"id": "g", "annotationIds": ["p", "q", "p"]}],
        [{"id": "", "annotationIds": ["p", "q"]}],
        [{"id": [], "annotationIds": ["p", "q"]}],
        [{"id": {"a": 1}, "annotationIds": ["p", "q"]}],
        [{"id": "g", "annotationIds": ["p", "q", []]}],
    ],
)
def test_a_wrong_group_costs_each_of_its_points(groups: list[Any]) -> None:
    (made,) = records(v1(point("p", "nose"), point("q", "left_eye"), box("b"), groups=groups))
    assert codes(made) == ["E_KEYPOINT_GROUP", "E_KEYPOINT_GROUP"]
    assert [annotation.kind for annotation in made.annotations] == ["box"]


def test_a_point_name_twice_in_a_group_costs_each_of_its_points() -> None:
    groups = [{"id": "g", "annotationIds": ["p", "q"]}]
    (made,) = records(v1(point("p", "nose"), point("q", "nose"), groups=groups))
    assert codes(made) == ["E_KEYPOINT_GROUP", "E_KEYPOINT_GROUP"]


def test_v2_key_points_are_grouped_by_their_group_id() -> None:
    points = [
        {"id": name, "classification": name, "data": [3, 4], "visibility": 2, "group_id": group}
        for name, group in (("nose", "g1"), ("left_eye", "g1"), ("right_eye", "g2"))
    ]
    (made,) = records({"images": [{"keypoint": points}]})
    assert [(annotation.kind, annotation.weight) for annotation in made.annotations] == [
        ("keypoints", 2),
        ("keypoints", 1),
    ]


def test_an_unknown_visibility_is_a_fault_of_the_object() -> None:
    (made,) = records(v1(point("p", "nose", visibility="hazy"), groups=[{"id": "g", "annotationIds": ["p"]}]))
    assert isinstance(made.annotations[0].geometry, AnnotationFault)
    assert made.annotations[0].geometry.code == "E_KEYPOINT_VISIBILITY"


FILES = {
    "meta_1": {"bundle_path": "files/m"},
    "image_10": {"bundle_path": "files/ten"},
    "image_2": {"bundle_path": "files/two"},
}


def test_several_images_of_an_item_find_their_files_by_media_id_in_natural_order() -> None:
    data: dict[str, Any] = {"annotations": {"image_10": [], "image_2": []}, "annotationsData": {}}
    made = records(data, files_manifest=FILES)
    assert [(record.media_id, record.name) for record in made] == [("image_2", "two"), ("image_10", "ten")]


def test_several_v2_images_find_their_files_in_natural_order() -> None:
    made = records({"images": [{}, {}]}, files_manifest=FILES)
    assert [(record.media_id, record.name) for record in made] == [("image_2", "two"), ("image_10", "ten")]


def test_the_only_image_of_an_item_takes_the_chosen_file() -> None:
    files = {**FILES, "photo": {"bundle_path": "files/p", "is_primary": True}}
    (made,) = records(v1(box("a")), files_manifest=files)
    assert made.name == "p"


def test_other_media_become_records_of_their_own() -> None:
    data: dict[str, Any] = {"annotations": {"video_1": [], "image_1": []}, "annotationsData": {}}
    files = {"image_1": {"bundle_path": "files/i"}, "video_1": {"bundle_path": "files/v"}}
    assert [(record.medium, record.name) for record in records(data, files_manifest=files)] == [
        ("image", "i"),
        ("video", "v"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        {"annotations": {"spoon_1": []}, "annotationsData": {}},
        {"annotations": {"image_1": {}}, "annotationsData": {}},
        {"images": [5]},
        {"images": [{"bounding_box": {}}]},
        {"images": [], "videos": {}},
        {"annotation_data": 5},
        {"annotation_data": {}},
    ],
)
def test_a_payload_of_unknown_form_fails_its_record(data: dict[str, Any]) -> None:
    with pytest.raises(RecordFault) as caught:
        records(data)
    assert caught.value.code == "E_SCHEMA_UNKNOWN"


def test_wrapped_v2_comes_before_any_other_schema() -> None:
    (made,) = records({"annotations": [], "annotation_data": {"images": [{"bounding_box": [box_v2("a")]}]}})
    assert made.annotations[0].json_path == "$.data.annotation_data.images[0].bounding_box[0]"
