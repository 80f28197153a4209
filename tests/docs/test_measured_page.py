"""The page of measurements and its plots are what the results beside them say."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.suite.page import files_of
from tests.benchmarks.suite.results import load


def test_page_and_plots_are_those_of_the_results(checkout: Path) -> None:
    folder = checkout / "docs" / "explanation" / "performance"
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir() if path.name != "results.json"}
    assert there == files_of(load(folder / "results.json")), "write them anew: make bench BENCH_ARGS=--page-only"
