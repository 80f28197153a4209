"""Filters and transforms: what they leave, what the account says, and the recipe that names them."""

from __future__ import annotations

import json
import math
import pickle
from pathlib import Path
from typing import Any

import pytest
from tests.conversion.workbench import Workbench, box, item

from exportkit.errors import AnnotationFault, UsageError
from exportkit.records import Annotation, Box, LazyRegion, Mask, Part, Polygon, Record, RotatedBox
from exportkit.transforms import (
    TransformFault,
    applied,
    drop_classes,
    keep_classes,
    merge_classes,
    minimum_area,
    read_recipe,
    rename_classes,
    review_state,
    to_boxes,
    to_polygons,
    where,
)

TRIANGLE = Polygon((Part((10, 10, 30, 10, 10, 30)),))


def record(*annotations: Annotation, **fields: Any) -> Record:
    return Record(1, annotations, name="x.jpg", width=100, height=80, **fields)


def labelled(*labels: str) -> Record:
    return record(*(Annotation(n, "box", label, box=Box(1, 1, 5, 5)) for n, label in enumerate(labels)))


def labels(found: Record | None) -> list[str | None]:
    assert found is not None
    return [annotation.label for annotation in found.annotations]


def test_classes_are_kept_and_dropped_and_captions_stay() -> None:
    both = record(*labelled("cat", "dog", "owl").annotations, Annotation(3, "caption", None, geometry="a picture"))

    assert labels(applied([keep_classes("cat", "owl")], both)) == ["cat", "owl", None]
    assert labels(applied([drop_classes("cat")], both)) == ["dog", "owl", None]


def test_what_is_taken_away_is_in_the_account() -> None:
    found = applied([keep_classes("cat")], labelled("cat", "dog"))

    assert found is not None
    (gone,) = found.rejected
    assert (gone.code, gone.index, gone.label, gone.json_path) == (
        "S_FILTERED", 1, "dog", "$.data.annotations[1]",
    )  # fmt: skip
    assert "keep_classes" in gone.message


def test_names_are_exchanged_at_once_and_merged() -> None:
    assert labels(applied([rename_classes({"a": "b", "b": "a"})], labelled("a", "b", "c"))) == ["b", "a", "c"]
    assert labels(applied([merge_classes("pet", "cat", "dog")], labelled("cat", "dog", "owl"))) == ["pet", "pet", "owl"]


def test_small_objects_go_and_unreadable_ones_stay() -> None:
    small = Annotation(0, "box", "a", box=Box(0, 0, 3, 3))
    large = Annotation(1, "polygon", "a", region=LazyRegion([[10, 10, 30, 10, 10, 30]], "coco_rings", ".segmentation"))
    broken = Annotation(2, "box", "a", box=AnnotationFault("E_BOX_SHAPE", "no box", ".bbox"))
    turned = Annotation(3, "rotated_box", "a", geometry=RotatedBox(5, 5, 4, 4, 1))
    mask = Annotation(4, "mask", "a", region=Mask.from_row_runs([[0, 9]], 100, 80))
    point = Annotation(5, "point", "a")

    found = applied([minimum_area(10)], record(small, large, broken, turned, mask, point))

    assert found is not None
    assert [annotation.index for annotation in found.annotations] == [1, 2, 3, 5]


@pytest.mark.parametrize(
    ("conditions", "kept"),
    [
        ({}, [0, 1, 2]),
        ({"present": False}, [3]),
        ({"equals": "red"}, [0]),
        ({"equals": 1}, [1]),
        ({"one_of": ["red", 1]}, [0, 1]),
        ({"minimum": 1}, [1]),
        ({"maximum": 0.5}, []),
    ],
)
def test_attributes_choose_annotations(conditions: dict[str, Any], kept: list[int]) -> None:
    values = [b'{"c": "red"}', {"c": 1}, {"c": True}, None]
    boxes = [Annotation(n, "box", "a", box=Box(1, 1, 5, 5), attributes=value) for n, value in enumerate(values)]

    found = applied([where("c", **conditions)], record(*boxes))

    assert found is not None
    assert [annotation.index for annotation in found.annotations] == kept


def test_a_record_in_another_state_is_dropped() -> None:
    assert applied([review_state("completed")], record(status="completed")) is not None
    assert applied([review_state("completed")], record(status="open")) is None
    assert applied([review_state("completed")], record()) is None


def test_regions_become_boxes_and_boxes_polygons() -> None:
    region = Annotation(0, "polygon", "a", region=TRIANGLE, area=200)
    declared = Annotation(1, "polygon", "a", box=Box(1, 2, 3, 4), region=TRIANGLE)
    turned = Annotation(2, "rotated_box", "a", geometry=RotatedBox(50, 40, 20, 10, math.pi / 2))

    found = applied([to_boxes()], record(region, declared, turned))
    assert found is not None
    assert [(a.kind, a.box) for a in found.annotations] == [
        ("box", Box(10, 10, 20, 20)), ("box", Box(1, 2, 3, 4)), ("box", Box(45, 30, 10, 20)),
    ]  # fmt: skip

    back = applied([to_polygons()], found)
    assert back is not None
    assert [a.kind for a in back.annotations] == ["polygon"] * 3
    assert back.annotations[0].region == Polygon((Part((10, 10, 30, 10, 30, 30, 10, 30)),))


def test_a_function_that_raises_or_answers_nonsense_costs_the_record() -> None:
    def bad(found: Record) -> bool:
        raise KeyError(found.name)

    with pytest.raises(TransformFault, match="bad raised KeyError"):
        applied([bad], record())
    with pytest.raises(TransformFault, match="returned str"):
        applied([lambda _: "yes"], record())  # type: ignore[list-item, return-value]


# -- recipes -------------------------------------------------------------------------------------------

RECIPE = """\
transforms:
  - keep_classes: [cat, kitten, dog]
  - rename_classes: {kitten: cat}
  - merge_classes: {into: pet, classes: [cat, dog]}
  - minimum_area: 2
  - where: {attribute: ok, equals: true}
  - review_state: completed
  - to_polygons
"""


def test_a_recipe_is_its_transforms_in_order(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE)

    found = read_recipe(tmp_path / "recipe.yaml")

    assert found == (
        keep_classes("cat", "kitten", "dog"), rename_classes({"kitten": "cat"}), merge_classes("pet", "cat", "dog"),
        minimum_area(2), where("ok", equals=True), review_state("completed"), to_polygons(),
    )  # fmt: skip
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "transforms: 5", "transforms: [5]", "transforms: [{a: 1}]", "transforms: [{minimum_area: x}]",
        "transforms: [{minimum_area: .nan}]", "transforms: [{keep_classes: [1]}]", "transforms: [{keep_classes: []}]",
        "transforms: [{to_boxes: false}]", "transforms: [{where: {equals: 1}}]",
        "transforms: [{where: {attribute: a, x: 1}}]",
        "transforms: [{rename_classes: [a]}]", "transforms: [{rename_classes: {a: 1}}]",
        "transforms: [{merge_classes: a}]",
        "transforms: [{to_boxes: true, to_polygons: true}]", "transforms: []\nmore: 1", "a: &x 1\nb: *x", "{", "\x00",
        "schema: exportkit-recipe/2\ntransforms: []",
    ],
)  # fmt: skip
def test_a_wrong_recipe_is_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "recipe.yaml").write_text(text)

    with pytest.raises(UsageError, match=r"recipe\.yaml"):
        read_recipe(tmp_path / "recipe.yaml")


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("transforms:\n  - keep_classes: [a]\n\n  # big ones\n  - minimum_area: x\n", 5, "minimum_area"),
        ("transforms:\n- to_boxes\n- nonsense: 1\n", 3, "nonsense"),
        ("transforms:\n- to_boxes\n- {to_boxes: true, to_polygons: true}\n", 3, "one transform"),
        ("schema: exportkit-recipe/1\n\nmore: 1\ntransforms: []\n", 3, "more"),
        ("transforms:\n\n  - a: [\n", 4, "YAML"),
        ("a: &x 1\n\nb: *x\n", 3, "alias"),
        ('{"transforms": [{"to_boxes": true},\n {"where": {"attribute": "a", "minimum": "x"}}]}', 2, "minimum"),
    ],
)
def test_a_wrong_recipe_names_the_line_and_the_key(tmp_path: Path, text: str, line: int, word: str) -> None:
    (tmp_path / "recipe.yaml").write_text(text)

    with pytest.raises(UsageError, match=rf"line {line}\b.*{word}|{word}.*line {line}\b"):
        read_recipe(tmp_path / "recipe.yaml")


def test_a_recipe_on_the_command_line(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    lines = [
        item(1, box("cat", attributes={"ok": True}), box("kitten", attributes={"ok": False}), status_label="completed"),
        item(2, box("dog", attributes={"ok": True}), box("owl", attributes={"ok": True}), status_label="completed"),
        item(3, box("dog"), status_label="open"),
    ]
    ran = bench.run(
        "convert", bench.bundle(lines), "--to", "coco", "--media", "none", "-o", bench.out,
        "--recipe", tmp_path / "recipe.yaml",
    )  # fmt: skip

    assert ran.code == 0, ran
    manifest = json.loads((bench.out / "exportkit-manifest.json").read_text())
    assert manifest["annotations"] == {"seen": 4, "written": 2, "lossy": 0, "skipped": 2, "failed": 0}
    assert manifest["codes"]["S_FILTERED"] == {"owl": 1, "pet": 1}
    assert manifest["records"]["filtered"] == 1
    assert [entry["name"] for entry in manifest["classes"]] == ["pet"]
    assert manifest["options"]["transforms"][0] == {"keep_classes": ["cat", "dog", "kitten"]}
    losses = [json.loads(line) for line in (bench.out / "exportkit-losses.jsonl").read_text().splitlines()]
    assert {(entry["id"], entry["json_path"]) for entry in losses if entry["code"] == "S_FILTERED"} == {
        (1, "$.data.annotations[1]"), (2, "$.data.annotations[1]"),
    }  # fmt: skip


# -- classes that nobody has -----------------------------------------------------------------------------


def notices(bench: Workbench) -> list[str]:
    entries = map(json.loads, (bench.out / "exportkit-losses.jsonl").read_text().splitlines())
    return [entry["message"] for entry in entries if entry["code"] == "N_CLASS_ABSENT"]


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        ({"rename_classes": {"catt": "cat"}}, ["No record has a class that rename_classes names: catt."]),
        ({"drop_classes": ["cat", "owl", "emu"]}, ["No record has a class that drop_classes names: emu, owl."]),
        ({"keep_classes": ["cat", "dog"]}, []),
        ({"merge_classes": {"into": "pet", "classes": ["cat", "cow"]}}, [
            "No record has a class that rename_classes names: cow."
        ]),
    ],
)  # fmt: skip
def test_a_class_that_no_record_has_is_noted(bench: Workbench, recipe: dict[str, Any], said: list[str]) -> None:
    path = bench.folder / "recipe.json"
    path.write_text(json.dumps({"transforms": [recipe]}))

    run = bench.convert(bench.bundle([item(1, box("cat"), box("dog"))]), "--to", "coco", "--recipe", str(path))

    assert run.code == 0, run
    assert notices(bench) == said


def test_a_transform_meets_what_an_earlier_one_made_and_not_what_it_took_away(bench: Workbench) -> None:
    path = bench.folder / "recipe.json"
    path.write_text(json.dumps({"transforms": [{"rename_classes": {"cat": "pet"}}, {"drop_classes": ["pet"]}]}))

    bench.convert(bench.bundle([item(1, box("cat"), box("dog"))]), "--to", "coco", "--recipe", str(path))

    assert notices(bench) == []


def test_a_listed_class_that_no_record_has_is_noted(bench: Workbench) -> None:
    listed = bench.folder / "classes.txt"
    listed.write_text("cat\ndgo\n")

    bench.convert(bench.bundle([item(1, box("cat"), box("dog"))]), "--to", "coco", "--classes", str(listed))

    assert notices(bench) == ["No record has these classes of the list: dgo."]
