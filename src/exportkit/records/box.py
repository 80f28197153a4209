"""Boxes: upright and rotated."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from exportkit.errors import AnnotationFault
from exportkit.records.numbers import EPS, Number, check_number, quoted, rounded

__all__ = ["Box", "RotatedBox", "overlap", "parse_box", "parse_rotated_box"]

#: An angle this close to a multiple of a full turn is no rotation (formats, section 1.2), in radians.
_NO_TURN = 1e-9
#: A quadrilateral whose corners are this far from a rectangle's is none, relative to its longest side.
_SKEW = 0.01
#: The last decimal of a rounded fraction.
_LEAST_FRACTION = 1e-6


class Box(msgspec.Struct, frozen=True, gc=False):
    """An upright box: left, top, width and height in pixels, exactly as the source gave them.

    Half-open extents: it covers x0 ≤ x < x1 and y0 ≤ y < y1. Nothing here is clipped or rounded unless the
    name of the method says so; a :class:`exportkit.records.Canvas` judges sides and bounds.
    """

    x: Number
    y: Number
    width: Number
    height: Number

    @property
    def x0(self) -> Number:
        """Left edge, as given."""
        return self.x

    @property
    def y0(self) -> Number:
        """Top edge, as given."""
        return self.y

    @property
    def x1(self) -> Number:
        """Right edge, the plain unrounded sum; texts take it from :meth:`to_xyxy`."""
        return self.x + self.width

    @property
    def y1(self) -> Number:
        """Bottom edge, the plain unrounded sum; texts take it from :meth:`to_xyxy`."""
        return self.y + self.height

    @classmethod
    def from_edges(cls, x0: Number, y0: Number, x1: Number, y1: Number) -> Box:
        """Make a computed box from its edges; every value is rounded so that ``x + width`` is the rounded ``x1``."""
        x, y = rounded(x0), rounded(y0)
        return cls(x, y, rounded(rounded(x1) - x), rounded(rounded(y1) - y))

    def area(self) -> Number:
        """Width times height in square pixels, rounded."""
        return rounded(self.width * self.height)

    def to_xywh(self) -> tuple[Number, Number, Number, Number]:
        """Return ``(x, y, width, height)`` in pixels, the COCO convention."""
        return self.x, self.y, self.width, self.height

    def to_xyxy(self) -> tuple[Number, Number, Number, Number]:
        """Return ``(x0, y0, x1, y1)`` in pixels; x0 and y0 as given, x1 and y1 computed and so rounded."""
        return self.x, self.y, rounded(self.x + self.width), rounded(self.y + self.height)

    def to_cxcywh_normalized(self, width: Number, height: Number) -> tuple[float, float, float, float]:
        """Return centre and size as fractions of a ``width`` × ``height`` picture, unrounded: the YOLO convention."""
        w, h = self.width, self.height
        return (self.x + w / 2) / width, (self.y + h / 2) / height, w / width, h / height

    def to_xyxy_normalized(self, width: int, height: int) -> tuple[Number, Number, Number, Number, bool]:
        """Return ``(x0, y0, x1, y1, grown)`` as fractions of the picture, rounded half-even to 6 decimals.

        Within 0…1 for a box within its picture. ``grown`` tells that a side was too short for six decimals and
        became one millionth (``L_BOX_GROWN``).
        """
        x0, x1, wider = _fractions(self.x, self.x + self.width, width)
        y0, y1, higher = _fractions(self.y, self.y + self.height, height)
        return x0, y0, x1, y1, wider or higher

    def to_voc_inclusive(self, width: int, height: int) -> tuple[int, int, int, int, bool]:
        """Return ``(xmin, ymin, xmax, ymax, grown)``: ints, 1-based, both ends inclusive (formats, section 5.3).

        Rounded half-up and limited to the ``width`` × ``height`` picture. ``grown`` tells that a side lay
        between two pixel borders and became one pixel (``L_BOX_GROWN``).
        """
        xmin, xmax, wider = _inclusive(self.x, self.x + self.width, width)
        ymin, ymax, higher = _inclusive(self.y, self.y + self.height, height)
        return xmin, ymin, xmax, ymax, wider or higher


def overlap(bounds: tuple[Number, Number, Number, Number], box: Box) -> bool:
    """True if ``(x0, y0, x1, y1)`` and ``box`` have some area in common."""
    x0, y0, x1, y1 = bounds
    return box.x < x1 and x0 < box.x + box.width and box.y < y1 and y0 < box.y + box.height


def _fractions(low: Number, high: Number, limit: int) -> tuple[Number, Number, bool]:
    first, last = rounded(low / limit), rounded(min(high / limit, 1.0))
    if first < last:
        return first, last, False
    first = min(first, 1 - _LEAST_FRACTION)
    return rounded(first), rounded(first + _LEAST_FRACTION), True


def _inclusive(low: Number, high: Number, limit: int) -> tuple[int, int, bool]:
    # int() is floor here: a box within its picture has no negative edge.
    first = int(low + 0.5) + 1
    last = int(high + 0.5)
    if last > limit:
        last = limit
    elif last < 1:
        last = 1
    first = min(first, limit)
    if last < first:
        middle = int((low + high) / 2) + 1
        return middle, middle, True
    return first, last, False


class RotatedBox(msgspec.Struct, frozen=True, gc=False):
    """A box turned about its own centre: centre and sides in pixels, ``theta`` in radians, clockwise on screen."""

    cx: Number
    cy: Number
    width: Number
    height: Number
    theta: Number

    @classmethod
    def from_topleft(cls, x: Number, y: Number, width: Number, height: Number, rotation: Number) -> RotatedBox:
        """Make one from ``[x, y, width, height]`` of the unturned box and its turn about the *centre* in radians."""
        return cls(rounded(x + width / 2), rounded(y + height / 2), width, height, rotation)

    @property
    def is_axis_aligned(self) -> bool:
        """True if the turn is a multiple of a full one within 1e-9: then it is an ordinary box."""
        return abs(math.remainder(self.theta, math.tau)) <= _NO_TURN

    def unrotated(self) -> Box:
        """Return the box before the turn, ``[x, y, width, height]``."""
        return Box(rounded(self.cx - self.width / 2), rounded(self.cy - self.height / 2), self.width, self.height)

    def corners(self) -> tuple[Number, ...]:
        """Return ``(x1, y1, … x4, y4)`` rounded: the box's own top-left, top-right, bottom-right, bottom-left."""
        cos, sin = math.cos(self.theta), math.sin(self.theta)
        flat: list[Number] = []
        for right, down in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)):
            dx, dy = right * self.width, down * self.height
            flat += (rounded(self.cx + dx * cos - dy * sin), rounded(self.cy + dx * sin + dy * cos))
        return tuple(flat)

    def enclosing(self) -> Box:
        """Return the smallest upright box around the corners."""
        flat = self.corners()
        return Box.from_edges(min(flat[0::2]), min(flat[1::2]), max(flat[0::2]), max(flat[1::2]))

    def area(self) -> Number:
        """Width times height in square pixels, rounded."""
        return rounded(self.width * self.height)


def parse_box(value: Any, json_path: str = ".bbox") -> Box:
    """Read ``[x, y, width, height]`` or an object with these four keys; values keep their form.

    Judges shape and numbers only (formats, sections 2.4 and 2.5): raises AnnotationFault with ``E_BOX_SHAPE``,
    ``E_NUMBER_TYPE``, ``E_NOT_FINITE`` or ``E_NUMBER_RANGE``. Sides and bounds are the canvas's business,
    since a box beside a region may be replaced.
    """
    if isinstance(value, dict):
        keys = ("x", "y", "width", "height")
        if any(key not in value for key in keys):
            raise AnnotationFault("E_BOX_SHAPE", "A box object needs x, y, width and height.", json_path)
        return Box(*(check_number(value[key], f"{json_path}.{key}") for key in keys))
    if not isinstance(value, (list, tuple)) or len(value) != 4:
        raise AnnotationFault("E_BOX_SHAPE", f"{quoted(value)} is not a box; give [x, y, width, height].", json_path)
    return Box(*(check_number(number, f"{json_path}[{index}]") for index, number in enumerate(value)))


def parse_rotated_box(value: Any, json_path: str = ".obb") -> RotatedBox:
    """Read a rotated box from its four corners: 8 numbers or 4 points, in the order of :meth:`RotatedBox.corners`.

    Raises AnnotationFault as :func:`parse_box` does; ``E_BOX_SHAPE`` also if the corners make no rectangle
    (more than 1 % of the longer side off), since turning it into one would be a guess.
    """
    flat = value
    if isinstance(value, (list, tuple)) and len(value) == 4 and all(isinstance(p, (list, tuple)) for p in value):
        flat = [number for point in value for number in point]
    if not isinstance(flat, (list, tuple)) or len(flat) != 8:
        raise AnnotationFault("E_BOX_SHAPE", f"{quoted(value)} is not a box; give its four corners.", json_path)
    numbers = [check_number(number, f"{json_path}[{index}]") for index, number in enumerate(flat)]
    ax, ay, bx, by, px, py, dx, dy = numbers
    width, height = math.hypot(bx - ax, by - ay), math.hypot(dx - ax, dy - ay)
    box = RotatedBox(
        rounded((ax + px) / 2), rounded((ay + py) / 2), rounded(width), rounded(height), math.atan2(by - ay, bx - ax)
    )
    tolerance = _SKEW * max(width, height) + EPS
    if any(abs(given - made) > tolerance for given, made in zip(numbers, box.corners(), strict=True)):
        raise AnnotationFault(
            "E_BOX_SHAPE",
            "The four corners make no rectangle in the order top-left, top-right, bottom-right, bottom-left; "
            "give a polygon instead.",
            json_path,
        )
    return box
