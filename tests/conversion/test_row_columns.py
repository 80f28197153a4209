"""Columns of rows, and lines of pictures, are the same with the compiled core as without it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exportkit.conversion import row_columns, stream_pieces
from exportkit.conversion.row_columns import NOWHERE, RowColumns, columns_of, image_lines
from exportkit.conversion.rows import MediaRow, Row
from exportkit.conversion.stream_pieces import StreamPieces
from exportkit.native import core
from exportkit.writing import Fragments, overlaps
from exportkit.writing.overlaps import sampled

pytestmark = pytest.mark.skipif(core is None, reason="the compiled core is not built or switched off")

WORDS = st.text(st.sampled_from('abé"\\/\x01\x7f😀.'), max_size=5)
KINDS = st.dictionaries(
    st.sampled_from(["box", "polygon", "rotated_box", "keypoints", "tag"]), st.integers(1, 9), max_size=3
)
MEDIA = st.builds(
    MediaRow, st.none() | WORDS, WORDS, st.integers(0, 9), st.integers(0, 9), st.sampled_from([1, 1, 6]), st.just(""),
    st.integers(1, 4), WORDS, KINDS, st.sampled_from([(), (), (("N_X", "x"),)]),
    st.sampled_from([None, None, ("E", "m", "$")]), st.booleans(), st.booleans(),
)  # fmt: skip
IDS = st.integers() | st.text(max_size=5)
ROWS = st.lists(
    st.builds(
        Row, IDS, st.just(0), st.integers(5, 99), st.integers(1, 9), st.just(1),
        st.lists(MEDIA, min_size=1, max_size=2).map(tuple),
    ),
    max_size=5,
)  # fmt: skip
USUAL = MediaRow(None, "a.jpg", 4, 3, 1, "", 3, "train", {"box": 1}, (), None, False, True)


@given(ROWS, st.sampled_from([frozenset(), frozenset({"polygon"}), frozenset({"polygon", "rotated_box"})]))
def test_columns(rows: list[Row], boxless: frozenset[str]) -> None:
    made = columns_of(rows, 5, boxless)

    assert made == _without_core(lambda: columns_of(rows, 5, boxless))


@pytest.mark.parametrize(
    ("change", "boxless", "runs"),
    [
        ({}, frozenset(), True),
        ({"kinds": {"polygon": 1}}, frozenset(), True),
        ({"kinds": {"polygon": 1}, "media_id": "image_1"}, frozenset(), False),
        ({"kinds": {"polygon": 1}, "media_id": "image_1"}, frozenset({"polygon"}), True),
        ({"kinds": {"rotated_box": 1}}, frozenset(), False),
        ({"kinds": {"rotated_box": 1}}, frozenset({"rotated_box"}), True),
        ({"orientation": 6}, frozenset(), False),
        ({"width": 0}, frozenset(), False),
        ({"plain_name": False}, frozenset(), False),
    ],
)
def test_a_run_may_have_an_image_about_which_there_is_nothing_to_be_said(
    change: dict[str, Any], boxless: frozenset[str], runs: bool
) -> None:
    fields = {name: getattr(USUAL, name) for name in USUAL.__struct_fields__}
    row = Row(7, 0, 20, 9, 1, (MediaRow(**(fields | change)),))

    made = columns_of([row], 5, boxless)

    assert made.places == [(15, 9, 4, 3) if runs else NOWHERE]


@given(ROWS, st.data())
def test_lines_of_pictures(rows: list[Row], data: st.DataObject) -> None:
    rows = [row for row in rows if len(row.media) == 1]
    splits, paths = (data.draw(st.lists(WORDS, min_size=len(rows), max_size=len(rows))) for _ in range(2))

    made = image_lines(rows, splits, paths)

    assert made == _without_core(lambda: image_lines(rows, splits, paths))


@given(st.lists(IDS, max_size=40))
def test_samples(ids: list[int | str]) -> None:
    assert sampled(ids) == _without_core(lambda: sampled(ids))


@given(
    st.lists(st.sampled_from([b"a", b"bc", b"dd"]), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from([b"x", b"yz", b""])), max_size=4),
    st.sampled_from([b"", b",", b"\r\n"]),
)
def test_replaced_pieces(pieces: list[bytes], changes: list[tuple[int, bytes]], separator: bytes) -> None:
    exceptions = {at % len(pieces): piece for at, piece in changes}

    def joined() -> dict[str, bytes]:
        parts = {"all": Fragments("all", separator), "own": Fragments("own", separator, otherwise="rest")}
        parts["rest"] = Fragments("rest", separator)
        streams = StreamPieces(parts)
        streams.take_run({"rest": pieces, "all": pieces}, {"own": exceptions})
        return streams.joined()

    assert joined() == _without_core(joined)


def _without_core(make: Any) -> RowColumns | Any:
    with pytest.MonkeyPatch.context() as patch:
        for module in (row_columns, stream_pieces, overlaps):
            patch.setattr(module, "core", None)
        return make()
