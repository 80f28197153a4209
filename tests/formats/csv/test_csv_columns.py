"""Rows judged by columns, all at once, are judged as one by one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exportkit.records import Annotation, Box, Canvas, decimal_text, rounded
from exportkit.writing import Plan, SplitFacts
from exportkit_csv.box_judges import RetinanetJudge, TfodImagesJudge, TfodLabelsJudge
from exportkit_csv.fraction_judges import OpenImagesBoxesJudge
from exportkit_csv.judge import Judge
from exportkit_csv.options import CsvOptions
from exportkit_csv.reading import blocks, columns
from exportkit_csv.tfod import TfodTable

CELLS = st.sampled_from(
    [
        "x.jpg",
        "y.jpg",
        "a/z.jpg",
        "100",
        "80",
        "1",
        "2.5",
        "30",
        "40.25",
        "cat",
        "NA",
        "",
        "=1+1",
        "'=1",
        "-1",
        "-0.0005",
        "1.",
        ".5",
        "-",
        "1e1",
        "nan",
        "007",
        "\u0663",
        "\u00e4",
        "\0",
        "9" * 30,
        "100.001",
        "100.0011",
        " 5",
        "1_0",
        '"',
        "\r",
    ]
)
SOUND = {
    TfodLabelsJudge: [
        "x.jpg,100,80,cat,1,2,30.5,40",
        "x.jpg,100,80,dog,-0.0005,2,100.001,40",
        "y.jpg,50,50,cat,1,2,3,4",
    ],
    TfodImagesJudge: ["x.jpg,100,80", "y.jpg,60,40"],
    OpenImagesBoxesJudge: [
        "x,exportkit,cat,1,0.1,0.3,0.125,0.375,-1,-1,0,-1,-1",
        "x,exportkit,dog,0.5,0,1,0,1,1,0,1,-1,0",
        "y,xclick,cat,1,0.1,0.3,0.125,0.375,-1,-1,0,-1,-1",
    ],
    RetinanetJudge: ["images/x.jpg,1,2,3,4,cat", "images/y.jpg,,,,,", "images/z.jpg,0,0,30,40,dog"],
}


def judged(kind: type[Judge], text: str, *, by_columns: bool) -> tuple[Any, ...]:
    """Everything that a judge tells about a text, given in two pieces."""
    told: list[tuple[str, str, str, int]] = []
    judge = kind(lambda *problem: told.append(problem), raw=False)
    if not by_columns:
        judge.by_columns = False  # type: ignore[misc]
    half = text.find("\n", len(text) // 2) + 1
    for piece, line in ((text[:half], 1), (text[half:], 0)):
        for block, first in blocks(piece, line):
            judge.rows(block, first if line else 0)
    return told, judge.facts, judge.pictures


@pytest.mark.parametrize("kind", list(SOUND))
@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_columns_tell_what_rows_tell(kind: type[Judge], data: st.DataObject) -> None:
    rows = [row.split(",") for row in data.draw(st.lists(st.sampled_from(SOUND[kind]), min_size=1, max_size=8))]
    for _ in range(data.draw(st.integers(0, 2))):
        row = data.draw(st.sampled_from(rows))
        row[data.draw(st.integers(0, len(row) - 1))] = data.draw(CELLS)
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    text = "".join(",".join(row) + end for row in rows)
    text = text if data.draw(st.booleans()) else text.removesuffix("\n")

    assert judged(kind, text, by_columns=True) == judged(kind, text, by_columns=False)


@pytest.mark.parametrize("kind", list(SOUND))
def test_sound_rows_are_judged_by_columns_alone(kind: type[Judge], monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(row + "\n" for row in SOUND[kind]) * 3
    expected = judged(kind, text, by_columns=False)
    monkeypatch.delattr(kind, "judge")
    monkeypatch.setattr(kind, "row", None)

    assert judged(kind, text, by_columns=True) == expected
    assert not expected[0]


def test_cells_that_moved_into_the_next_row_are_no_columns() -> None:
    assert columns("a,1\nb,2\n", 2) == [["a", "b"], ["1", "2"]]
    assert columns("a,1,b\n2\n", 2) is None
    assert columns("a\n\n1,b\n", 2) is None
    assert columns('a,"1"\n', 2) is None
    assert columns("a,1\nb,2", 2) is None


def test_long_texts_are_cut_at_line_ends() -> None:
    text = "".join(f"{number}\n" for number in range(40_000))

    cut = list(blocks(text, 1))

    assert len(cut) > 3
    assert "".join(block for block, _ in cut) == text
    assert [int(block.split("\n", 1)[0]) + 1 for block, _ in cut] == [line for _, line in cut]


SIDES = st.one_of(st.integers(0, 900), st.floats(0, 900).map(lambda value: round(value, 2)), st.floats(0, 900))


@given(
    x=SIDES, y=SIDES, width=SIDES.filter(lambda side: side >= 0.001), height=SIDES.filter(lambda side: side >= 0.001)
)
@example(x=0.0, y=1e-7, width=0.001, height=99.9999999)
@example(x=10, y=-0.0, width=20, height=1e-3)
@settings(max_examples=100, deadline=None)
def test_the_edges_of_a_row_are_the_rounded_sums_in_shortest_form(
    x: float, y: float, width: float, height: float
) -> None:
    plan = Plan(
        ("cat",), {"cat": 0}, (SplitFacts("train", 1, {"box": 1}),), {"box": 1}, {"image": 1}, 1, ids_usable=True
    )
    row, grown = TfodTable(CsvOptions(dialect="tfod"), plan).row(
        "h", "cat", Box(x, y, width, height), Canvas(2000, 2000), Annotation(0, "box", "cat")
    )

    numbers = (x, y, rounded(x + width), rounded(y + height))
    assert (row, grown) == ("h,cat," + ",".join(map(decimal_text, numbers)), False)
