"""How much of a shape another one still covers: intersection over union on covered pixels."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import TypeAlias

from exportkit.records.box import Box, RotatedBox
from exportkit.records.layers import common_count, run_length
from exportkit.records.mask import Mask
from exportkit.records.polygon import Polygon
from exportkit.records.raster import covered_rows
from exportkit.records.runs import slabs

__all__ = ["Shape", "iou"]

Shape: TypeAlias = Box | RotatedBox | Polygon | Mask
#: Rows from, to (exclusive), and the covered columns ``[from, to, …]`` that all of them have.
_Slab: TypeAlias = tuple[int, int, list[int]]
_NOTHING: list[int] = []


def iou(one: Shape, other: Shape) -> float:
    """Intersection over union of two shapes on the pixels that they cover, in 0…1.

    A pixel is covered when its centre is inside (formats, section 1.1). Where neither covers a pixel, the smaller
    area over the larger one stands for it. Raises AnnotationFault ``E_MASK_SIZE`` as drawing does.
    """
    if isinstance(one, Mask) and isinstance(other, Box):
        return _iou_with_box(one, other)
    common = united = 0
    for first, after_last, mine, others in _aligned(_slabs(one), _slabs(other)):
        rows = after_last - first
        both = common_count(mine, others)
        common += rows * both
        united += rows * (run_length(mine) + run_length(others) - both)
    if united:
        return common / united
    smaller, larger = sorted((_area(one), _area(other)))
    return float(smaller / larger) if larger else 1.0


def _iou_with_box(mask: Mask, box: Box) -> float:
    """The same of a mask, which covers a pixel, and a box, in the reading order that the mask has."""
    left, top, right, bottom = (ceil(edge - 0.5) for edge in box.to_xyxy())
    low, high, first, last = (top, bottom, left, right) if mask.by_column else (left, right, top, bottom)
    span = [low, high]
    common = 0
    for line, line_after, covered in slabs(mask.runs, mask.height if mask.by_column else mask.width):
        lines = min(line_after, last) - max(line, first)
        if lines > 0:
            common += lines * common_count(covered, span)
    return common / (mask.pixel_count() + (right - left) * (bottom - top) - common)


def _slabs(shape: Shape) -> Iterator[_Slab]:
    if isinstance(shape, Mask):
        yield from slabs(shape.row_runs(), shape.width)
        return
    if isinstance(shape, Polygon):
        parts = [part.rings for part in shape.parts]
    elif isinstance(shape, Box):
        x0, y0, x1, y1 = shape.to_xyxy()
        parts = [((x0, y0, x1, y0, x1, y1, x0, y1),)]
    else:
        parts = [(shape.corners(),)]
    for row, spans in covered_rows(parts):
        yield row, row + 1, spans


def _aligned(one: Iterator[_Slab], other: Iterator[_Slab]) -> Iterator[tuple[int, int, list[int], list[int]]]:
    """Runs of rows in which both shapes stay the same: rows from, to, and the columns of each."""
    mine, others = next(one, None), next(other, None)
    while mine is not None or others is not None:
        if others is None or (mine is not None and mine[1] <= others[0]):
            yield *mine, _NOTHING  # type: ignore[misc]
            mine = next(one, None)
        elif mine is None or others[1] <= mine[0]:
            yield others[0], others[1], _NOTHING, others[2]
            others = next(other, None)
        elif mine[0] < others[0]:
            yield mine[0], others[0], mine[2], _NOTHING
            mine = (others[0], mine[1], mine[2])
        elif others[0] < mine[0]:
            yield others[0], mine[0], _NOTHING, others[2]
            others = (mine[0], others[1], others[2])
        else:
            end = min(mine[1], others[1])
            yield mine[0], end, mine[2], others[2]
            mine = (end, mine[1], mine[2]) if end < mine[1] else next(one, None)
            others = (end, others[1], others[2]) if end < others[1] else next(other, None)


def _area(shape: Shape) -> float:
    if isinstance(shape, Mask):
        return shape.pixel_count()
    return float(shape.width * shape.height) if isinstance(shape, Box) else float(shape.area())
