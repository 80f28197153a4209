"""A simplified outline keeps its corners, and every point that it leaves out lies within the tolerance."""

from __future__ import annotations

from itertools import pairwise
from math import hypot

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exportkit.records import Mask, Part, Polygon, iou
from exportkit.records.simplification import simplified


def polygon(*points: float, hole: tuple[float, ...] = ()) -> Polygon:
    return Polygon((Part(points, (hole,) if hole else ()),))


def disc(radius: int) -> Mask:
    size = 2 * radius + 2
    inside = [
        y * size + x
        for y in range(size)
        for x in range(size)
        if hypot(x + 0.5 - size / 2, y + 0.5 - size / 2) <= radius
    ]
    runs: list[int] = []
    for pixel in inside:
        if runs and runs[-1] == pixel:
            runs[-1] += 1
        else:
            runs += [pixel, pixel + 1]
    return Mask(size, size, tuple(runs))


def distance(point: tuple[float, float], one: tuple[float, float], other: tuple[float, float]) -> float:
    (px, py), (ax, ay), (bx, by) = point, one, other
    length = hypot(bx - ax, by - ay)
    share = 0 if not length else max(0, min(1, ((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / length**2))
    return hypot(px - ax - share * (bx - ax), py - ay - share * (by - ay))


def test_steps_of_a_slope_become_one_edge() -> None:
    steps = (0, 0, 10, 0, 10, 1, 20, 1, 20, 2, 30, 2, 30, 40, 0, 40)

    assert simplified(polygon(*steps), 1).parts[0].outer == (0, 0, 30, 2, 30, 40, 0, 40)


def test_corners_beyond_the_tolerance_stay() -> None:
    square = polygon(0, 0, 10, 0, 10, 10, 0, 10, hole=(2, 2, 2, 8, 8, 8, 8, 2))

    assert simplified(square, 1) is square


def test_an_outline_that_would_vanish_stays() -> None:
    sliver = polygon(0, 0, 9, 0, 9, 1, 0, 1)

    assert simplified(sliver, 20) is sliver


def test_a_spike_within_the_width_of_its_edge_is_not_cut_short() -> None:
    spike = polygon(0, 0, 30, 0.5, 5, 0.9, 5, 20, 0, 20)

    assert (30, 0.5) in [*zip(*[iter(simplified(spike, 1).parts[0].outer)] * 2, strict=True)]


@pytest.mark.parametrize(("tolerance", "least", "most"), [(1, 0.97, 40), (2, 0.93, 24)])
def test_a_disc_of_pixels_keeps_its_shape_with_few_points(tolerance: float, least: float, most: int) -> None:
    source = disc(40)

    found = simplified(source.to_polygon(), tolerance)

    assert len(found.parts[0].outer) // 2 <= most
    assert iou(source, found) >= least


POINTS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=3, max_size=30, unique=True)


@given(POINTS, st.floats(0.1, 10))
def test_every_point_left_out_lies_within_the_tolerance(points: list[tuple[int, int]], tolerance: float) -> None:
    ring = tuple(float(value) for point in points for value in point)

    (part,) = simplified(polygon(*ring), tolerance).parts

    kept = [*zip(part.outer[0::2], part.outer[1::2], strict=True)]
    assert set(kept) <= set(points)
    edges = [*pairwise(kept), (kept[-1], kept[0])]
    assert all(min(distance(point, *edge) for edge in edges) <= tolerance + 1e-9 for point in points)
