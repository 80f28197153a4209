"""Instructions are counted without chance, and more of them than before are named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.benchmarks.instruction_gate import COUNTS, SPECS, START, grown, instructions, shrunk

BEFORE = {"start": 1_000_000, "voc": 2_000_000}


@pytest.mark.parametrize(
    ("now", "more", "less"),
    [
        ({"start": 1_019_000, "voc": 1_961_000}, [], []),
        ({"start": 1_021_000, "voc": 2_000_000}, ["start"], []),
        ({"start": 1_000_000, "voc": 1_959_000}, [], ["voc"]),
        ({"start": 1_000_000, "coco": 9_000_000}, [], []),
    ],
)
def test_a_count_may_grow_and_shrink_by_two_in_a_hundred(now: dict[str, int], more: list[str], less: list[str]) -> None:
    assert grown(BEFORE, now) == more
    assert shrunk(BEFORE, now) == less


def test_the_committed_counts_are_of_all_formats() -> None:
    for version, known in json.loads(COUNTS.read_text(encoding="utf-8")).items():
        assert known["build"].startswith(f"Python {version}.")
        assert known["counts"].keys() == {START, *SPECS}
        assert all(count > 0 for count in known["counts"].values())


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_two_counts_of_one_program_are_equal(tmp_path: Path) -> None:
    first, second = (instructions(["true"], tmp_path) for _ in range(2))
    assert first == second > 1000


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_a_program_that_fails_is_not_counted(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="ended with 1"):
        instructions(["false"], tmp_path)
