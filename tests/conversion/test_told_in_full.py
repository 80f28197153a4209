"""Lists and results tell what happened in full: a message on every line, and what was written rather than planned."""

from __future__ import annotations

import json

import pytest
from tests.conversion.workbench import Workbench, box, item, lines_of

RING = [[2, 2, 12, 2, 12, 12, 2, 12]]


@pytest.mark.parametrize("to", ["coco", "yolo:task=detect", "voc", "csv:dialect=retinanet"])
def test_every_line_of_both_lists_has_a_message(bench: Workbench, to: str) -> None:
    lines = [
        item(1, box(), box(width=0), {"category": "cat", "segmentation": RING, "area": 7}, {"caption": "a scene"}),
        item(2, {"category": "cat", "tag": True}, {"category": "cat", "polyline": [[1, 1], [5, 5]]}),
        item(3, box(x=35, y=1, width=30, height=4, attributes={"color": "red"}, difficult=True)),
    ]

    bench.convert(bench.bundle(lines), "--to", to, "--media", "none", "--loss-list", "all")

    entries = [*lines_of(bench.out / "exportkit-losses.jsonl"), *lines_of(bench.out / "exportkit-errors.jsonl")]
    assert len(entries) > 3
    assert [entry for entry in entries if not entry["message"].strip() or not entry["message"].endswith(".")] == []


def test_splits_count_the_records_that_were_written(bench: Workbench) -> None:
    wide = {"id": 1, "name": "w.png"}
    lines = [
        item(1, box(), split="train"),
        item(2, box(), split="train", data_unit=wide, name="w.png"),
        item(3, box(), split="val"),
    ]

    run = bench.convert(bench.bundle(lines), "--to", "yolo", "--media", "none", "--json")

    assert run.code == 3, run
    assert run.data["outputs"][0]["splits"] == {"train": 1, "val": 1}
    manifest = json.loads((bench.out / "exportkit-manifest.json").read_text())
    assert manifest["splits"] == [{"name": "train", "records": 1}, {"name": "val", "records": 1}]
    assert sum(split["records"] for split in manifest["splits"]) == manifest["records"]["written"]


def test_without_splits_all_that_is_written_is_train(bench: Workbench) -> None:
    run = bench.convert(bench.bundle([item(1, box()), item(2, box(), data_unit={"id": 1})]), "--to", "yolo", "--json")

    assert run.data["outputs"][0]["splits"] == {"train": run.data["outputs"][0]["records"]["written"]}
