"""Converters of payloads that export plugins import from ``synapse_sdk.utils`` (SDK behaviour, sections 19 and 20)."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.compat.payloads import FIRST_SCHEMA, SECOND_SCHEMA, picture

from exportkit.compat.synapse_sdk.utils.annotation_models import (
    COCODataset,
    DMVersion,
    PascalAnnotation,
    YOLOAnnotation,
    YOLODatasetConfig,
)
from exportkit.compat.synapse_sdk.utils.converters import (
    FromDMToCOCOConverter,
    FromDMToPascalConverter,
    FromDMToYOLOConverter,
    flatten_classification_classes,
    get_converter,
    requires_source_for_format,
)
from exportkit.compat.synapse_sdk.utils.converters.coco import decode_coco_rle, encode_coco_rle
from exportkit.compat.synapse_sdk.utils.converters.dm import convert_v1_to_v2, convert_v2_to_v1
from exportkit.compat.synapse_sdk.utils.converters.dm.classes import resolve_project_class_order
from exportkit.compat.synapse_sdk.utils.converters.dm.types import (
    ExportContractError,
    build_export_contract,
    resolve_pascal_split,
)
from exportkit.compat.synapse_sdk.utils.converters.pascal import collect_pascal_class_names

INSTANCE = build_export_contract("instance")


def in_coco(annotations: dict[str, Any], file_name: str = "images/a.png", mode: str = "instance") -> Any:
    return FromDMToCOCOConverter(build_export_contract(mode)).convert_item(
        {"images": [annotations]}, annotation_meta=None, item_id="1", file_name=file_name, width=8, height=6
    )


def in_yolo(annotations: dict[str, Any], width: int = 8, height: int = 6) -> Any:
    converter = FromDMToYOLOConverter(is_single_conversion=True, export_contract=INSTANCE)
    return converter.convert_annotations(annotations, width, height, item_id="1")


def drawn(tool: str, data: Any, **more: Any) -> dict[str, Any]:
    return {tool: [{"id": "a", "classification": "cat", "attrs": [], "data": data, **more}]}


def folder_of(root: Path, *names: str, payload: dict[str, Any] = SECOND_SCHEMA) -> Path:
    for part in ("json", "original_files"):
        (root / part).mkdir(parents=True)
    for name in names:
        (root / "json" / f"{name}.json").write_text(json.dumps(payload), encoding="utf-8")
        (root / "original_files" / f"{name}.png").write_bytes(picture())
    return root


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_payload_comes_back_from_the_second_schema_as_it_was() -> None:
    assert convert_v2_to_v1(convert_v1_to_v2(FIRST_SCHEMA)) == FIRST_SCHEMA


def test_an_unknown_tool_costs_nobody_anything() -> None:
    payload = {
        "annotations": {"image_1": [{"id": "a", "tool": "magic_wand", "classification": {"class": "cat"}}]},
        "annotationsData": {"image_1": [{"id": "a", "strength": 3}]},
    }
    converted = convert_v1_to_v2(payload)
    assert converted["annotation_data"]["images"][0]["magic_wand"][0]["data"] == {"strength": 3}
    assert convert_v2_to_v1(converted)["annotationsData"] == payload["annotationsData"]
    for audit in (
        in_coco(converted["annotation_data"]["images"][0]).audit,
        in_yolo({"magic_wand": [{"id": "a"}]}).audit,
    ):
        assert [(row["annotation_id"], row["reason_code"]) for row in audit] == [("a", "UNSUPPORTED_ANNOTATION_TYPE")]


def test_points_without_a_meta_part_get_the_same_ids_in_every_run() -> None:
    payload = {"images": [drawn("polygon", [[1, 2], [3, 2], [3, 5]])]}
    points = convert_v2_to_v1(payload)["annotationsData"]["image_1"][0]["coordinate"]
    assert points == convert_v2_to_v1(payload)["annotationsData"]["image_1"][0]["coordinate"]
    assert len({point["id"] for point in points}) == 3


def test_media_keep_their_ids_where_the_meta_part_tells_them() -> None:
    payload = {"annotations": {"image_7": [{"id": "a", "tool": "relation"}]}, "annotationsData": {"image_7": []}}
    assert list(convert_v2_to_v1(convert_v1_to_v2(payload))["annotations"]) == ["image_7"]


def test_members_of_a_group_may_stand_in_a_tree() -> None:
    payload = {
        "annotations": {"image_1": [{"id": i, "tool": "keypoint"} for i in "ab"]},
        "annotationsData": {"image_1": []},
        "annotationGroups": {
            "image_1": [{"id": "g", "annotationList": [{"annotationId": "a", "children": [{"annotationId": "b"}]}]}]
        },
    }
    points = convert_v1_to_v2(payload)["annotation_data"]["images"][0]["keypoint"]
    assert [point["group_id"] for point in points] == ["g", "g"]


@pytest.mark.parametrize(
    "groups",
    [[{"id": ""}], [{"id": "g", "annotationIds": ["b"]}], [{"id": "g", "annotationIds": ["a", "a"]}], "g", [1]],
)
def test_a_group_that_cannot_be_is_refused(groups: Any) -> None:
    payload = {
        "annotations": {"image_1": [{"id": "a", "tool": "keypoint"}]},
        "annotationsData": {"image_1": []},
        "annotationGroups": {"image_1": groups},
    }
    with pytest.raises(ValueError, match="KEYPOINT_GROUP_INVALID"):
        convert_v1_to_v2(payload)


def test_any_safe_file_name_is_taken_and_no_other() -> None:
    dataset = in_coco(drawn("bounding_box", [1, 1, 2, 2]), "a/b.png").datasets["instances"]
    assert dataset.images[0].file_name == "a/b.png"
    for name in ("../b.png", "/b.png", "a\\b.png"):
        with pytest.raises(ValueError, match="file name"):
            in_coco({}, name)


def test_a_coco_file_has_no_null() -> None:
    dataset = in_coco(drawn("bounding_box", [1, 1, 2, 2])).datasets["instances"]
    assert "null" not in dataset.to_json()
    assert COCODataset.from_json(dataset.to_json()) == dataset


def test_a_turned_box_is_never_written_without_notice() -> None:
    turned = drawn("bounding_box", [1, 1, 2, 2], attrs=[{"name": "rotation", "value": 0.5}])
    for result in (in_coco(turned), in_yolo(turned)):
        assert [(row["outcome"], row["reason_code"]) for row in result.audit] == [("lossy", "ROTATION_DROPPED")]


def test_an_outline_keeps_the_area_of_its_mask_and_lines_of_one_pixel() -> None:
    result = in_yolo(drawn("segmentation", [[0, 8]], encoding="dm_rle", isCompressed=True, compressionFormat="rle"))
    assert [record.points for record in result.segment] == [((0, 0), (1, 0), (1, 1 / 6), (0, 1 / 6))]


def test_a_joint_that_is_not_labelled_is_zero_in_both_formats() -> None:
    seen = {"classification": "nose", "group_id": "g", "attrs": []}
    joints = {
        "keypoint": [
            {"id": "a", **seen, "data": [1, 1], "visibility": 0},
            {"id": "b", **seen, "classification": "left_eye", "data": [2, 2], "visibility": 2},
            {"id": "c", **seen, "classification": "right_eye", "data": [4, 4], "visibility": 1},
        ]
    }
    assert in_coco(joints).datasets["person_keypoints"].annotations[0].keypoints[:3] == [0, 0, 0]
    assert in_yolo(joints).pose[0].keypoints[0] == (0, 0, 0)


def test_configured_classes_are_found_in_either_shape() -> None:
    by_schema = {"classification": {"polygon": {"classification_schema": [{"code": "road"}, {"code": "car"}]}}}
    assert flatten_classification_classes(by_schema) == ["car", "road"]
    assert flatten_classification_classes({"classification": {"polygon": ["b", "a"], "other": "xy"}}) == ["a", "b"]
    assert flatten_classification_classes(None) == []
    assert resolve_project_class_order(by_schema, ["tree", "car"]).index_map(1) == {"road": 1, "car": 2, "tree": 3}


@pytest.mark.parametrize("target", ["coco", "yolo", "pascal", "imagefolder"])
@pytest.mark.parametrize("schema", ["dm_v1", "dm_v2"])
def test_every_converter_from_payloads_runs_with_the_documented_arguments(
    tmp_path: Path, target: str, schema: str
) -> None:
    payload = FIRST_SCHEMA if schema == "dm_v1" else SECOND_SCHEMA
    source = folder_of(tmp_path / "in", "b", "a", payload=payload)
    converter = get_converter(schema, target, root_dir=source)
    converter.save_to_folder(tmp_path / "out")
    expected = {
        "coco": ["images/a.png", "images/b.png", "instances.json", "person_keypoints.json", "stuff.json"],
        "pascal": [
            *("Annotations/a.xml", "Annotations/b.xml", "JPEGImages/a.png", "JPEGImages/b.png"),
            *("SegmentationClass/a.png", "SegmentationClass/b.png"),
            *("SegmentationObject/a.png", "SegmentationObject/b.png"),
        ],
        "yolo": [
            f"{task}/{name}"
            for task in ("detect", "pose", "segment")
            for name in ("dataset.yaml", "images/a.png", "images/b.png", "labels/a.txt", "labels/b.txt")
        ],
        "imagefolder": ["classes.txt", "day/a.png", "day/b.png"],
    }
    assert set(expected[target]) <= set(tree(tmp_path / "out"))
    assert target == "imagefolder" or expected[target] == tree(tmp_path / "out")


@pytest.mark.parametrize("target", ["coco", "yolo", "pascal"])
def test_splits_stay_apart(tmp_path: Path, target: str) -> None:
    for split in ("train", "valid"):
        folder_of(tmp_path / "in" / split, split)
    get_converter("dm_v2", target, root_dir=tmp_path / "in", is_categorized=True).save_to_folder(tmp_path / "out")
    pictures = [path for path in tree(tmp_path / "out") if path.endswith(("train.png", "valid.png"))]
    assert pictures
    assert all(Path(path).stem in Path(path).parts[:-1] for path in pictures)
    if target == "yolo":
        config = YOLODatasetConfig.from_yaml(tmp_path / "out/detect/dataset.yaml")
        assert (config.train, config.val) == ("train/images", "valid/images")


def test_a_missing_split_is_told(tmp_path: Path) -> None:
    folder_of(tmp_path / "train", "a")
    with pytest.raises(FileNotFoundError, match="valid"):
        get_converter("dm_v2", "coco", root_dir=tmp_path, is_categorized=True).convert()


def test_a_payload_without_its_picture_is_named(tmp_path: Path) -> None:
    source = folder_of(tmp_path, "a", "b")
    (source / "original_files/b.png").write_bytes(b"no picture")
    converter = FromDMToYOLOConverter(source)
    rows: Any = converter.convert()
    assert [row["label_name"] for row in rows] == ["a.txt"]
    assert [path.name for path in converter.skipped] == ["b.json"]


def test_a_folder_and_single_files_become_the_same_pascal_file(tmp_path: Path) -> None:
    source = folder_of(tmp_path, "a", payload=FIRST_SCHEMA)
    rows: Any = FromDMToPascalConverter(source, dm_version=DMVersion.V1).convert()
    v2_result = convert_v1_to_v2(FIRST_SCHEMA)
    names = sorted(collect_pascal_class_names(v2_result, INSTANCE))
    single = FromDMToPascalConverter(is_single_conversion=True).convert_single_file(
        v2_result=v2_result,
        export_contract=INSTANCE,
        original_file=io.BytesIO(picture()),
        dimensions=None,
        file_name="a.png",
        class_to_index={name: number for number, name in enumerate(names, 1)},
        item_id="a",
    )
    assert single is not None
    assert rows[0][0].to_xml() == single["pascal_annotation"].to_xml()


@pytest.mark.parametrize("source", ["coco", "yolo", "pascal"])
@pytest.mark.parametrize("schema", ["dm_v1", "dm_v2"])
def test_every_converter_to_payloads_runs_with_the_documented_arguments(
    tmp_path: Path, source: str, schema: str, datasets: Callable[[str], Path]
) -> None:
    converter = get_converter(source, schema, root_dir=datasets(source))
    converter.save_to_folder(tmp_path / "out")
    payload = json.loads((tmp_path / "out/json/a.json").read_text())
    assert ("annotations" in payload) == (schema == "dm_v1")
    assert tree(tmp_path / "out") == ["json/a.json", "original_files/a.png"]


@pytest.fixture
def datasets(tmp_path: Path) -> Callable[[str], Path]:
    """A dataset of one picture with a box, by its format."""

    def make(form: str) -> Path:
        root = tmp_path / form
        for name in ("images", "labels", "Annotations"):
            (root / name).mkdir(parents=True)
        (root / "images/a.png").write_bytes(picture())
        (root / "labels/a.txt").write_text(YOLOAnnotation(class_id=0, cx=0.5, cy=0.5, w=0.5, h=0.5).to_line())
        (root / "classes.txt").write_text("cat\n")
        annotation = FromDMToPascalConverter(is_single_conversion=True).build_pascal_annotation(
            "a.png", (8, 6, 3), [{"name": "cat", "xmin": 1, "ymin": 1, "xmax": 3, "ymax": 3}]
        )
        annotation.to_file(root / "Annotations/a.xml")
        dataset = in_coco(drawn("bounding_box", [1, 1, 2, 2]), "images/a.png").datasets["instances"]
        dataset.to_file(root / "annotations.json")
        return root

    return make


def test_what_nothing_converts_is_told() -> None:
    with pytest.raises(ValueError, match="Nothing converts coco to yolo"):
        get_converter("coco", "yolo", root_dir=".")
    assert requires_source_for_format("COCO")
    assert requires_source_for_format(None)


def test_a_contract_without_a_mode_or_with_another_decision_is_refused() -> None:
    with pytest.raises(ExportContractError) as missing:
        FromDMToCOCOConverter(build_export_contract())
    changed = {**INSTANCE, "mask_contour": {**INSTANCE["mask_contour"], "holes": "keep"}}
    with pytest.raises(ExportContractError, match=r"mask_contour\.holes") as other:
        FromDMToYOLOConverter(is_single_conversion=True, export_contract=changed)
    assert (missing.value.reason_code, other.value.reason_code) == (
        "SEGMENTATION_MODE_REQUIRED",
        "INVALID_EXPORT_CONTRACT",
    )


def test_a_split_follows_the_assignment_and_else_the_hash_of_the_id() -> None:
    assert resolve_pascal_split("7", {"7": "val"}) == "val"
    assert {resolve_pascal_split(str(number), {}) for number in range(50)} == {"train", "val"}


def test_run_lengths_and_bitmaps_are_two_forms_of_one_thing() -> None:
    bitmap = bytearray([1, 0, 0, 1, 1, 0])
    assert decode_coco_rle(encode_coco_rle(bitmap, 3, 2)) == bitmap
    with pytest.raises(ValueError, match="do not cover"):
        decode_coco_rle({"size": [9, 9], "counts": encode_coco_rle(bitmap, 3, 2)["counts"]})


def test_entities_of_an_xml_file_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret")
    text = (
        f'<!DOCTYPE a [<!ENTITY x SYSTEM "{tmp_path}/secret">]>'
        "<annotation><filename>&x;</filename><size><width>1</width><height>1</height></size></annotation>"
    )
    assert "s3cret" not in PascalAnnotation.from_xml(text).to_xml()
