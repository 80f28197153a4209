"""A task or role that the survey chose and whose annotations then failed is told of (formats, sections 5.1 and 5.2)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.conversion.workbench import Workbench, box, item

#: Counted by the survey, and refused by every writer of key points: each point lies far outside of the picture.
LOST = {"category": "person", "keypoints": [900, 900, 2] * 17, "bbox": [900, 900, 5, 5]}
KEPT = {"category": "person", "keypoints": [3, 3, 2] * 17, "bbox": [1, 1, 20, 20]}


def empty_findings(bench: Workbench) -> list[tuple[str, str]]:
    return [(f["file"], f["message"]) for f in bench.manifest()["check"] if f["code"] == "C_EMPTY"]


def with_two(bench: Workbench, *annotations: Mapping[str, object]) -> Path:
    return bench.bundle([item(1, box(), *annotations, split="train"), item(2, box(), split="val")])


@pytest.mark.parametrize(
    ("to", "file"), [("coco", "annotations/person_keypoints_train.json"), ("yolo", "data.yaml")], ids=["coco", "yolo"]
)
def test_a_role_or_task_that_stays_empty_is_told(bench: Workbench, to: str, file: str) -> None:
    run = bench.convert(with_two(bench, LOST), "--to", to, "--media", "none")

    assert run.code == 3, run
    assert [where for where, _ in empty_findings(bench)] == [file]
    assert "key point" in empty_findings(bench)[0][1]
    assert "C_EMPTY" in bench.run("check", bench.out).out


@pytest.mark.parametrize("to", ["coco", "yolo"])
def test_one_object_in_one_split_is_enough(bench: Workbench, to: str) -> None:
    run = bench.convert(with_two(bench, LOST, KEPT), "--to", to, "--media", "none")

    assert run.code == 3, run
    assert empty_findings(bench) == []


def test_a_dataset_without_anything_is_told_once(bench: Workbench) -> None:
    bundle = bench.bundle([item(1, LOST)])

    assert bench.convert(bundle, "--to", "coco", "--media", "none").code == 3
    assert [message for _, message in empty_findings(bench)] == ["the dataset has no annotation"]
