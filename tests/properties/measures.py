"""The IoU in a report is what the shapes that were read back give (formats, section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.properties.drawn import Pixels, Ring, area_of, near_a_side, pixels_of, rectangle
from tests.properties.found import Found
from tests.properties.promises import extent, parts_of, region_pixels, turned
from tests.properties.things import Picture, Thing

__all__ = ["same_measures"]

#: Codes of boxes in place of other shapes; their measure may be one of areas.
_BOXES = frozenset({"L_REGION_DROPPED", "L_ROTATION_FLATTENED"})
#: Codes of outlines and pixels; ``settle`` of several objects on one grid is judged by what can be seen.
_SHAPES = frozenset(
    {"L_HOLES_BRIDGED", "L_PARTS_JOINED", "L_PARTS_SPLIT", "L_REGION_TO_OBB", "L_RASTERISED", "L_REGION_COVERED"}
)
_NEAR = 1e-5


def same_measures(
    overlaps: Mapping[str, Any], pictures: Mapping[tuple[str, Any], Picture], found: Mapping[Any, tuple[Thing, Found]]
) -> int:
    """Judge each example that a report lists; how many there were.

    ``found`` has what was read by record and by id, or else place, of the annotation.
    """
    judged = 0
    for code, told in overlaps.items():
        assert told["min"] == min([told["min"], *(worst["iou"] for worst in told["worst"])])
        for worst in told["worst"]:
            key = (type(worst["record"]).__name__, worst["record"])
            pair = found.get((key, worst["annotation"]))
            if pair is None:
                continue
            low, high = _bounds_of(code, *pair, pictures[key])
            assert low - 2e-3 <= worst["iou"] <= high + 2e-3, (code, worst, low, high, pair)
            judged += 1
    return judged


def _bounds_of(code: str, thing: Thing, own: Found, picture: Picture) -> tuple[float, float]:
    """Least and most that the measure can be: pixels on a side may fall either way."""
    source, sides = _source(thing, picture)
    if code in _BOXES:
        box = extent(thing, picture)
        assert box is not None
        drawn = rectangle(box)
        values = [*_pixel_bounds(source, pixels_of([(drawn, ())], picture.width, picture.height), sides)]
        if thing.kind == "rotated_box":
            # It is measured whole, also beyond the picture.
            whole, around = _shifted_pixels(sides[0]), _shifted_pixels(drawn)
            values += _pixel_bounds(whole, around, [_shifted(sides[0])])
        # An outline that crosses itself has the area of its pixels; a declared area may differ by a hundredth.
        for area in (_area(thing, picture), len(source)):
            share = area / ((box[2] - box[0]) * (box[3] - box[1]))
            values += (0.99 * share, 1.01 * share)
        return min(values), min(max(values), 1.0)
    if code in _SHAPES:
        size = picture.width, picture.height
        if own.pixels is not None:
            # Crowds are void in planes, which does not tell whose they are.
            return (0.0, 1.0) if thing.is_crowd else _pixel_bounds(source, own.pixels, sides)
        rings: list[Ring] = list(own.rings or ())
        return _pixel_bounds(source, pixels_of([(rings[0], rings[1:])], *size), [*sides, *rings])
    return 0.0, 1.0


def _source(thing: Thing, picture: Picture) -> tuple[Pixels, list[Ring]]:
    if thing.kind == "rotated_box":
        ring = turned(thing)
        return pixels_of([(ring, ())], picture.width, picture.height), [ring]
    parts = parts_of(thing, picture)
    return region_pixels(thing, picture), [ring for outer, holes in parts for ring in (outer, *holes)]


_MARGIN = 100


def _shifted(ring: Ring) -> Ring:
    return [(x + _MARGIN, y + _MARGIN) for x, y in ring]


def _shifted_pixels(ring: Ring) -> Pixels:
    """Pixels of a ring on a grid so wide that none of it is lost."""
    return pixels_of([(_shifted(ring), ())], 3 * _MARGIN, 3 * _MARGIN)


def _area(thing: Thing, picture: Picture) -> float:
    if thing.kind == "rotated_box":
        return abs(area_of(turned(thing)))
    if thing.pixels:
        return len(thing.pixels)
    return sum(abs(area_of(outer)) - sum(abs(area_of(h)) for h in holes) for outer, holes in parts_of(thing, picture))


def _pixel_bounds(source: Pixels, made: Pixels, sides: list[Ring]) -> tuple[float, float]:
    around = {(x + dx, y + dy) for x, y in source | made for dx in (-1, 0, 1) for dy in (-1, 0, 1)}
    doubtful = {pixel for pixel in around if near_a_side(sides, pixel, _NEAR)}
    sure_common, all_common = len((source & made) - doubtful), len((source | doubtful) & (made | doubtful))
    sure_union, all_union = len((source | made) - doubtful), len(source | made | doubtful)
    if not sure_union:
        return 0.0, 1.0
    return sure_common / all_union, min(all_common / sure_union, 1.0)
