"""An open line of points, as normalisation and hooks give it."""

from __future__ import annotations

from typing import Any

from exportkit.records.numbers import Number, check_number

__all__ = ["line_of"]

_PATH = ".polyline"


def line_of(value: Any) -> tuple[Number, ...] | None:
    """``(x1, y1, x2, y2, …)`` of pairs of numbers in pixels; None for what is no line of two distinct points.

    Equal neighbours are left out. Raises AnnotationFault with the code of a bad number (formats, section 2.4).
    """
    if not isinstance(value, (tuple, list)):
        return None
    points: list[tuple[Number, Number]] = []
    for at, pair in enumerate(value):
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            return None
        point = check_number(pair[0], f"{_PATH}[{at}][0]"), check_number(pair[1], f"{_PATH}[{at}][1]")
        if not points or point != points[-1]:
            points.append(point)
    return tuple(number for point in points for number in point) if len(points) > 1 else None
