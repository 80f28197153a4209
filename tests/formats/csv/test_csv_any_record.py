"""Whatever a record holds, every dialect answers, and what it writes takes its own check."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.formats.csv.tables import encode, plan_of
from tests.formats.csv.test_csv_checker import Folder

from exportkit.records import KINDS, PERSON_17, Annotation, Box, Keypoints, LazyRegion, Point, Record, RotatedBox
from exportkit.writing import Piece
from exportkit_csv.checker import CsvChecker
from exportkit_csv.options import CsvOptions, Dialect
from exportkit_csv.writer import CsvWriter

WIDTH, HEIGHT = 100, 80
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(["=1", "'=1", "NA", "a\nb", '"'])
NUMBERS = (
    st.integers(-20, 120)
    | st.floats(-20, 120)
    | st.sampled_from([0, 100, 80, 1e-7, 99.9999995, 2e6, math.nan, math.inf, -0.0])
)
RINGS = st.lists(st.lists(NUMBERS, max_size=10), max_size=3)
COUNTS = st.lists(st.integers(-1, WIDTH * HEIGHT), max_size=6)


@st.composite
def any_annotation(draw: st.DrawFn) -> Annotation:
    kind = draw(st.sampled_from(KINDS))
    flag = st.booleans()
    fields: dict[str, Any] = {name: draw(flag) for name in ("iscrowd", "difficult", "truncated", "occluded")}
    fields["score"] = draw(st.none() | NUMBERS)
    fields["group_id"] = draw(st.none() | st.integers(-(2**63), 2**63) | TEXT)
    fields["frame"] = draw(st.none() | st.integers(0, 2**70))
    fields["attributes"] = draw(st.none() | st.dictionaries(TEXT, NUMBERS | TEXT, max_size=2))
    if kind == "box" or draw(flag):
        fields["box"] = Box(*(draw(NUMBERS) for _ in range(4)))
    if kind == "polygon" or (kind == "keypoints" and draw(flag)):
        fields["region"] = LazyRegion(draw(RINGS), "rings_xy", holes=draw(st.none() | RINGS))
    if kind == "mask":
        counts = draw(COUNTS)
        rest = WIDTH * HEIGHT - sum(counts)
        fields["region"] = LazyRegion({"size": [HEIGHT, WIDTH], "counts": [*counts, rest]}, "rle")
    if kind == "rotated_box":
        fields["geometry"] = RotatedBox(*(draw(NUMBERS) for _ in range(5)))
    if kind == "keypoints":
        points = tuple((draw(NUMBERS), draw(NUMBERS), draw(st.integers(0, 2))) for _ in range(3))
        fields["geometry"] = Keypoints(points, PERSON_17.name)
    if kind == "point":
        fields["geometry"] = Point(draw(NUMBERS), draw(NUMBERS), draw(st.integers(0, 2)))
    if kind == "polyline":
        fields["geometry"] = draw(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=4).map(tuple))
    if kind in KINDS[7:9] or kind in KINDS[10:]:
        fields["geometry"] = draw(st.none() | TEXT | st.lists(NUMBERS, max_size=3))
    return Annotation(0, kind, draw(TEXT.filter(str.strip)), **fields)


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["long", "parquet", "retinanet", "tfod", "openimages", "via", "automl"])
@settings(max_examples=25, deadline=None, suppress_health_check=[*HealthCheck])
@given(found=st.lists(any_annotation(), max_size=5), raw=st.booleans(), precision=st.none() | st.integers(0, 9))
@example(found=[Annotation(0, "box", "cat", Box(1, 1, 5, 5), score=-0.0)], raw=False, precision=None)
def test_any_record_is_answered_and_its_rows_take_their_check(
    tmp_path: Path, dialect: Dialect, found: list[Annotation], raw: bool, precision: int | None
) -> None:
    given_options: dict[str, Any] = {"raw": raw} if dialect != "parquet" else {}
    options = CsvOptions(dialect=dialect, precision=None if dialect == "retinanet" else precision, **given_options)
    record = Record(1, tuple(found), name="x.jpg", width=WIDTH, height=HEIGHT)
    (encoded,) = encode(CsvWriter(options, plan_of([record])), [record])

    assert len(encoded.outcomes) == len(found)
    for outcome in encoded.outcomes:
        assert {code[0] for code in outcome.codes} <= {
            "written": {"N"}, "lossy": {"N", "L"}, "skipped": {"S"}, "failed": {"E"},
        }[outcome.status]  # fmt: skip
    manifest = {"writer": {"options": json.loads(options.model_dump_json())}}
    checker = CsvChecker(Folder(tmp_path, manifest))
    report = checker.check_pieces([Piece(key.partition("#")[0], data, key) for key, data in encoded.streams.items()])
    assert [finding for finding in report.findings if finding.severity == "error"] == []
    written = sum(outcome.status in {"written", "lossy"} for outcome in encoded.outcomes)
    assert report.objects == (encoded.objects if encoded.objects >= 0 else written)
