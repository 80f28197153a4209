"""What a report promises of each thing, by the tables of formats, section 5, and whether the dataset keeps it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.properties import csv_oracle, voc_oracle
from tests.properties.drawn import (
    EPS,
    Edges,
    Part,
    Pixels,
    Ring,
    area_of,
    bounds,
    clipped_box,
    clipped_parts,
    corners,
    least_rectangle_area,
    near_a_side,
    pixel_bounds,
    pixels_of,
    rectangle,
)
from tests.properties.found import Found, Told
from tests.properties.things import FLAGS, VALUES, Picture, Thing

EXTENTS = frozenset({"box", "rotated_box", "polygon", "mask", "keypoints"})
#: Codes that depend on where the geometry lies, or on values beside it, and are judged by what is read back.
_ANYWHERE = frozenset(
    {
        "L_CLIPPED",
        "L_BOX_GROWN",
        "L_KEYPOINT_DROPPED",
        "N_BOX_MISMATCH",
        "N_AREA_RECOMPUTED",
        "N_KEYPOINT_COUNT",
        "N_CLASS_DEFAULT",
    }
)
#: Why a thing that is whole may fail all the same: its class cannot be written, or nothing of it is in the picture.
_FAIRLY = frozenset({"E_CLASS_UNREPRESENTABLE", "E_OUTSIDE"})


def parts_of(thing: Thing, picture: Picture) -> list[Part]:
    """The region's parts within the picture."""
    return clipped_parts(thing.parts, picture.width, picture.height)


def region_pixels(thing: Thing, picture: Picture) -> Pixels:
    return thing.pixels or pixels_of(parts_of(thing, picture), picture.width, picture.height)


def turned(thing: Thing) -> list[tuple[float, float]]:
    """Corners of a rotated box."""
    assert thing.box is not None
    x, y, w, h = thing.box
    return corners(x + w / 2, y + h / 2, w, h, thing.theta)


def extent(thing: Thing, picture: Picture) -> Edges | None:
    """The object's box: the declared one if it is one, else the tight or the enclosing one; clipped."""
    size = picture.width, picture.height
    if thing.kind == "rotated_box":
        x0, y0, x1, y1 = bounds(turned(thing))
        return clipped_box(x0, y0, x1 - x0, y1 - y0, *size)
    declared = _declared(thing.box, *size) if thing.box is not None else None
    if declared is not None:
        return declared
    if thing.pixels:
        return pixel_bounds(thing.pixels)
    if thing.parts:
        parts = parts_of(thing, picture)
        return bounds(point for outer, _ in parts for point in outer) if parts else None
    inside = [(x, y) for x, y, v in kept_points(thing, picture) if v]
    if not inside:
        return None
    x0, y0, x1, y1 = bounds(inside)
    (x0, x1), (y0, y1) = _widened(x0, x1, size[0]), _widened(y0, y1, size[1])
    return x0, y0, x1, y1


def _declared(box: tuple[float, ...], width: int, height: int) -> Edges | None:
    x, y, w, h = box
    return clipped_box(x, y, w, h, width, height)


def _widened(low: float, high: float, limit: float) -> tuple[float, float]:
    if high - low >= 1:
        return low, high
    start = min(max((low + high - 1) / 2, 0), limit - 1)
    return start, start + 1


def kept_points(thing: Thing, picture: Picture) -> list[tuple[float, float, int]]:
    """Key points, with those outside the picture and those not labelled at ``0 0 0``."""
    return [
        (x, y, v) if v and -EPS <= x <= picture.width + EPS and -EPS <= y <= picture.height + EPS else (0, 0, 0)
        for x, y, v in thing.points
    ]


def is_flattened(thing: Thing) -> bool:
    """Whether the enclosing box differs from a rotated one by more than EPS."""
    x0, y0, x1, y1 = bounds(turned(thing))
    return any(min(abs(x - x0), abs(x - x1)) > EPS or min(abs(y - y0), abs(y - y1)) > EPS for x, y in turned(thing))


def box_cost(thing: Thing) -> set[str]:
    """The codes of a box in place of this kind."""
    if thing.kind == "rotated_box":
        return {"L_ROTATION_FLATTENED"} if is_flattened(thing) else set()
    return {"polygon": {"L_REGION_DROPPED"}, "mask": {"L_REGION_DROPPED"}, "keypoints": {"L_KEYPOINTS_DROPPED"}}.get(
        thing.kind, set()
    )


def extras(thing: Thing, *, attributes: bool = True, flags: bool = True) -> set[str]:
    """The codes of what stands beside the geometry, where a format has no place for it."""
    found = set()
    if attributes and thing.attributes:
        found.add("L_ATTRIBUTES_DROPPED")
    named = any(thing.fields.get(name) for name in ("difficult", "truncated", "occluded"))
    if flags and (named or any(thing.fields.get(name) is not None for name in VALUES)):
        found.add("L_FLAGS_DROPPED")
    return found


@dataclass(frozen=True)
class Promise:
    """How one output is judged."""

    #: The codes that a thing must have, or one ``S_`` code.
    codes: Callable[[Thing, Picture], set[str]]
    #: Asserts that what was read is what the codes say.
    kept: Callable[[Thing, Picture, Told, Found], None]
    #: Whether a thing of this kind is judged for a broken region: its readers fail.
    reads_region: bool = False
    #: Codes that may come as well.
    also: frozenset[str] = frozenset()
    #: Whether a thing that is kept stands in the file that is read.
    stands: Callable[[Thing, Told], bool] = lambda _thing, _told: True
    #: Objects of the file that are one thing together.
    pieces: Callable[[Thing, Picture], int] = lambda _thing, _picture: 1


def judge(promise: Promise, picture: Picture, told: list[Told], found: list[Found]) -> dict[int, Found]:
    """Every thing of one picture against its objects in file order; what was found of each, by its place."""
    left, kept = list(found), {}
    for place, (thing, one) in enumerate(zip(picture.things, told, strict=True)):
        judge_outcome(promise, thing, picture, one)
        if one.status in {"written", "lossy"} and promise.stands(thing, one):
            count = promise.pieces(thing, picture)
            assert len(left) >= count, (thing, one, "is missing")
            own, left = _joined(left[:count]), left[count:]
            promise.kept(thing, picture, one, own)
            kept[place] = own
    assert not left, ("is too much", left)
    return kept


def _joined(pieces: list[Found]) -> Found:
    """Pieces of one thing as one object with all their rings."""
    if len(pieces) == 1:
        return pieces[0]
    assert {piece.label for piece in pieces} == {pieces[0].label}
    return replace(pieces[0], rings=[ring for piece in pieces for ring in piece.rings or ()])


def judge_outcome(promise: Promise, thing: Thing, picture: Picture, told: Told) -> None:
    """Status and codes."""
    where = (thing, told)
    skips = {code for code in told.codes if code.startswith("S_")}
    assert (told.status == "skipped") == bool(skips) or "S_KIND_UNKNOWN" in thing.broken, where
    if told.status == "failed":
        if thing.broken:
            assert told.codes <= thing.broken | _FAIRLY, where
        else:
            assert told.codes <= _FAIRLY, where
            assert "E_OUTSIDE" not in told.codes or _vanishes(thing, picture), where
        return
    if told.status == "skipped":
        if "S_KIND_UNKNOWN" in thing.broken or "S_DUPLICATE_ROW" in skips:
            return
        assert skips == {c for c in promise.codes(thing, picture) if c.startswith("S_")}, where
        return
    assert (told.status == "lossy") == any(code.startswith("L_") for code in told.codes), where
    if thing.broken:
        assert thing.box is not None, where
        assert not promise.reads_region, where
    wanted = promise.codes(thing, picture)
    assert wanted <= told.codes, (*where, wanted)
    assert told.codes <= wanted | _ANYWHERE | promise.also, (*where, wanted)


def _vanishes(thing: Thing, picture: Picture) -> bool:
    """Whether nothing of a whole thing is in its picture."""
    if thing.parts and not parts_of(thing, picture):
        return True
    if thing.kind == "rotated_box":
        return not clipped_parts([(turned(thing), ())], picture.width, picture.height)
    return extent(thing, picture) is None or (
        bool(thing.points) and not any(v for *_, v in kept_points(thing, picture))
    )


# -- comparing ---------------------------------------------------------------------------------------------


def same_edges(found: Edges | None, wanted: Edges | None, within: float) -> None:
    assert found is not None
    assert wanted is not None
    assert all(abs(a - b) <= within for a, b in zip(found, wanted, strict=True)), (found, wanted)


def same_region(found: list[Ring], thing: Thing, picture: Picture, within: float) -> None:
    """Rings that cover what the thing covers, by the even-odd rule over all of them, but for pixels on a side."""
    size = picture.width, picture.height
    if thing.kind == "rotated_box":
        wanted = clipped_parts([(turned(thing), ())], *size)
    elif thing.parts and thing.kind in {"polygon", "keypoints"}:
        wanted = parts_of(thing, picture)
    elif thing.pixels:
        wanted = []
    else:
        box = extent(thing, picture)
        assert box is not None
        wanted = [(rectangle(box), ())]
    pixels = thing.pixels or pixels_of(wanted, *size)
    sides = [ring for outer, holes in wanted for ring in (outer, *holes)]
    for pixel in pixels_of([(found[0], found[1:])], *size) ^ pixels:
        assert near_a_side([*sides, *found], pixel, 10 * within + 1e-6), (pixel, found, wanted)
    if sides and not thing.pixels:
        mine = sum(abs(area_of(outer)) - sum(abs(area_of(hole)) for hole in holes) for outer, holes in wanted)
        theirs = sum(area_of(ring) for ring in found)
        if len(found) == 1 and not any(holes for _, holes in wanted):
            assert abs(abs(theirs) - abs(mine)) <= 0.02 + 200 * within, (theirs, mine)


def same_points(found: Any, thing: Thing, picture: Picture, within: float) -> None:
    for (x, y, v), (a, b, w) in zip(found, kept_points(thing, picture), strict=True):
        assert v == w
        assert abs(x - a) <= within + EPS, (found, thing)
        assert abs(y - b) <= within + EPS, (found, thing)


def _slack(picture: Picture, told: Told) -> float:
    """Six decimals of a fraction, in pixels; a grown box may be off by the unit that it was grown to."""
    side = max(picture.width, picture.height)
    return side * (2e-6 if "L_BOX_GROWN" in told.codes else 1.1e-6) + 1e-6


# -- YOLO --------------------------------------------------------------------------------------------------


def _yolo_skip(thing: Thing) -> set[str]:
    if thing.is_crowd and thing.kind in EXTENTS:
        return {"S_CROWD"}
    if thing.kind in EXTENTS:
        return set()
    return {"S_POINT_UNGROUPED" if thing.kind == "point" else "S_KIND_UNSUPPORTED"}


def _yolo_detect(thing: Thing, picture: Picture) -> set[str]:
    return _yolo_skip(thing) or box_cost(thing) | extras(thing)


def _kept_box(thing: Thing, picture: Picture, told: Told, found: Found) -> None:
    assert found.label == thing.label
    same_edges(found.edges, extent(thing, picture), _slack(picture, told))


def _yolo_segment(thing: Thing, picture: Picture) -> set[str]:
    if skip := _yolo_skip(thing):
        return skip
    codes = extras(thing)
    codes |= {
        "box": {"N_BOX_AS_POLYGON"},
        "rotated_box": {"N_ROTATION_AS_POLYGON"},
        "mask": {"N_MASK_AS_POLYGON"},
        "keypoints": {"L_KEYPOINTS_DROPPED"},
    }.get(thing.kind, set())
    if thing.pixels:
        parts, holes = _pieces(thing.pixels, picture.width, picture.height)
        codes |= ({"L_PARTS_JOINED"} if parts > 1 else set()) | ({"L_HOLES_BRIDGED"} if holes else set())
    elif thing.kind in {"polygon", "keypoints"}:
        parts_left = parts_of(thing, picture)
        codes |= {"L_PARTS_JOINED"} if len(parts_left) > 1 else set()
        codes |= {"L_HOLES_BRIDGED"} if any(holes for _, holes in parts_left) else set()
    return codes


def _kept_outline(thing: Thing, picture: Picture, told: Told, found: Found) -> None:
    assert found.label == thing.label
    assert found.rings is not None
    same_region(found.rings, thing, picture, _slack(picture, told))


def _pieces(pixels: Pixels, width: int, height: int) -> tuple[int, int]:
    """Parts of a mask (neighbours by sides) and its holes (background that nothing joins to outside)."""
    cells = {(x, y) for x in range(-1, width + 1) for y in range(-1, height + 1)}
    steps4 = ((1, 0), (-1, 0), (0, 1), (0, -1))
    steps8 = (*steps4, (1, 1), (1, -1), (-1, 1), (-1, -1))
    return _groups(set(pixels), steps4), _groups(cells - pixels, steps8) - 1


def _groups(cells: set[tuple[int, int]], steps: tuple[tuple[int, int], ...]) -> int:
    count, left = 0, set(cells)
    while left:
        count += 1
        waiting = [left.pop()]
        while waiting:
            x, y = waiting.pop()
            for dx, dy in steps:
                if (x + dx, y + dy) in left:
                    left.discard((x + dx, y + dy))
                    waiting.append((x + dx, y + dy))
    return count


def _yolo_pose_of(names: tuple[str, ...]) -> Callable[[Thing, Picture], set[str]]:
    def codes(thing: Thing, picture: Picture) -> set[str]:
        if skip := _yolo_skip(thing):
            return skip
        if thing.kind == "keypoints":
            if len(thing.points) != len(names):
                return {"S_SKELETON_DIFFERENT"}
            return extras(thing) | ({"L_REGION_DROPPED"} if thing.parts else set())
        return box_cost(thing) | extras(thing) | ({"N_NO_KEYPOINTS"} if thing.kind == "box" else set())

    return codes


def _kept_pose(thing: Thing, picture: Picture, told: Told, found: Found) -> None:
    _kept_box(thing, picture, told, found)
    assert found.points is not None
    if thing.kind == "keypoints":
        same_points(found.points, thing, picture, _slack(picture, told))
    else:
        assert set(found.points) == {(0, 0, 0)}


def _yolo_obb(thing: Thing, picture: Picture) -> set[str]:
    if skip := _yolo_skip(thing):
        return skip
    codes = {"polygon": {"L_REGION_TO_OBB"}, "mask": {"L_REGION_TO_OBB"}, "keypoints": {"L_KEYPOINTS_DROPPED"}}
    return codes.get(thing.kind, set()) | extras(thing)


def _kept_rectangle(thing: Thing, picture: Picture, told: Told, found: Found) -> None:
    assert found.label == thing.label
    assert found.rings is not None
    (ring,) = found.rings
    slack = _slack(picture, told)
    if thing.kind in {"box", "keypoints"}:
        box = extent(thing, picture)
        assert box is not None
        for (x, y), (a, b) in zip(ring, rectangle(box), strict=True):
            assert abs(x - a) <= slack, (ring, box)
            assert abs(y - b) <= slack, (ring, box)
        return
    if thing.kind == "rotated_box" and "L_CLIPPED" not in told.codes:
        for (x, y), (a, b) in zip(ring, turned(thing), strict=True):
            assert math.hypot(x - a, y - b) <= slack + EPS, (ring, turned(thing))
        return
    if thing.kind == "rotated_box":
        points = [p for outer, _ in clipped_parts([(turned(thing), ())], picture.width, picture.height) for p in outer]
    elif thing.pixels:
        points = [(x + dx, y + dy) for x, y in thing.pixels for dx in (0, 1) for dy in (0, 1)]
    else:
        points = [point for outer, _ in parts_of(thing, picture) for point in outer]
    area, least = abs(area_of(ring)), least_rectangle_area(_hull_of(points))
    assert area <= least * 1.001 + 0.01, (area, least)
    inside_picture = all(0.01 < x < picture.width - 0.01 and 0.01 < y < picture.height - 0.01 for x, y in ring)
    if inside_picture:
        assert area >= least * 0.999 - 0.01, (area, least)


def _hull_of(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Corners of the convex hull."""
    ordered = sorted(set(points))

    def chain(line: list[tuple[float, float]]) -> list[tuple[float, float]]:
        kept: list[tuple[float, float]] = []
        for x, y in line:
            while len(kept) > 1:
                (ax, ay), (bx, by) = kept[-2:]
                if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                    break
                kept.pop()
            kept.append((x, y))
        return kept[:-1]

    return chain(ordered) + chain(ordered[::-1])


# -- Pascal VOC --------------------------------------------------------------------------------------------


def _voc_codes(segment: bool) -> Callable[[Thing, Picture], set[str]]:
    def codes(thing: Thing, picture: Picture) -> set[str]:
        if thing.kind not in EXTENTS:
            return {"S_POINT_UNGROUPED" if thing.kind == "point" else "S_KIND_UNSUPPORTED"}
        crowd = {"L_CROWD_AS_DIFFICULT"} if thing.is_crowd else set()
        if segment and thing.kind in {"polygon", "mask"}:
            return crowd
        return crowd | box_cost(thing)

    return codes


def _kept_voc(mode: str, segment: bool = False) -> Callable[[Thing, Picture, Told, Found], None]:
    def kept(thing: Thing, picture: Picture, told: Told, found: Found) -> None:
        assert found.label == thing.label
        box = extent(thing, picture)
        assert box is not None
        assert found.edges is not None
        if mode == "one":
            for place, size in ((0, picture.width), (1, picture.height)):
                low, high = box[place], box[place + 2]
                pair = (found.raw[place], found.raw[place + 2])
                assert 1 <= pair[0] <= pair[1] <= size, (found, box)
                assert pair in _voc_sides(low, high, size), (pair, low, high)
        elif mode == "float":
            same_edges(found.edges, box, 2e-6)
        else:
            for place, size in ((0, picture.width), (1, picture.height)):
                pair = (found.raw[place], found.raw[place + 2])
                assert 0 <= pair[0] < pair[1] <= size, (found, box)
                if "L_BOX_GROWN" not in told.codes:
                    assert all(abs(pair[n] - box[place + 2 * n]) <= 0.5 + 1e-6 for n in (0, 1)), (pair, box)
        assert found.flags["truncated"] == str(int(bool(thing.fields.get("truncated"))))
        assert found.flags["difficult"] == str(int(bool(thing.fields.get("difficult")) or thing.is_crowd))
        assert found.flags["occluded"] == ("1" if thing.fields.get("occluded") else None)
        wanted = dict(thing.attributes) | {n: thing.fields[n] for n in VALUES if thing.fields.get(n) is not None}
        if "L_ATTRIBUTES_DROPPED" not in told.codes:
            assert found.attributes == {k: voc_oracle.attribute_text(v) for k, v in wanted.items()}
        if segment and thing.kind in {"polygon", "mask"} and not thing.is_crowd:
            _kept_plane(thing, picture, told, found)

    return kept


def _kept_plane(thing: Thing, picture: Picture, told: Told, found: Found) -> None:
    """What the plane shows of an object lies in it, and is all of it unless the codes say otherwise."""
    wanted, shown = region_pixels(thing, picture), found.pixels or frozenset()
    sides = thing.rings or []
    doubtful = {p for p in wanted ^ shown if sides and near_a_side(sides, p, 1e-5)}
    assert shown - wanted <= doubtful, (shown - wanted, thing)
    if not told.codes & {"L_REGION_COVERED", "L_REGION_NOT_DRAWN"}:
        assert wanted - shown <= doubtful, (wanted - shown, thing)
    if "L_REGION_NOT_DRAWN" in told.codes:
        assert not shown
    elif thing.kind == "polygon":
        assert "L_RASTERISED" in told.codes


def _voc_sides(low: float, high: float, size: int) -> set[tuple[int, int]]:
    """``min, max`` by section 5.3; float noise may tip a half either way."""
    found = set()
    for tip in (-1e-6, 0.0, 1e-6):
        for other in (-1e-6, 0.0, 1e-6):
            first = min(max(math.floor(low + tip + 0.5) + 1, 1), size)
            last = min(max(math.floor(high + other + 0.5), 1), size)
            if last < first:
                first = last = math.floor((low + high) / 2 + tip) + 1
            found.add((first, last))
    return found


# -- COCO --------------------------------------------------------------------------------------------------


def _coco_codes(has_regions: bool) -> Callable[[Thing, Picture], set[str]]:
    def codes(thing: Thing, picture: Picture) -> set[str]:
        kind = thing.kind
        if kind == "caption":
            return set()
        if kind not in EXTENTS:
            return {"S_POINT_UNGROUPED" if kind == "point" else "S_KIND_UNSUPPORTED"}
        if kind == "rotated_box":
            # A crowd is always pixels.
            return {"L_RASTERISED"} if thing.is_crowd else {"N_ROTATION_AS_POLYGON"}
        if (
            kind in {"polygon", "keypoints"}
            and thing.parts
            and (thing.is_crowd or any(holes for _, holes in parts_of(thing, picture)))
        ):
            return {"L_RASTERISED"}
        if kind == "box" and has_regions and not thing.is_crowd:
            return {"N_BOX_AS_POLYGON"}
        return set()

    return codes


def _kept_coco(thing: Thing, picture: Picture, told: Told, found: Found) -> None:
    assert found.label == thing.label
    same_edges(found.edges, extent(thing, picture), 2e-6)
    assert found.flags["iscrowd"] == int(thing.is_crowd)
    if thing.kind == "mask":
        assert found.pixels == thing.pixels
    elif thing.kind == "polygon" and found.pixels is not None:
        assert "L_RASTERISED" in told.codes
        wanted = region_pixels(thing, picture)
        assert all(near_a_side(thing.rings, p, 1e-5) for p in wanted ^ found.pixels), wanted ^ found.pixels
    elif found.rings is not None and len(found.rings) == 1:
        same_region(found.rings, thing, picture, 2e-6)
    for name in ("difficult", "truncated", "occluded"):
        assert bool((found.attributes or {}).get(name)) == bool(thing.fields.get(name)) or name in thing.attributes
    assert thing.attributes.items() <= (found.attributes or {}).items() or thing.fields
    assert found.flags["score"] == thing.fields.get("score")


# -- CSV ---------------------------------------------------------------------------------------------------


def _kept_long(thing: Thing, picture: Picture, told: Told, found: Found) -> None:
    assert found.kind == thing.kind
    assert found.label == thing.label
    within = 2e-6
    if thing.kind == "rotated_box":
        assert thing.box is not None
        x, y, w, h = thing.box
        same_edges(found.edges, (x, y, x + w, y + h), within)
        assert found.theta == thing.theta
    elif thing.kind in EXTENTS:
        same_edges(found.edges, extent(thing, picture), within)
    if thing.kind == "mask":
        assert found.pixels == thing.pixels
    if thing.kind == "polygon":
        assert found.rings is not None
        wanted = [ring for outer, holes in parts_of(thing, picture) for ring in (outer, *holes)]
        assert len(found.rings) == len(wanted)
        for mine, theirs in zip(wanted, found.rings, strict=True):
            assert abs(abs(area_of(mine)) - abs(area_of(theirs))) <= 1e-3 + 1e-4 * abs(area_of(mine))
    if thing.kind == "keypoints":
        same_points(found.points, thing, picture, within)
    for name in ("iscrowd", "difficult", "truncated", "occluded"):
        assert found.flags[name] == int(bool(thing.fields.get(name)))
    for name in ("score", "frame"):
        assert found.flags[name] == thing.fields.get(name)
    for name in ("group_id", "track_id"):
        value = thing.fields.get(name)
        assert found.flags[name] == (None if value is None else str(value))
    assert found.attributes is not None
    assert {k: v for k, v in found.attributes.items() if k != "$value"} == dict(thing.attributes)
    if thing.kind in {"polyline", "caption"}:
        value = found.attributes["$value"]
        assert value == thing.value if thing.kind == "caption" else [tuple(p) for p in value] == list(thing.value)


def _csv_boxes(thing: Thing, picture: Picture) -> set[str]:
    return _yolo_skip(thing) or box_cost(thing) | extras(thing)


def _kept_ints(thing: Thing, picture: Picture, told: Told, found: Found) -> None:
    assert found.label == thing.label
    box = extent(thing, picture)
    assert box is not None
    for place, size in ((0, picture.width), (1, picture.height)):
        low, high = found.raw[place], found.raw[place + 2]
        assert 0 <= low < high <= size, (found, box)
        if "L_BOX_GROWN" not in told.codes:
            assert abs(low - box[place]) <= 0.5 + 1e-6, (found, box)
            assert abs(high - box[place + 2]) <= 0.5 + 1e-6, (found, box)


def _openimages(thing: Thing, picture: Picture) -> set[str]:
    """Crowds, two flags and confidences have a column."""
    columns = {"occluded", "truncated", "iscrowd"}
    score = thing.fields.get("score")
    if score is not None and 0 <= score <= 1:
        columns.add("score")
    rest = replace(thing, fields={name: value for name, value in thing.fields.items() if name not in columns})
    return _yolo_skip(rest) or box_cost(thing) | extras(rest)


def _kept_openimages(thing: Thing, picture: Picture, told: Told, found: Found) -> None:
    _kept_box(thing, picture, told, found)
    assert found.flags["IsGroupOf"] == int(thing.is_crowd)
    for column, name in (("IsOccluded", "occluded"), ("IsTruncated", "truncated")):
        assert found.flags[column] == (1 if thing.fields.get(name) else -1)
    score = thing.fields.get("score")
    assert found.flags["Confidence"] == (score if score is not None and 0 <= score <= 1 else 1)


def _automl(thing: Thing, picture: Picture) -> set[str]:
    """No side below a hundredth of the picture."""
    codes = _csv_boxes(thing, picture)
    box = extent(thing, picture)
    if any(code.startswith("S_") for code in codes) or box is None:
        return codes
    least = min((box[2] - box[0]) / picture.width, (box[3] - box[1]) / picture.height)
    return {"S_CONSUMER_LIMIT"} if least < 0.01 - 1e-6 else codes


_VIA_ALSO = frozenset({"L_ATTRIBUTES_DROPPED"})


def _via(thing: Thing, picture: Picture) -> set[str]:
    kind = thing.kind
    if kind not in EXTENTS and kind not in {"polyline", "point"}:
        return {"S_KIND_UNSUPPORTED"}
    codes = {
        "rotated_box": {"N_ROTATION_AS_POLYGON"},
        "mask": {"N_MASK_AS_POLYGON"},
        "keypoints": {"L_KEYPOINTS_DROPPED"},
    }.get(kind, set())
    holes = _pieces(thing.pixels, picture.width, picture.height)[1] if thing.pixels else 0
    holes = holes or any(holes for _, holes in (parts_of(thing, picture) if kind in _DRAWN else ()))
    several = _regions_of_via(thing, picture) > 1
    return codes | ({"L_HOLES_BRIDGED"} if holes else set()) | ({"L_PARTS_SPLIT"} if several else set())


_DRAWN = frozenset({"polygon", "keypoints"})


def _regions_of_via(thing: Thing, picture: Picture) -> int:
    """A part is a region of its own."""
    if thing.pixels:
        return _pieces(thing.pixels, picture.width, picture.height)[0]
    return len(parts_of(thing, picture)) or 1 if thing.kind in _DRAWN and thing.parts else 1


def _kept_via(thing: Thing, picture: Picture, told: Told, found: Found) -> None:
    assert found.label == thing.label
    if thing.kind == "box" or (thing.kind == "keypoints" and not thing.parts):
        same_edges(found.edges, extent(thing, picture), 2e-6)
    elif thing.kind in EXTENTS:
        assert found.rings is not None
        same_region(found.rings, thing, picture, 2e-6)
    given = {"class": thing.label, **{k: v for k, v in thing.fields.items() if k in VALUES and v is not None}}
    given |= {name: True for name in FLAGS if thing.fields.get(name)}
    assert found.attributes is not None
    for name, value in {**thing.attributes, **given}.items():
        assert name == "visibility" or found.attributes[name] == value, name


def promises(scene_has_regions: bool, skeleton: tuple[str, ...]) -> Mapping[str, Promise]:
    """Outputs that are read back, as words after ``--to``, and what they promise."""
    return {
        "coco": Promise(
            _coco_codes(scene_has_regions),
            _kept_coco,
            reads_region=True,
            also=frozenset({"L_KEYPOINTS_DROPPED", "N_BOX_AS_POLYGON", "L_ATTRIBUTES_DROPPED"}),
            stands=lambda thing, _: thing.kind != "caption",
        ),
        "yolo:task=detect": Promise(_yolo_detect, _kept_box),
        "yolo:dialect=darknet": Promise(_yolo_detect, _kept_box),
        "yolo:task=segment": Promise(_yolo_segment, _kept_outline, reads_region=True),
        "yolo:task=pose": Promise(_yolo_pose_of(skeleton), _kept_pose),
        "yolo:task=obb": Promise(_yolo_obb, _kept_rectangle, reads_region=True),
        "voc": Promise(_voc_codes(False), _kept_voc("one"), also=frozenset({"L_ATTRIBUTES_DROPPED"})),
        "voc:coords=zero": Promise(_voc_codes(False), _kept_voc("zero"), also=frozenset({"L_ATTRIBUTES_DROPPED"})),
        "voc:coords=float": Promise(_voc_codes(False), _kept_voc("float"), also=frozenset({"L_ATTRIBUTES_DROPPED"})),
        "voc:task=segment": Promise(
            _voc_codes(True),
            _kept_voc("one", segment=True),
            reads_region=True,
            also=frozenset({"L_ATTRIBUTES_DROPPED", "L_REGION_COVERED", "L_REGION_NOT_DRAWN", "L_RASTERISED"}),
        ),
        "csv": Promise(lambda thing, picture: set(), _kept_long, reads_region=True),
        "csv:dialect=retinanet": Promise(_csv_boxes, _kept_ints),
        "csv:dialect=parquet": Promise(lambda thing, picture: set(), _kept_long, reads_region=True),
        "csv:dialect=tfod": Promise(_csv_boxes, _kept_box),
        "csv:dialect=openimages": Promise(_openimages, _kept_openimages),
        "csv:dialect=automl": Promise(_automl, _kept_box),
        "csv:dialect=via": Promise(_via, _kept_via, reads_region=True, pieces=_regions_of_via, also=_VIA_ALSO),
    }


__all__ = ["Promise", "csv_oracle", "judge", "promises"]
