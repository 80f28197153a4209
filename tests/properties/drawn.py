"""Geometry of the test oracles: from the specification, shared with nothing that is tested.

Pixels are sets of ``(x, y)``; a pixel is covered when its centre is inside by the even-odd rule, centres on a left
or top side inside, on a right or bottom side outside (formats, section 1.1). Everything is slow and plain.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

Point = tuple[float, float]
Ring = Sequence[Point]
#: One outline with its holes.
Part = tuple[Ring, Sequence[Ring]]
Pixels = frozenset[tuple[int, int]]
Edges = tuple[float, float, float, float]

EPS = 0.001


def crossings(ring: Ring, y: float) -> list[float]:
    """Where a horizontal line meets the ring's sides, lower ends excluded."""
    found = []
    for (ax, ay), (bx, by) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (ay <= y) != (by <= y):
            found.append(ax + (y - ay) * (bx - ax) / (by - ay))
    return sorted(found)


def is_inside(rings: Iterable[Ring], x: float, y: float) -> bool:
    """Whether a point is inside by the even-odd rule over all rings together."""
    return sum(meeting <= x for ring in rings for meeting in crossings(ring, y)) % 2 == 1


def pixels_of(parts: Iterable[Part], width: int, height: int) -> Pixels:
    """Pixels of a picture that the parts cover; parts are united, holes belong to their part."""
    found = set()
    for outer, holes in parts:
        rings = [outer, *holes]
        for y in range(height):
            meetings = sorted(m for ring in rings for m in crossings(ring, y + 0.5))
            for low, high in zip(meetings[0::2], meetings[1::2], strict=True):
                for x in range(max(math.ceil(low - 0.5), 0), min(math.ceil(high - 0.5), width)):
                    found.add((x, y))
    return frozenset(found)


def near_a_side(rings: Iterable[Ring], pixel: tuple[int, int], within: float) -> bool:
    """Whether the centre of a pixel is so close to a side that rounding may move it over."""
    x, y = pixel[0] + 0.5, pixel[1] + 0.5
    return any(
        _distance(x, y, a, b) <= within for ring in rings for a, b in zip(ring, [*ring[1:], ring[0]], strict=True)
    )


def _distance(x: float, y: float, a: Point, b: Point) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = dx * dx + dy * dy
    along = 0.0 if not length else min(max(((x - a[0]) * dx + (y - a[1]) * dy) / length, 0.0), 1.0)
    return math.hypot(a[0] + along * dx - x, a[1] + along * dy - y)


def iou(one: Pixels, other: Pixels) -> float | None:
    """Intersection over union on pixels; None where neither covers one."""
    union = len(one | other)
    return len(one & other) / union if union else None


def half_plane(ring: Ring, axis: int, limit: float, keep_above: bool) -> list[Point]:
    """What is left of a ring on one side of an upright or level line."""

    def inside(point: Point) -> bool:
        return point[axis] >= limit if keep_above else point[axis] <= limit

    kept: list[Point] = []
    for before, point in zip([ring[-1], *ring[:-1]], ring, strict=True):
        if inside(before) != inside(point):
            along = (limit - before[axis]) / (point[axis] - before[axis])
            other = before[1 - axis] + along * (point[1 - axis] - before[1 - axis])
            kept.append((limit, other) if axis == 0 else (other, limit))
        if inside(point):
            kept.append(point)
    return kept


def clipped_ring(ring: Ring, width: float, height: float) -> list[Point]:
    """Left, right, top, bottom (formats, section 2.6); nothing where no area is left."""
    cut = list(ring)
    for axis, limit, keep_above in ((0, 0.0, True), (0, width, False), (1, 0.0, True), (1, height, False)):
        if cut:
            cut = half_plane(cut, axis, limit, keep_above)
    return cut if len(set(cut)) >= 3 and abs(area_of(cut)) > 1e-9 else []


def clipped_parts(parts: Iterable[Part], width: float, height: float) -> list[Part]:
    """Cut ring by ring; a ring that vanishes is dropped."""
    cut = ((clipped_ring(outer, width, height), [clipped_ring(hole, width, height) for hole in holes])
           for outer, holes in parts)  # fmt: skip
    return [(outer, [hole for hole in holes if hole]) for outer, holes in cut if outer]


def area_of(ring: Ring) -> float:
    """Shoelace area, positive if clockwise on screen."""
    return sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(ring, [*ring[1:], ring[0]], strict=True)) / 2


def bounds(points: Iterable[Point]) -> Edges:
    """``x0, y0, x1, y1`` around points."""
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def pixel_bounds(pixels: Pixels) -> Edges:
    """``x0, y0, x1, y1`` around pixels, in pixel edges."""
    x0, y0, x1, y1 = bounds(pixels)
    return x0, y0, x1 + 1, y1 + 1


def corners(cx: float, cy: float, w: float, h: float, theta: float) -> list[Point]:
    """Own top-left, top-right, bottom-right, bottom-left (formats, section 1.2)."""
    cos, sin = math.cos(theta), math.sin(theta)
    sides = ((-w / 2, -h / 2), (w / 2, -h / 2), (w / 2, h / 2), (-w / 2, h / 2))
    return [(cx + dx * cos - dy * sin, cy + dx * sin + dy * cos) for dx, dy in sides]


def rectangle(edges: Edges) -> list[Point]:
    """The four corners of a box."""
    x0, y0, x1, y1 = edges
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def least_rectangle_area(points: Iterable[Point]) -> float:
    """Area of the smallest rectangle around points: one of its sides lies along two of them."""
    unique = sorted(set(points))
    best = math.inf
    for place, (ax, ay) in enumerate(unique):
        for bx, by in unique[place + 1 :]:
            turn = math.atan2(by - ay, bx - ax)
            cos, sin = math.cos(turn), math.sin(turn)
            along = [x * cos + y * sin for x, y in unique]
            across = [y * cos - x * sin for x, y in unique]
            best = min(best, (max(along) - min(along)) * (max(across) - min(across)))
    return best


def clipped_box(x: float, y: float, w: float, h: float, width: float, height: float) -> Edges | None:
    """Edges of a box within the picture, or None if it is none or nothing of it is inside (formats, section 2.5)."""
    if w < EPS or h < EPS:
        return None
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
    return (x0, y0, x1, y1) if x1 - x0 >= EPS * 0.999 and y1 - y0 >= EPS * 0.999 else None


def column_counts(pixels: Pixels, width: int, height: int) -> list[int]:
    """COCO's run lengths: column by column, background first."""
    cells = [(x, y) in pixels for x in range(width) for y in range(height)]
    counts, value, run = [], False, 0
    for cell in cells:
        if cell != value:
            counts.append(run)
            value, run = cell, 0
        run += 1
    return [*counts, run]


def row_runs(pixels: Pixels, width: int) -> list[list[int]]:
    """Half-open row-major ``[start, length]`` runs."""
    runs: list[list[int]] = []
    for index in sorted(y * width + x for x, y in pixels):
        if runs and runs[-1][0] + runs[-1][1] == index:
            runs[-1][1] += 1
        else:
            runs.append([index, 1])
    return runs
