"""Readings become measurements, measurements a judgement, a page and plots."""

from __future__ import annotations

import math
import sys
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.benchmarks.suite.cases import ALL_FOUR, PEERS, SCALES_OF_LINE
from tests.benchmarks.suite.claims import claims, straightness
from tests.benchmarks.suite.page import files_of
from tests.benchmarks.suite.plots import Bar, Group, bars, points
from tests.benchmarks.suite.results import Kept, Machine, Measurement, Results, load, save
from tests.benchmarks.suite.runner import Contender, Outputs, take_turns

MACHINE = Machine("a processor", 2, "24 GiB", "Linux 6", "3.11.7")


def measurement(scale: str, tool: str, wall: float, memory: float = 50.0, engine: str = "") -> Measurement:
    return Measurement(scale=scale, work="yolo", tool=tool, engine=engine, runs=1, cpu=wall, wall=wall, memory=memory)


def results(*measurements: Measurement) -> Results:
    sources = {scale: Kept(9, 8, 7, 6, 6) for scale in ("20k", "118k")}
    pictures = {"20k": 20_000, "118k": 118_000, "500k": 500_000, "1m": 1_000_000}
    return Results("2026-01-31", MACHINE, (0.1, 1.0), "", pictures, sources, measurements=list(measurements))


def verdict(found: Results, words: str) -> tuple[str, bool | None]:
    (one,) = [claim for claim in claims(found) if words in claim.what]
    return one.found, one.holds


# -- judgement -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wall", "holds"), [(18.0, True), (17.9, False)])
def test_a_ratio_holds_from_what_is_asked_on(wall: float, holds: bool) -> None:
    ours = measurement("118k", "exportkit", 1.0, engine="2 workers")
    found = results(ours, measurement("118k", "datumaro", wall))
    assert verdict(found, "yolo: wall time of datumaro") == (f"{wall} at 118k (CPU {wall})", holds)


def test_a_smaller_scale_is_shown_but_not_judged() -> None:
    ours = measurement("20k", "exportkit", 1.0, engine="2 workers")
    found = results(ours, measurement("20k", "datumaro", 99.0))
    assert verdict(found, "yolo: wall time of datumaro") == ("99.0 at 20k (CPU 99.0)", None)


def test_what_was_not_measured_is_not_judged() -> None:
    assert {(claim.found, claim.holds) for claim in claims(results())} == {("", None)}


@pytest.mark.parametrize(("memory", "holds"), [(3500.0, True), (3400.0, False)])
def test_memory_is_held_against_one_process(memory: float, holds: bool) -> None:
    ours = measurement("118k", "exportkit", 1.0, memory=100.0, engine="1 process")
    found = results(ours, measurement("118k", "globox", 5.0, memory=memory))
    assert verdict(found, "memory of globox")[1] is holds


@pytest.mark.parametrize(("bytes_a_record", "holds"), [(24, True), (25, False)])
def test_growth_of_memory_is_told_by_record(bytes_a_record: int, holds: bool) -> None:
    pictures = results().pictures
    line = [
        Measurement(
            scale=scale,
            work=ALL_FOUR.name,
            tool="exportkit",
            engine="1 process",
            on_disk=True,
            runs=1,
            cpu=pictures[scale] / 1000,
            memory=80 + bytes_a_record * (pictures[scale] - 20_000) / (1 << 20),
        )
        for scale in SCALES_OF_LINE
    ]
    assert verdict(results(*line), "bytes of memory a record") == (f"{bytes_a_record}.0", holds)
    assert verdict(results(*line), "R² of CPU") == ("1.0000", True)


def test_points_beside_a_line_are_less_straight() -> None:
    assert straightness([1, 2, 3], [2, 4, 6]) == 1
    assert straightness([1, 2, 3, 4], [1, 4, 9, 16]) == pytest.approx(0.9690, abs=1e-4)


# -- files -----------------------------------------------------------------------------------------------------


def test_results_come_back_as_they_were_saved(tmp_path: Path) -> None:
    found = results(measurement("20k", "exportkit", 1.25, engine="1 process"))
    save(found, tmp_path / "new" / "results.json")
    assert load(tmp_path / "new" / "results.json") == found


def test_the_page_names_all_that_was_measured_and_all_that_was_left_out() -> None:
    found = results(
        measurement("20k", "exportkit", 1.0, engine="2 workers"),
        measurement("20k", "globox", 7.5),
        Measurement(scale="20k", work="yolo", tool="pylabel", left_out="over 300 s"),
    )
    found.absent = {"hotcoco": "not installed"}
    page = files_of(found)["measured.md"]
    assert "| globox | 7.50 | 7.50 | 7.5 |" in page
    assert "| pylabel | over 300 s |" in page
    assert "Left out: hotcoco: not installed." in page
    assert "| *the source* |  |  |  |  |  |  | 9 | 8 | 7 | 6, 6 marked |" in page


def test_every_row_of_a_table_has_the_columns_of_its_head() -> None:
    found = results(
        measurement("20k", "exportkit", 1.0, engine="2 workers"),
        Measurement(scale="20k", work="yolo", tool="pylabel", left_out="over 300 s"),
        Measurement(scale="20k", work="coco", tool="exportkit", engine="1 process", left_out="over 300 s"),
    )
    lines = files_of(found)["measured.md"].splitlines()
    for above, below in pairwise(lines):
        if above.startswith("|") and below.startswith("|"):
            assert above.count("|") == below.count("|"), below


# -- plots -----------------------------------------------------------------------------------------------------

SVG = "{http://www.w3.org/2000/svg}"


def test_a_bar_ten_times_as_long_is_one_decade_longer() -> None:
    groups = [Group("a & b", [Bar("x", 1.0, True), Bar("y", 10.0, False), Bar("z", 100.0, False)])]
    drawing = ET.fromstring(bars("<times>", "seconds", groups))
    _, *drawn = drawing.iter(f"{SVG}rect")
    widths = [float(bar.get("width", "")) for bar in drawn]
    assert widths[2] - widths[1] == pytest.approx(widths[1], abs=0.2)
    assert [bar.get("fill") == drawn[0].get("fill") for bar in drawn] == [True, False, False]


def test_points_of_a_line_lie_on_it() -> None:
    places = [(1e5, 15.0), (5e5, 55.0), (1e6, 105.0)]
    drawing = ET.fromstring(points("growth", "records", "CPU s", places, (1e-4, 5.0)))
    x0, y0, x1, y1 = (float(list(drawing.iter(f"{SVG}line"))[-1].get(end, "")) for end in ("x1", "y1", "x2", "y2"))
    circles = list(drawing.iter(f"{SVG}circle"))
    for circle in circles:
        x, y = float(circle.get("cx", "")), float(circle.get("cy", ""))
        assert math.isclose(y, y0 + (y1 - y0) * (x - x0) / (x1 - x0), abs_tol=0.3)
    assert len(circles) == 3


# -- turns -----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="process trees are read from /proc")
def test_each_has_its_turn_and_what_failed_is_not_asked_again(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def contender(name: str, code: int) -> Contender:
        title = Measurement(scale="1k", work="yolo", tool=name)
        script = f'echo {name} >> {log}; printf 12345 > "$0/file"; exit {code}'
        return Contender(title, lambda out: ["sh", "-c", script, str(out)], runs=2)

    outputs = Outputs(tmp_path)
    found = take_turns([contender("good", 0), contender("bad", 4)], outputs, lambda *_: Kept(1, 0, 0, 0, 0))
    outputs.close()
    assert log.read_text().split() == ["good", "bad", "good"]
    assert [(one.tool, one.runs, one.files, one.bytes) for one in found] == [("good", 2, 1, 5), ("bad", 0, 0, 0)]
    assert found[1].left_out.startswith("ended with 4")
    assert list(tmp_path.iterdir()) == [log]


def test_every_other_tool_has_its_program() -> None:
    assert [peer.name for peer in PEERS if not peer.script.is_file()] == []
