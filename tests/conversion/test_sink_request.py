"""The sink of a request that comes from a program instead of the command line."""

from __future__ import annotations

import pytest
from tests.conversion.workbench import Workbench

import exportkit
from exportkit.errors import UsageError


def test_a_sink_that_there_is_not_is_a_mistake_of_the_caller(bench: Workbench) -> None:
    export = exportkit.Export(bench.pictures(1)).to("coco")

    with pytest.raises(UsageError, match="choose tar or zip"):
        export.write(bench.out, sink="rar")
    assert not bench.out.exists()


def test_a_table_in_memory_has_no_sink(bench: Workbench) -> None:
    with pytest.raises(UsageError, match="sink"):
        exportkit.Export(bench.pictures(1)).to_dataframe(sink="tar")


def test_a_sink_gives_the_same_tree_from_a_program(bench: Workbench) -> None:
    bundle = bench.pictures(1, 2)

    exportkit.Export(bundle).to("coco").write(bench.out, sink="tar")

    assert (bench.out / "dataset.tar").is_file()
    assert bench.run("verify", bench.out).code == 0
