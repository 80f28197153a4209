"""A run of the suite measures what it is limited to, on real conversions, and leaves nothing behind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.benchmarks.suite import bench
from tests.benchmarks.suite.bench import Bench, Limits
from tests.benchmarks.suite.cases import ALL_FOUR
from tests.benchmarks.suite.material import Material
from tests.benchmarks.suite.page import files_of
from tests.benchmarks.suite.results import Results

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="process trees are read from /proc"),
]
ALONE = ("exportkit",)


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return Material(tmp_path_factory.mktemp("data"))


def test_one_work_at_one_scale_is_measured_in_every_engine(material: Material, tmp_path: Path) -> None:
    saved: list[int] = []
    limits = Limits(scales=("1k",), works=("yolo",), tools=ALONE, runs=1, line=False)
    results = Bench(material, limits, lambda found: saved.append(len(found.measurements))).run(tmp_path)
    one, two = (results.find("1k", "yolo", "exportkit", engine) for engine in ("1 process", "2 workers"))
    assert one is not None
    assert two is not None
    assert (one.files, one.bytes) == (two.files, two.bytes)
    assert one.kept is not None
    source = results.sources["1k"]
    assert one.kept.objects == source.objects - source.crowds == 8_000 - source.crowds
    assert saved[-1] == len(results.measurements) >= 2
    assert "**Not a whole run**, but one limited to: 1k; yolo; exportkit" in files_of(results)["measured.md"]


def test_the_growth_is_measured_in_one_pass_over_four_formats(
    material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "SCALES_OF_LINE", ("1k",))
    measuring = Bench(material, Limits(scales=("1k",), works=("coco",), tools=ALONE, runs=1), lambda _: None)
    found = measuring.run(tmp_path).find("1k", ALL_FOUR.name, "exportkit", "1 process", on_disk=True)
    assert found is not None
    assert found.files > 2_000
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_too_small_is_named_and_left_alone(
    material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "SCALES_OF_LINE", ("1k",))
    monkeypatch.setattr(bench, "free_bytes", lambda _: 1_000_000)
    monkeypatch.setattr(bench, "pictures_of", lambda _: 1_000_000)
    limits = Limits(scales=("1m",), tools=ALONE, runs=1)
    results: Results = Bench(material, limits, lambda _: None).run(tmp_path)
    assert results.measurements == []
    assert results.absent["exportkit from 1k to 1k"] == "takes 21 GB of the disk, of which 0 GB are free"
