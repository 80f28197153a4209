"""data.yaml trains from any directory and brings every class name back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from exportkit.writing import NamingRule, Plan, SplitFacts
from exportkit_yolo.data_yaml import data_yaml
from exportkit_yolo.options import YoloOptions
from exportkit_yolo.splits import yaml_folders
from exportkit_yolo.writer import YoloWriter


def plan(*splits: str, classes: tuple[str, ...] = ("cat", "dog"), kinds: dict[str, int] | None = None) -> Plan:
    facts = tuple(SplitFacts(name, 1, {}) for name in splits)
    index = {name: place for place, name in enumerate(classes)}
    return Plan(classes, index, facts, kinds or {}, {"image": len(splits)}, len(splits), ids_usable=True)


def yaml_of(plan: Plan, **options: Any) -> str:
    (file,) = YoloWriter(YoloOptions(**options), plan).files()
    assert file.path == "data.yaml"
    (data,) = file.parts
    assert isinstance(data, bytes)
    return data.decode("ascii")


def test_without_a_val_split_val_is_train() -> None:
    assert yaml_of(plan("train")) == ('train: images/train\nval: images/train\nnc: 2\nnames:\n  0: "cat"\n  1: "dog"\n')
    assert [code for code, _ in YoloWriter(YoloOptions(), plan("train")).notices()] == ["N_VAL_IS_TRAIN"]


def test_every_split_with_records_has_a_key_and_there_is_no_path() -> None:
    text = yaml_of(plan("train", "val", "test", "hard cases", "nc"))

    document = YAML(typ="safe", pure=True).load(text)
    assert list(document) == ["train", "val", "test", "hard cases", "nc_", "nc", "names"]
    assert document["hard cases"] == "images/hard cases"
    assert not list(YoloWriter(YoloOptions(), plan("train", "val")).notices())


def test_a_split_called_images_does_not_confuse_the_label_rule() -> None:
    assert yaml_folders(plan("train", "images"))["images_"] == "images/images_"


def test_a_dataset_without_a_class_names_a_placeholder() -> None:
    writer = YoloWriter(YoloOptions(), plan("train", "val", classes=()))

    assert yaml_of(plan("train", "val", classes=())).endswith('nc: 1\nnames:\n  0: "object"\n')
    assert [code for code, _ in writer.notices()] == ["N_CLASS_PLACEHOLDER"]


def test_folders_that_the_yaml_names_exist_even_when_empty() -> None:
    assert list(YoloWriter(YoloOptions(), plan()).folders()) == ["images/train", "labels/train"]


@pytest.mark.parametrize(
    ("kinds", "task", "columns"),
    [
        ({"box": 3}, "auto", "detect"),
        ({"box": 3, "polygon": 1}, "auto", "segment"),
        ({"mask": 1}, "auto", "segment"),
        ({"keypoints": 1, "polygon": 1}, "auto", "pose"),
        ({"rotated_box": 1, "box": 3}, "auto", "obb"),
        ({"mask": 1}, "detect", "detect"),
    ],
)
def test_auto_takes_segment_when_there_are_regions(kinds: dict[str, int], task: str, columns: str) -> None:
    from exportkit_yolo.options import chosen_task

    assert chosen_task(YoloOptions(task=task), plan("train", kinds=kinds)) == columns  # type: ignore[arg-type]


def test_the_choice_is_named_when_several_tasks_were_possible() -> None:
    several = plan("train", "val", kinds={"polygon": 1, "rotated_box": 2})

    assert [code for code, _ in YoloWriter(YoloOptions(), several).notices()] == ["N_TASK_CHOSEN"]
    assert not list(YoloWriter(YoloOptions(task="segment"), several).notices())


@pytest.mark.parametrize("name", ["yes", "null", "1", "1.5", "2001-01-01", "~", "", 'q"\\', "a: b", "# no", " x "])
def test_words_numbers_and_dates_keep_their_type(name: str) -> None:
    assert YAML(typ="safe", pure=True).load(data_yaml({"train": "images/train"}, [name]))["names"] == {0: name}


def test_astral_characters_are_one_escape() -> None:
    assert b'0: "\\U0001F600\\xE9"' in data_yaml({"train": "images/train"}, ["😀é"])


@settings(max_examples=100)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=8))
def test_every_name_comes_back(names: list[str]) -> None:
    data = data_yaml({"train": "images/train", "val": "images/val"}, names)

    data.decode("ascii")
    document = YAML(typ="safe", pure=True).load(data)
    assert document["names"] == dict(enumerate(names))
    assert document["nc"] == len(names)


def test_names_of_pictures_are_flat_and_the_tree_spares_words_of_the_loader() -> None:
    flat, tree = (YoloWriter.naming(YoloOptions(names=layout)) for layout in ("flat", "tree"))

    words = frozenset({"images", "labels"})
    assert flat == NamingRule(
        "flat", needs_extension=True, refused_folders=words, reserved_stems=frozenset({"classes"})
    )
    assert tree.layout == "tree"


def test_pictures_follow_the_loader() -> None:
    rule = YoloWriter.pictures(YoloOptions())

    assert rule.minimum_side == 10
    assert rule.maximum_pixels == 178_956_970
    assert rule.rewrites_jpeg
    assert "webp" in (rule.formats or ())
    assert "gif" not in (rule.formats or ())
