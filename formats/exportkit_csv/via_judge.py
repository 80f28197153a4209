"""What the VGG Image Annotator demands of its table."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, ClassVar

import msgspec

from exportkit_csv.judge import Judge

__all__ = ["ViaFirstJudge", "ViaJudge"]

#: Numbers of each shape; the last two are lists of equal length.
_SHAPES: Mapping[str, tuple[str, ...]] = {
    "rect": ("x", "y", "width", "height"),
    "circle": ("cx", "cy", "r"),
    "ellipse": ("cx", "cy", "rx", "ry"),
    "point": ("cx", "cy"),
}
_LINES = {"polygon": 3, "polyline": 2}
#: Numbers that are lengths.
_EXTENTS = frozenset({"width", "height", "r", "rx", "ry"})


class ViaJudge(Judge):
    """``via_region_data_<split>.csv`` of version 2."""

    header: ClassVar[str | None] = (
        "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes"
    )
    columns = 7
    name = 0

    def judge(self, cells: list[str], line: int) -> None:
        if any("\n" in cell or "\r" in cell for cell in cells):
            self.report("C_CSV_QUOTE", "error", "the tool ends a record at the line break in its cell", line)
        file, shape, attributes = (_object(cells[place]) for place in (2, 5, 6))
        if file is None or shape is None or attributes is None:
            self.report("C_CSV_QUOTE", "error", "a cell of attributes is no JSON object", line)
            return
        size, count, number = cells[1], cells[3], cells[4]
        if not (size.removeprefix("-").isdecimal() and count.isdecimal() and number.isdecimal()):
            self.report("C_CSV_QUOTE", "error", "size, region_count or region_id is no whole number", line)
            return
        if not shape:
            return
        self.facts.objects += 1
        if len(number) > len(count) or (len(number) == len(count) and number >= count):
            self.report("C_CSV_QUOTE", "error", "region_id is not below region_count", line)
        if not _is_drawn(shape):
            self.report("C_CSV_BOX", "error", "the shape has not the numbers that its name asks for", line)


class ViaFirstJudge(ViaJudge):
    """The same with the header of version 1, which version 2 takes too."""

    header = f"#{ViaJudge.header}"


def _object(cell: str) -> dict[str, Any] | None:
    try:
        value = msgspec.json.decode(cell)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _is_drawn(shape: dict[str, Any]) -> bool:
    name = shape.get("name")
    if name in _LINES:
        xs, ys = shape.get("all_points_x"), shape.get("all_points_y")
        if not isinstance(xs, list) or not isinstance(ys, list) or len(xs) != len(ys):
            return False
        return len(xs) >= _LINES[name] and all(map(_is_number, xs)) and all(map(_is_number, ys))
    if not isinstance(name, str) or name not in _SHAPES:
        return False
    return all(
        _is_number(value := shape.get(key)) and (key not in _EXTENTS or value > 0)  # type: ignore[operator]  # a number
        for key in _SHAPES[name]
    )


def _is_number(value: object) -> bool:
    return type(value) is int or (type(value) is float and isfinite(value))
