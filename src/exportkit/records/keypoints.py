"""Key points of one object."""

from __future__ import annotations

from typing import Any

import msgspec

from exportkit.errors import AnnotationFault
from exportkit.records.box import Box
from exportkit.records.numbers import Number, check_number, quoted

__all__ = ["Keypoints", "Point", "parse_keypoints", "parse_point"]

#: A derived box is at least this wide and high, in pixels (formats, section 2.8).
_LEAST_SIDE = 1

Triplet = tuple[Number, Number, int]


class Point(msgspec.Struct, frozen=True, gc=False):
    """One key point: pixels and visibility (0 not labelled, 1 hidden, 2 visible); x = y = 0 where v is 0."""

    x: Number
    y: Number
    v: int


class Keypoints(msgspec.Struct, frozen=True, gc=False):
    """The K points of one object as ``(x, y, v)`` in the order of ``names``; x = y = 0 where v is 0."""

    points: tuple[Triplet, ...]
    #: Name of the skeleton they belong to; empty if the source names none.
    skeleton: str = ""
    #: Point names, K of them, or empty where the skeleton alone tells.
    names: tuple[str, ...] = ()
    #: Joined points as 0-based pairs, where the source names any.
    edges: tuple[tuple[int, int], ...] = ()

    @property
    def labelled(self) -> int:
        """How many points have v > 0: COCO's ``num_keypoints``."""
        return sum(1 for point in self.points if point[2])

    def flat(self) -> list[Number]:
        """Return ``[x1, y1, v1, …]``, the COCO notation."""
        return [number for point in self.points for number in point]

    def tight_box(self, width: Number, height: Number) -> Box | None:
        """Return the tight box of the points with v > 0, or None if there is none (formats, section 2.8).

        Each side is widened symmetrically to at least 1 px and shifted into the ``width`` × ``height`` picture.
        """
        xs = [x for x, _, v in self.points if v]
        ys = [y for _, y, v in self.points if v]
        if not xs:
            return None
        x0, x1 = _widened(min(xs), max(xs), width)
        y0, y1 = _widened(min(ys), max(ys), height)
        return Box.from_edges(x0, y0, x1, y1)


def _widened(low: Number, high: Number, limit: Number) -> tuple[Number, Number]:
    if high - low >= _LEAST_SIDE:
        return low, high
    start = min(max((low + high - _LEAST_SIDE) / 2, 0), max(limit - _LEAST_SIDE, 0))
    return start, start + _LEAST_SIDE


def parse_keypoints(
    value: Any, *, skeleton: str = "", names: tuple[str, ...] = (), json_path: str = ".keypoints"
) -> Keypoints:
    """Read flat triplets, ``[x, y, v]`` lists, or objects ``{x, y, v}`` (``visibility`` is another word for v).

    With ``names`` there must be as many points as names. Raises AnnotationFault with ``E_KEYPOINT_COUNT``,
    ``E_KEYPOINT_VISIBILITY`` or a number's code (formats, sections 2.4 and 2.8); bounds are the canvas's business.
    """
    if not isinstance(value, (list, tuple)):
        raise AnnotationFault(
            "E_KEYPOINT_COUNT", f"{quoted(value)} is no list of key points; give x, y, v triplets.", json_path
        )
    if value and isinstance(value[0], (list, tuple, dict)):
        triplets = [_triplet(point, f"{json_path}[{index}]") for index, point in enumerate(value)]
    elif len(value) % 3:
        raise AnnotationFault(
            "E_KEYPOINT_COUNT", f"{len(value)} numbers are no x, y, v triplets; give three per point.", json_path
        )
    else:
        triplets = [
            _checked(value[at], value[at + 1], value[at + 2], [f"{json_path}[{at + place}]" for place in range(3)])
            for at in range(0, len(value), 3)
        ]
    if not triplets or (names and len(triplets) != len(names)):
        wanted = f"{len(names)} points" if names else "at least one point"
        raise AnnotationFault(
            "E_KEYPOINT_COUNT", f"There are {len(triplets)} key points; the skeleton has {wanted}.", json_path
        )
    return Keypoints(tuple(triplets), skeleton, names)


def parse_point(x: Any, y: Any, v: Any = 2, json_path: str = "") -> Point:
    """Read one key point; raises AnnotationFault as :func:`parse_keypoints` does."""
    return Point(*_checked(x, y, v, [f"{json_path}.x", f"{json_path}.y", f"{json_path}.v"]))


def _triplet(point: Any, path: str) -> Triplet:
    if isinstance(point, dict):
        visibility = point.get("v", point.get("visibility", 2))
        return _checked(point.get("x"), point.get("y"), visibility, [f"{path}.x", f"{path}.y", f"{path}.v"])
    if not isinstance(point, (list, tuple)) or len(point) != 3:
        raise AnnotationFault("E_KEYPOINT_COUNT", f"{quoted(point)} is no key point; give [x, y, v].", path)
    return _checked(point[0], point[1], point[2], [f"{path}[{place}]" for place in range(3)])


def _checked(x: Any, y: Any, v: Any, paths: list[str]) -> Triplet:
    if type(v) is not int or v not in (0, 1, 2):
        raise AnnotationFault(
            "E_KEYPOINT_VISIBILITY", f"Visibility {quoted(v)} is none of 0, 1 and 2; give one of these.", paths[2]
        )
    checked = check_number(x, paths[0]), check_number(y, paths[1])
    return (*checked, v) if v else (0, 0, 0)
