"""Measured IoU of degraded shapes: what a report says does not depend on order, and a box is told by areas."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exportkit.records import Annotation, Box, Canvas, Mask, Part, Polygon, iou
from exportkit.writing import lossy, written
from exportkit.writing.overlaps import OverlapSum, box_overlaps, is_sampled, overlap_of

TRIANGLE = Polygon((Part((10, 10, 30, 10, 10, 30)),))
CANVAS = Canvas(100, 80)


def test_a_box_that_holds_its_region_is_told_by_the_areas() -> None:
    assert overlap_of(TRIANGLE, Box(10, 10, 20, 20)) == 0.5
    assert overlap_of(TRIANGLE, Box(0, 0, 100, 80)) == 200 / 8000


def test_a_declared_box_that_cuts_its_region_is_compared_by_pixels() -> None:
    box = Box(10, 10, 10, 10)

    assert overlap_of(TRIANGLE, box) == iou(TRIANGLE, box) < 1
    assert overlap_of(TRIANGLE, Box(50, 50, 5, 5)) == 0


def test_a_mask_is_measured_by_its_pixels() -> None:
    mask = Mask.from_row_runs([[0, 3], [100, 1]], 100, 80)

    assert overlap_of(mask, Box(0, 0, 3, 2)) == pytest.approx(4 / 6)


def test_only_boxes_in_place_of_regions_are_measured() -> None:
    annotations = [
        Annotation(0, "box", "a", box=Box(1, 1, 5, 5)),
        Annotation(1, "polygon", "a", region=TRIANGLE),
        Annotation(2, "polygon", "a", box=Box(10, 10, 20, 20), region=Polygon((Part((200, 200, 300, 200, 200, 300)),))),
        Annotation(3, "polygon", "a", region=TRIANGLE),
    ]
    outcomes = [written(), lossy("L_REGION_DROPPED"), lossy("L_REGION_DROPPED"), written()]

    assert box_overlaps(annotations, outcomes, CANVAS) == [(1, "L_REGION_DROPPED", 0.5)]


values = st.lists(
    st.tuples(st.floats(0, 1), st.integers(-5, 99) | st.text(max_size=3), st.integers(0, 9)), min_size=1, max_size=40
)


@given(values, st.randoms(use_true_random=False))
def test_a_sum_is_the_same_in_any_order_and_any_grouping(taken: list[Any], chance: random.Random) -> None:
    whole = OverlapSum()
    for value, record, annotation in taken:
        whole.take(value, record, annotation)
    shuffled = chance.sample(taken, len(taken))
    parts = [OverlapSum(), OverlapSum()]
    for value, record, annotation in shuffled:
        parts[chance.randrange(2)].take(value, record, annotation)
    joined = OverlapSum()
    for part in parts:
        joined.add(part)

    assert joined.plain() == whole.plain()
    assert whole.count == len(taken)
    assert whole.least == round(min(value for value, _, _ in taken) * 1_000_000)


def test_about_one_record_in_sixteen_is_in_the_sample() -> None:
    count = sum(is_sampled(number) for number in range(16_000))

    assert 850 < count < 1150
    assert is_sampled("7") == is_sampled(7)
