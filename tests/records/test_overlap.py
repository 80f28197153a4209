"""Intersection over union on covered pixels, against counting pixel by pixel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exportkit.records import Box, Mask, Part, Polygon, RotatedBox, Shape, iou

SIDE = 12
numbers = st.integers(0, 4 * SIDE).map(lambda quarter: quarter / 4)
boxes = st.tuples(numbers, numbers, numbers, numbers).map(lambda n: Box(n[0], n[1], n[2] + 0.25, n[3] + 0.25))
polygons = st.lists(numbers, min_size=6, max_size=10).filter(lambda ring: len(ring) % 2 == 0)
masks = st.frozensets(st.integers(0, SIDE * SIDE - 1), min_size=1).map(
    lambda pixels: Mask.from_row_indices(sorted(pixels), SIDE, SIDE)
)
shapes = st.one_of(boxes, polygons.map(lambda ring: Polygon((Part(tuple(ring)),))), masks)


def pixels(shape: Shape) -> frozenset[tuple[int, int]]:
    """Covered pixels, each asked by itself."""
    side = 4 * SIDE
    if isinstance(shape, Mask):
        runs = shape.to_row_runs()
        return frozenset(divmod(place, shape.width) for start, length in runs for place in range(start, start + length))
    if isinstance(shape, Box):
        x0, y0, x1, y1 = shape.to_xyxy()
        return frozenset((y, x) for y in range(side) for x in range(side) if x0 <= x + 0.5 < x1 and y0 <= y + 0.5 < y1)
    assert isinstance(shape, Polygon)
    ring = shape.parts[0].outer
    corners = list(zip(ring[0::2], ring[1::2], strict=True))
    edges = list(zip(corners, corners[1:] + corners[:1], strict=True))

    def inside(x: float, y: float) -> bool:
        crossings = [
            ax + (y - ay) * (bx - ax) / (by - ay) for (ax, ay), (bx, by) in edges if min(ay, by) <= y - 0 < max(ay, by)
        ]
        return len([at for at in crossings if at <= x]) % 2 == 1

    return frozenset((y, x) for y in range(SIDE) for x in range(SIDE) if inside(x + 0.5, y + 0.5))


@given(shapes, shapes)
def test_it_is_the_share_of_common_pixels(one: Shape, other: Shape) -> None:
    mine, others = pixels(one), pixels(other)
    if mine | others:
        assert iou(one, other) == pytest.approx(len(mine & others) / len(mine | others))
    assert iou(one, other) == iou(other, one)


@given(shapes)
def test_a_shape_covers_itself(shape: Shape) -> None:
    assert iou(shape, shape) == 1


def test_shapes_without_a_pixel_are_compared_by_area() -> None:
    assert iou(Box(0, 0, 0.25, 0.25), Box(0, 0, 0.25, 0.125)) == 0.5


def test_a_full_mask_of_any_height_costs_no_more_than_its_runs() -> None:
    tall = Mask.from_row_runs([[0, 8 * 10_000_000]], 8, 10_000_000, max_pixels=1 << 28)
    assert iou(tall, tall) == 1


def test_a_turned_box_covers_the_pixels_of_its_corners() -> None:
    box = RotatedBox(6, 6, 8, 4, 0.5)
    assert iou(box, Polygon((Part(box.corners()),))) == 1
