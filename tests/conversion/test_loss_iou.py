"""The account of loss says how much of degraded shapes is left (``--loss-iou``)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.conversion.workbench import Workbench, item

TRIANGLE = {"category": "a", "segmentation": [[10, 10, 30, 10, 10, 30]]}


def overlaps(bench: Workbench, *words: str, lines: int = 160) -> Any:
    bundle = bench.bundle([item(n, TRIANGLE) for n in range(1, lines + 1)])
    ran = bench.run("convert", bundle, "--to", "yolo:task=detect", "--media", "none", "-o", bench.out, *words)
    assert ran.code == 0, ran
    return json.loads((bench.out / "exportkit-manifest.json").read_text())["overlaps"]


def test_the_sample_is_fixed_and_all_is_all(bench: Workbench) -> None:
    found = overlaps(bench, "--loss-iou", "all")

    assert set(found) == {"L_REGION_DROPPED"}
    assert (found["L_REGION_DROPPED"]["count"], found["L_REGION_DROPPED"]["mean"]) == (160, 0.5)
    assert found["L_REGION_DROPPED"]["worst"][0] == {"record": 1, "annotation": 0, "iou": 0.5}


def test_by_default_a_sixteenth_is_measured(bench: Workbench) -> None:
    assert 1 <= overlaps(bench)["L_REGION_DROPPED"]["count"] <= 30


@pytest.mark.parametrize("words", [("--dry-run",), ()])
def test_a_dry_run_foretells_the_same_numbers(bench: Workbench, words: tuple[str, ...]) -> None:
    bundle = bench.bundle([item(n, TRIANGLE) for n in range(1, 40)])
    ran = bench.run(
        "convert", bundle, "--to", "yolo:task=detect", "--media", "none", "-o", bench.out, "--json",
        "--loss-iou", "all",
        *words,
    )  # fmt: skip

    (output,) = json.loads(ran.out)["outputs"]
    assert output["overlaps"]["L_REGION_DROPPED"]["count"] == 39
    assert output["codes"]["L_REGION_DROPPED"] == {"a": 39}
    assert bench.out.exists() is (not words)
