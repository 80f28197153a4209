"""Boxes smaller than a pixel are pixels all the same."""

from __future__ import annotations

import pytest
from tests.conversion.workbench import Workbench, box, item


@pytest.mark.parametrize("size", [0.5, 1, 0.002])
def test_a_table_of_tiny_boxes_is_published(bench: Workbench, size: float) -> None:
    run = bench.convert(bench.bundle([item(1, box(x=0, y=0, width=size, height=size))]), "--to", "csv:dialect=tfod")

    assert run.code == 0, run
    assert f",0,0,{size},{size}\n" in (bench.out / "train_labels.csv").read_text()
    assert bench.run("check", bench.out).code == 0
