"""Converters and models of ``synapse_sdk.utils``: the existing ones and ours give the same for the same payload."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from tests.compat.payloads import FIRST_SCHEMA, HEIGHT, SECOND_SCHEMA, WIDTH
from tests.sdk.answering import plain
from tests.sdk.existing import ExistingSdk

from exportkit.compat.synapse_sdk.utils.converters.dm import convert_v1_to_v2
from exportkit.compat.synapse_sdk.utils.converters.dm.types import build_export_contract

MODES = ["instance", "semantic", "exclude"]
IMAGE: dict[str, Any] = SECOND_SCHEMA["images"][0]
#: Without what the release loses in silence, or the existing package draws through the centres of pixels.
SHARED = {
    **IMAGE,
    "bounding_box": [box for box in IMAGE["bounding_box"] if all(row["name"] != "rotation" for row in box["attrs"])],
}
PARTS = convert_v1_to_v2(FIRST_SCHEMA)
NUMBERS = {"bus": 1, "car": 2, "road": 3, "tree": 4}
COCO: dict[str, Any] = {
    "annotation_meta": None,
    "item_id": "1",
    "file_name": "images/a.png",
    "width": WIDTH,
    "height": HEIGHT,
}
PASCAL: dict[str, Any] = {"original_file": None, "dimensions": [WIDTH, HEIGHT], "file_name": "a.png", "item_id": "1"}


def by_both(
    sdk: ExistingSdk, module: str, name: str, made_with: dict[str, Any] | None, method: str, **keywords: Any
) -> tuple[Any, Any]:
    """What the existing package says, and what exportkit says."""
    theirs = sdk.do("convert", module=module, name=name, made_with=made_with, method=method, keywords=keywords)
    found = getattr(importlib.import_module(f"exportkit.compat.synapse_sdk.utils.{module}"), name)
    ours = found(**keywords) if made_with is None else getattr(found(**made_with), method)(**keywords)
    return comparable(theirs), comparable(plain(ours))


def comparable(value: Any) -> Any:
    """Messages are worded as each likes."""
    if isinstance(value, dict):
        return {key: comparable(member) for key, member in value.items() if key != "message"}
    return [comparable(member) for member in value] if isinstance(value, list) else value


def test_payloads_become_the_same_two_parts(sdk: ExistingSdk) -> None:
    theirs, ours = by_both(sdk, "converters.dm", "convert_v1_to_v2", None, "", v1_data=FIRST_SCHEMA)
    assert ours == theirs


def test_parts_become_the_same_payload(sdk: ExistingSdk) -> None:
    theirs, ours = by_both(sdk, "converters.dm", "convert_v2_to_v1", None, "", v2_data=PARTS)
    for payload in (theirs, ours):
        for point in (p for row in payload["annotationsData"]["image_1"] for p in listed(row.get("coordinate"))):
            point.pop("id")
    assert ours == theirs


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


@pytest.mark.parametrize("mode", MODES)
def test_coco_files_are_the_same(sdk: ExistingSdk, mode: str) -> None:
    contract = {"contract": build_export_contract(mode)}
    place = ("converters.coco", "FromDMToCOCOConverter", contract, "convert_item")
    theirs, ours = by_both(sdk, *place, data={"images": [SHARED]}, **COCO)
    assert ours == theirs


@pytest.mark.parametrize("mode", MODES)
def test_yolo_records_are_the_same_but_for_outlines_of_masks(sdk: ExistingSdk, mode: str) -> None:
    made_with = {"is_single_conversion": True, "export_contract": build_export_contract(mode)}
    place = ("converters.yolo", "FromDMToYOLOConverter", made_with, "convert_annotations")
    image = {tool: rows for tool, rows in SHARED.items() if mode != "instance" or tool != "segmentation"}
    theirs, ours = by_both(sdk, *place, image_annotations=image, width=WIDTH, height=HEIGHT, item_id="1")
    assert ours == theirs


@pytest.mark.parametrize("mode", MODES)
def test_pascal_files_and_planes_are_the_same(sdk: ExistingSdk, mode: str) -> None:
    place = ("converters.pascal", "FromDMToPascalConverter", {"is_single_conversion": True}, "convert_single_file")
    contract = build_export_contract(mode)
    theirs, ours = by_both(sdk, *place, v2_result=PARTS, export_contract=contract, class_to_index=NUMBERS, **PASCAL)
    assert ours == theirs


@pytest.mark.parametrize("mode", MODES)
def test_pascal_classes_are_the_same(sdk: ExistingSdk, mode: str) -> None:
    place = ("converters.pascal", "collect_pascal_class_names", None, "")
    theirs, ours = by_both(sdk, *place, v2_result=PARTS, export_contract=build_export_contract(mode))
    assert read_set(ours) == read_set(theirs)


def read_set(text: str) -> set[str]:
    return set(text.strip("{}").split(", "))


def test_contracts_are_the_same(sdk: ExistingSdk) -> None:
    theirs, ours = by_both(sdk, "converters.dm.types", "build_export_contract", None, "", segmentation_mode="exclude")
    assert ours == theirs


@pytest.mark.parametrize("item_id", ["1", "7", "x", "330586", "ü"])
def test_items_go_to_the_same_split(sdk: ExistingSdk, item_id: str) -> None:
    place = ("converters.dm.types", "resolve_pascal_split", None, "")
    theirs, ours = by_both(sdk, *place, item_id=item_id, assignments={"7": "val"})
    assert ours == theirs


def test_classes_stand_in_the_same_order(sdk: ExistingSdk) -> None:
    schema = [{"code": "tree "}, {"code": "bus"}, {"name": "no code"}]
    configuration = {"classification": {"polygon": {"classification_schema": schema}, "odd": 3}}
    place = ("converters.dm.classes", "resolve_project_class_order", None, "")
    theirs, ours = by_both(sdk, *place, configuration=configuration, observed=["car", "bus", "ant"])
    assert ours == theirs


OBJECT = {"name": "câr", "bndbox": {"xmin": 1, "ymin": 2, "xmax": 3, "ymax": 4}, "occluded": 1}
FILE = {"filename": "a&b.png", "size": {"width": 8, "height": 6}, "objects": [OBJECT]}


@pytest.mark.parametrize(
    ("module", "name", "made_with", "method", "keywords"),
    [
        ("pascal", "PascalAnnotation", FILE, "to_xml", {}),
        ("pascal", "PascalAnnotation", FILE, "to_xml", {"pretty": False}),
        ("yolo", "YOLOAnnotation", {"class_id": 1, "cx": 0.1, "cy": 0.2, "w": 0.3, "h": 1}, "to_line", {}),
        (
            "yolo",
            "YOLOAnnotation",
            {"class_id": 1, "cx": 0.1, "cy": 0.2, "w": 0.3, "h": 1},
            "to_absolute",
            {"width": 7, "height": 9},
        ),
        ("yolo", "YOLODatasetConfig", {"nc": 2, "names": ["a", "b'c"], "test": "t"}, "to_yaml", {}),
        ("coco", "COCODataset", {"categories": [{"id": 1, "name": "cat"}]}, "to_dict", {}),
        ("dm", "DMv2Dataset", {"classification": {"a": ["z", "b"], "c": ["b"]}}, "get_all_class_names", {}),
    ],
)
def test_models_write_the_same(
    sdk: ExistingSdk, module: str, name: str, made_with: dict[str, Any], method: str, keywords: dict[str, Any]
) -> None:
    theirs, ours = by_both(sdk, f"annotation_models.{module}", name, made_with, method, **keywords)
    assert ours == theirs
