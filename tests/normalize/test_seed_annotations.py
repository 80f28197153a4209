"""Annotations of the seed schema: keys, kinds, classes, fields (formats, sections 1.3, 2.3, 2.4, 2.9)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exportkit.errors import AnnotationFault
from exportkit.normalize import InputOptions, LineNormalizer
from exportkit.records import Annotation, Record, Rejected
from exportkit.records.box import Box, RotatedBox

RINGS = [[0, 0, 4, 0, 4, 4]]
RLE = {"size": [2, 2], "counts": [0, 4]}


def record(*annotations: object, options: InputOptions | None = None) -> Record:
    line = {"id": 1, "data": {"annotations": list(annotations)}}
    (made,) = LineNormalizer(options).records(json.dumps(line).encode())
    return made


def one(annotation: object, options: InputOptions | None = None) -> Annotation:
    made = record(annotation, options=options)
    assert made.rejected == ()
    return made.annotations[0]


def refused(annotation: object) -> Rejected:
    made = record(annotation)
    assert made.annotations == ()
    return made.rejected[0]


@pytest.mark.parametrize("key", ["category", "category_name", "label", "class", "class_name", "classification"])
def test_each_label_key_names_the_class(key: str) -> None:
    assert one({key: "car", "bbox": [1, 2, 3, 4]}).label == "car"


def test_the_first_label_key_of_the_table_wins() -> None:
    assert one({"classification": "x", "label": "y", "category": "z", "bbox": [1, 2, 3, 4]}).label == "z"


def test_a_classification_object_names_its_class() -> None:
    assert one({"classification": {"class": "car"}, "bbox": [1, 2, 3, 4]}).label == "car"


def test_an_annotation_without_class_is_default_and_says_so() -> None:
    made = one({"bbox": [1, 2, 3, 4]})
    assert (made.label, made.notices) == ("default", ("N_CLASS_DEFAULT",))


@pytest.mark.parametrize("value", [None, 3, True, "", "  ", "\n", [], {}])
def test_a_class_that_is_no_text_fails_its_annotation(value: object) -> None:
    entry = refused({"category": value, "bbox": [1, 2, 3, 4]})
    assert (entry.code, entry.json_path) == ("E_CLASS_INVALID", "$.data.annotations[0].category")


def test_class_names_are_never_trimmed() -> None:
    assert one({"category": " Car ", "bbox": [1, 2, 3, 4]}).label == " Car "


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ({"bbox": [1, 2, 3, 4]}, "box"),
        ({"box": {"x": 1, "y": 2, "width": 3, "height": 4}}, "box"),
        ({"bbox": [1, 2, 3, 4], "rotation": 0.5}, "rotated_box"),
        ({"bbox": [1, 2, 3, 4], "rotation": 0}, "box"),
        ({"obb": [0, 0, 4, 0, 4, 2, 0, 2]}, "box"),
        ({"obb": [[0, 0], [3, 3], [2, 4], [-1, 1]]}, "rotated_box"),
        ({"segmentation": RINGS, "bbox": [1, 2, 3, 4]}, "polygon"),
        ({"segmentation": RLE}, "mask"),
        ({"segmentation": [], "bbox": [1, 2, 3, 4]}, "box"),
        ({"segmentation": RINGS, "rotation": 0.5}, "polygon"),
        ({"polygon": [[0, 0], [4, 0], [4, 4]]}, "polygon"),
        ({"polygons": RINGS}, "polygon"),
        ({"points": [0, 0, 4, 0, 4, 4]}, "polygon"),
        ({"rle": RLE}, "mask"),
        ({"mask": RLE}, "mask"),
        ({"keypoints": [1, 2, 2], "segmentation": RINGS, "bbox": [1, 2, 3, 4]}, "keypoints"),
        ({"polyline": [[0, 0], [1, 1]]}, "polyline"),
        ({"caption": "a cat"}, "caption"),
        ({}, "tag"),
        ({"type": "box", "bbox": [1, 2, 3, 4], "segmentation": RINGS}, "box"),
        ({"kind": "rectangle", "bbox": [1, 2, 3, 4]}, "box"),
        ({"tool": "bounding_box", "bbox": [1, 2, 3, 4], "rotation": 1}, "rotated_box"),
        ({"type": "line", "points": [[0, 0], [1, 1]]}, "polyline"),
        ({"type": "keypoint", "points": [1, 2]}, "point"),
        ({"tool": "classification", "bbox": [1, 2, 3, 4]}, "tag"),
        ({"tool": "relation", "from": 7, "to": 7, "id": 7}, "relation"),
        ({"type": None, "bbox": [1, 2, 3, 4]}, "box"),
    ],
)
def test_the_kind_follows_from_the_keys(source: dict[str, Any], kind: str) -> None:
    assert one({"category": "c", **source}).kind == kind


def test_numbers_stay_as_the_source_gave_them() -> None:
    box = one({"category": "c", "bbox": [1, 2.50, 3.0, 4]}).box
    assert isinstance(box, Box)
    assert [repr(value) for value in box.to_xywh()] == ["1", "2.5", "3.0", "4"]


@pytest.mark.parametrize(
    ("annotation", "code"),
    [
        (5, "E_ANNOTATION"),
        ([], "E_ANNOTATION"),
        ({}, "E_ANNOTATION"),
        ({"category": "c", "segmentation": []}, "E_ANNOTATION"),
        ({"category": "c", "type": "polygon"}, "E_ANNOTATION"),
        ({"category": "c", "type": "pancake", "bbox": [1, 2, 3, 4]}, "S_KIND_UNKNOWN"),
        ({"category": "c", "kind": 5, "bbox": [1, 2, 3, 4]}, "S_KIND_UNKNOWN"),
        ({"category": "c", "bbox": [1, 2, 3, 4], "score": "0.5"}, "E_NUMBER_TYPE"),
        ({"category": "c", "bbox": [1, 2, 3, 4], "score": float("nan")}, "E_NOT_FINITE"),
        ({"category": "c", "bbox": [1, 2, 3, 4], "score": 1e7}, "E_NUMBER_RANGE"),
        ({"category": "c", "bbox": [1, 2, 3, 4], "iscrowd": 2}, "E_ANNOTATION"),
        ({"category": "c", "bbox": [1, 2, 3, 4], "difficult": "no"}, "E_ANNOTATION"),
        ({"category": "c", "bbox": [1, 2, 3, 4], "frame": -1}, "E_ANNOTATION"),
        ({"category": "c", "bbox": [1, 2, 3, 4], "id": 1.5}, "E_ANNOTATION"),
        ({"category": "c", "bbox": [1, 2, 3, 4], "id": 2**64}, "E_NUMBER_RANGE"),
        ({"category": "c", "bbox": [1, 2, 3, 4], "attributes": []}, "E_ANNOTATION"),
        ({"category": "c", "bbox": [1, 2, 3, 4], "attributes": {"a": [float("inf")]}}, "E_NOT_FINITE"),
        ({"category": "c", "bbox": [1, 2, 3, 4], "attributes": {"a": 2**70}}, "E_NUMBER_RANGE"),
        ({"type": "relation", "from": 8, "to": 9}, "E_REFERENCE"),
        ({"type": "group", "members": ["x"]}, "E_REFERENCE"),
    ],
)
def test_what_is_wrong_with_an_annotation_costs_only_itself(annotation: object, code: str) -> None:
    made = record(annotation, {"category": "good", "bbox": [1, 2, 3, 4]})
    assert [entry.code for entry in made.rejected] == [code]
    assert [entry.label for entry in made.annotations] == ["good"]
    assert made.annotations[0].index == 1


@pytest.mark.parametrize(
    ("bbox", "code"),
    [
        ([1, 2, 3], "E_BOX_SHAPE"),
        ([], "E_BOX_SHAPE"),
        (["1", 2, 3, 4], "E_NUMBER_TYPE"),
        ([True, 2, 3, 4], "E_NUMBER_TYPE"),
        ([None, 2, 3, 4], "E_NUMBER_TYPE"),
        ([float("nan"), 2, 3, 4], "E_NOT_FINITE"),
        ([2_000_000, 2, 3, 4], "E_NUMBER_RANGE"),
    ],
)
def test_a_bad_box_is_kept_as_a_fault_for_the_writers_that_read_it(bbox: object, code: str) -> None:
    made = one({"category": "c", "bbox": bbox, "segmentation": RINGS})
    assert isinstance(made.box, AnnotationFault)
    assert made.box.code == code
    assert made.region is not None


def test_a_bad_area_alone_costs_nothing_here() -> None:
    assert one({"category": "c", "bbox": [1, 2, 3, 4], "area": "large"}).area == "large"


def test_an_overflowing_number_in_attributes_is_found_in_an_ordinary_line() -> None:
    line = b'{"id":1,"data":{"annotations":[{"category":"c","bbox":[1,2,3,4],"attributes":{"a":1e999}}]}}'
    (made,) = LineNormalizer().records(line)
    assert [entry.code for entry in made.rejected] == ["E_NOT_FINITE"]


@pytest.mark.parametrize(
    ("words", "rotation", "center"),
    [("center-cw-rad", 0.5, (3, 5)), ("ccw", -0.5, (3, 5)), ("deg", 28.64788975654116, (3, 5))],
)
def test_rotation_words_give_one_rotated_box(words: str, rotation: float, center: tuple[float, float]) -> None:
    made = one({"category": "c", "bbox": [1, 2, 4, 6], "rotation": rotation}, InputOptions(rotation=words)).geometry
    assert isinstance(made, RotatedBox)
    assert (made.cx, made.cy, made.width, made.height) == (*center, 4, 6)
    assert made.theta == pytest.approx(0.5)


def test_a_turn_about_the_top_left_corner_moves_the_centre() -> None:
    options = InputOptions(rotation="topleft-deg")
    made = one({"category": "c", "bbox": [10, 20, 4, 6], "rotation": 90}, options).geometry
    assert isinstance(made, RotatedBox)
    assert (made.cx, made.cy) == (7, 22)


@pytest.mark.parametrize("words", ["upside", "cw-ccw", "", "center-center"])
def test_unknown_or_doubled_rotation_words_are_refused(words: str) -> None:
    with pytest.raises(ValueError, match="rotation"):
        InputOptions(rotation=words)


def test_a_refusal_names_the_smallest_part_and_the_reason_of_the_shape() -> None:
    entry = refused({"category": "c", "bbox": [1, 2, 3, 4], "score": "high", "id": "a7"})
    assert (entry.id, entry.label, entry.json_path) == ("a7", "c", "$.data.annotations[0].score")
    assert "valid number" in entry.message
