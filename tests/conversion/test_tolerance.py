"""Outlines of masks may be simplified; the report then says how much of the masks is left (formats, section 5.0)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.conversion.workbench import Workbench, box, item

RING = [[2, 2, 12, 2, 12, 12, 2, 12]]


def staircase() -> dict[str, Any]:
    """A mask whose lower edge falls by a pixel every two columns; a grid of 40 × 30, column by column."""
    counts: list[int] = [0]
    for x in range(40):
        height = 10 + x // 4
        counts[-1:] = [counts[-1] + 5, height, 30 - 5 - height]
    return {"category": "cat", "segmentation": {"size": [30, 40], "counts": counts}}


WRITERS = [
    ("coco:masks=polygon,tolerance=1.5", "coco:masks=polygon"),
    ("yolo:task=segment,tolerance=1.5", "yolo:task=segment"),
    ("csv:dialect=via,tolerance=1.5", "csv:dialect=via"),
]


def converted(bench: Workbench, to: str, name: str, *annotations: dict[str, Any]) -> tuple[dict[str, Any], int]:
    bundle = bench.bundle([item(1, *annotations)], name=name)
    run = bench.run("convert", bundle, "--to", to, "--media", "none", "--json", "-o", bench.out.parent / name)
    assert run.code == 0, run
    size = sum(p.stat().st_size for p in (bench.out.parent / name).rglob("*.*") if not p.name.startswith("exportkit-"))
    return run.data["outputs"][0], size


@pytest.mark.parametrize(("simpler", "whole"), WRITERS, ids=["coco", "yolo", "via"])
def test_simpler_outlines_are_a_loss_with_its_measure(bench: Workbench, simpler: str, whole: str) -> None:
    made, fewer = converted(bench, simpler, "simpler", staircase(), box())
    plain, all_of_it = converted(bench, whole, "whole", staircase(), box())

    assert made["codes"]["L_SIMPLIFIED"] == {"cat": 1}
    assert 0.9 < made["overlaps"]["L_SIMPLIFIED"]["min"] < 1
    assert made["overlaps"]["L_SIMPLIFIED"]["count"] == 1
    assert "L_SIMPLIFIED" not in plain["codes"]
    assert fewer < all_of_it


@pytest.mark.parametrize("to", [simpler for simpler, _ in WRITERS], ids=["coco", "yolo", "via"])
def test_polygons_stay_as_they_were_drawn(bench: Workbench, to: str) -> None:
    drawn = {"category": "cat", "segmentation": [[0, 0, 10, 0.2, 20, 0, 20, 20, 0, 20]]}

    made, _ = converted(bench, to, "drawn", drawn)

    assert "L_SIMPLIFIED" not in made["codes"]


@pytest.mark.parametrize(
    "to",
    ["coco:tolerance=1", "yolo:task=detect,tolerance=1", "csv:tolerance=1", "yolo:tolerance=-1", "yolo:tolerance=inf"],
)
def test_a_tolerance_goes_with_outlines(bench: Workbench, to: str) -> None:
    assert bench.convert(bench.bundle([item(1, box())]), "--to", to).code == 2


def test_boxes_beside_stuff_carry_no_ring(bench: Workbench) -> None:
    bundle = bench.bundle([item(1, box(), {"category": "sky", "segmentation": RING})])

    assert bench.convert(bundle, "--to", "coco:segmentation=semantic", "--media", "none").code == 0

    (found,) = json.loads((bench.out / "annotations/instances_train.json").read_text())["annotations"]
    assert found["segmentation"] == []
