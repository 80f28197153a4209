"""Whole conversions to the YOLO layouts that have no label file per picture, or have it beside the picture."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conversion.workbench import Workbench, box, item, png

TAG = {"category": "cat", "type": "tag"}


def bundle_of_tags(bench: Workbench, *, without_file: tuple[int, ...] = ()) -> Path:
    lines = [
        item(n, TAG, file=None if n in without_file else f"files/{n}/p.png", split="train" if n < 3 else "val")
        for n in range(1, 5)
    ]
    return bench.bundle(lines, {f"files/{n}/p.png": png(40 + n, 30) for n in range(1, 5)})


@pytest.mark.parametrize("media", ["copy", "hardlink", "symlink", "none"])
def test_a_classification_dataset_is_published_and_passes_its_check(bench: Workbench, media: str) -> None:
    run = bench.convert(bundle_of_tags(bench), "--to", "yolo:task=classify", "--media", media)

    assert run.code == 0, run
    assert run.data["outputs"][0]["annotations"]["written"] == 4
    assert (bench.out / "train/cat/1.png").exists() is (media != "none")
    judged = bench.run("check", bench.out, "--json")
    assert judged.code == 0, judged


def test_class_folders_of_a_split_that_no_loader_knows_are_checked_too(bench: Workbench) -> None:
    lines = [item(n, TAG, file=f"files/{n}/p.png", split=("train", "val", "odd")[n]) for n in range(3)]
    bundle = bench.bundle(lines, {f"files/{n}/p.png": png(40 + n) for n in range(3)})

    run = bench.convert(bundle, "--to", "yolo:task=classify")

    assert run.code == 0, run
    assert (bench.out / "odd/cat/2.png").exists()
    assert bench.run("check", bench.out).code == 0


def test_a_tag_without_a_picture_has_no_place_among_class_folders(bench: Workbench) -> None:
    run = bench.convert(bundle_of_tags(bench, without_file=(2,)), "--to", "yolo:task=classify")

    (output,) = run.data["outputs"]
    assert (output["annotations"]["written"], output["codes"]["S_MEDIA_UNSUPPORTED"]) == (3, {"cat": 1})
    assert bench.run("check", bench.out).code == 0


def test_a_picture_that_left_its_class_folder_is_missed_by_check(bench: Workbench) -> None:
    bench.convert(bundle_of_tags(bench), "--to", "yolo:task=classify")
    (bench.out / "train/cat/1.png").unlink()

    judged = bench.run("check", bench.out, "--json")

    assert judged.code == 4
    assert "C_COUNTS" in judged.out


def test_only_validation_pictures_are_refused_in_words(bench: Workbench) -> None:
    bundle = bench.bundle([item(1, TAG, file="files/1/p.png", split="val")], {"files/1/p.png": png()})

    run = bench.convert(bundle, "--to", "yolo:task=classify")

    assert run.code == 8
    assert "C_YOLO_CLASSIFY" in run.data["exit_error"]["message"]


def test_that_every_record_failed_is_told_before_what_an_empty_dataset_lacks(bench: Workbench) -> None:
    bundle = bench.bundle([item(1, box(), file="files/1/p.png", split="val")], {"files/1/p.png": png()})

    run = bench.convert(bundle, "--to", "yolo:task=classify")

    assert run.code == 8
    assert "E_TAG_MISSING" in run.data["exit_error"]["message"]


@pytest.mark.parametrize("name", ["a.txt", "a.TXT", "no extension", "a.b"])
def test_darknet_lists_a_picture_that_never_was_beside_its_labels(bench: Workbench, name: str) -> None:
    run = bench.convert(bench.bundle([item(1, box(), name=name)]), "--to", "yolo:dialect=darknet", "--media", "none")

    assert run.code == 0, run
    (listed,) = (bench.out / "train.txt").read_text().splitlines()
    (label,) = (bench.out / "obj_train_data").iterdir()
    assert listed != f"obj_train_data/{label.name}"
    assert label.read_text().startswith("0 ")
    assert bench.run("check", bench.out).code == 0


@pytest.mark.parametrize("name", ["a\nb", "\0nul", " lead"])
def test_darknet_keeps_the_numbers_of_names_behind_one_that_no_line_holds(bench: Workbench, name: str) -> None:
    lines = [item(1, box(name), box("cat", x=20), file="files/1/p.png")]

    run = bench.convert(bench.bundle(lines, {"files/1/p.png": png()}), "--to", "yolo:dialect=darknet")

    assert run.code == 3
    assert (bench.out / "obj.names").read_text() == "class_0\ncat\n"
    assert (bench.out / "obj_train_data/1.txt").read_text().startswith("1 ")
    assert [error["code"] for error in bench.errors()] == ["E_CLASS_UNREPRESENTABLE"]


@pytest.mark.parametrize("splits", [("train", "val", "test"), ("train", "odd"), ("train", "valid"), ("val", "train")])
def test_darknet_lists_of_every_split_are_checked(bench: Workbench, splits: tuple[str, ...]) -> None:
    lines = [item(n, box(), file=f"files/{n}/p.png", split=split) for n, split in enumerate(splits)]
    bench.convert(bench.bundle(lines, {f"files/{n}/p.png": png() for n in range(3)}), "--to", "yolo:dialect=darknet")

    judged = bench.run("check", bench.out, "--json")

    assert judged.code == 0, judged


@pytest.mark.parametrize("spec", ["yolo:task=detect", "voc"])
def test_a_name_without_extension_gets_one_where_loaders_select_by_it(bench: Workbench, spec: str) -> None:
    run = bench.convert(bench.bundle([item(1, box(), name="no_extension")]), "--to", spec)

    assert run.code == 0, run
    assert run.data["outputs"][0]["codes"]["N_NAME_CHANGED"] == {"": 1}
    assert bench.run("check", bench.out).code == 0
