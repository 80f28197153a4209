"""The lists of pictures of a darknet dataset come through the whole program."""

from __future__ import annotations

import pytest
from tests.conversion.workbench import Workbench, box, item, png


def test_darknet_keeps_other_splits_in_lists_of_their_own(bench: Workbench) -> None:
    lines = [item(i, box(), file=f"files/{i}/{i}.png", split=split) for i, split in enumerate(("train", "test"), 1)]
    bundle = bench.bundle(lines, {f"files/{i}/{i}.png": png(40, 29 + i) for i in (1, 2)})
    run = bench.convert(bundle, "--to", "yolo:dialect=darknet")

    assert run.code == 0, run
    assert (bench.out / "test.txt").read_text() == "obj_train_data/2.png\n"
    checked = bench.run("check", bench.out, "--json")
    assert {found["code"] for found in checked.data["datasets"][0]["findings"]} == {"C_YOLO_SPLIT"}


@pytest.mark.parametrize("mode", ["copy", "none"])
def test_darknet_is_published_and_passes_its_check(bench: Workbench, mode: str) -> None:
    run = bench.convert(bench.pictures(1, 2), "--to", "yolo:dialect=darknet", "--media", mode)

    assert run.code == 0, run
    assert (bench.out / "train.txt").read_text().split() == ["obj_train_data/1.png", "obj_train_data/2.png"]
    checked = bench.run("check", bench.out, "--json")
    assert checked.code == 0, checked
    assert {found["code"] for found in checked.data["datasets"][0]["findings"]} == {"C_YOLO_SPLIT"}


def test_darknet_lists_only_what_its_loader_can_open(bench: Workbench) -> None:
    lines = [item(1, box(), file="files/1/1.png"), item(2, box())]
    run = bench.convert(bench.bundle(lines, {"files/1/1.png": png()}), "--to", "yolo:dialect=darknet")

    assert run.code == 0, run
    assert (bench.out / "train.txt").read_text().split() == ["obj_train_data/1.png"]
    assert (bench.out / "obj_train_data/2.txt").read_text() != ""
    assert bench.run("check", bench.out).code == 0


def test_a_class_that_begins_with_a_mark_fails_and_the_others_are_published(bench: Workbench) -> None:
    bundle = bench.bundle([item(1, box("\ufeffcat"), box("dog"))])
    run = bench.convert(bundle, "--to", "yolo:dialect=darknet", "--media", "none")

    assert run.code == 3, run
    assert [error["code"] for error in bench.errors()] == ["E_CLASS_UNREPRESENTABLE"]


def test_darknet_labels_without_any_picture_are_counted_by_check(bench: Workbench) -> None:
    assert bench.convert(bench.bundle([item(1, box())]), "--to", "yolo:dialect=darknet").code == 0

    assert bench.run("check", bench.out).code == 0
