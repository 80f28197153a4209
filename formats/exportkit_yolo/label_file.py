"""A label file as its loader reads it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from exportkit.native import core
from exportkit.writing.checker import Severity

__all__ = ["DETECT", "OUTLINE", "POSE", "LabelFile", "RowFault", "has_key_point", "judge_labels"]

#: Forms of a row; one form in the whole dataset.
DETECT, OUTLINE, POSE = "c cx cy w h", "c x1 y1 … xn yn", "c cx cy w h and key points"
_ONLY_DETECT = ((DETECT, 1),)
_ONLY_OUTLINE = ((OUTLINE, 1),)
_ONLY_POSE = ((POSE, 1),)
#: How far a box may reach over an edge after rounding to six decimals, as a fraction.
_SLACK = 2e-6
#: Twice that and half of the last decimal: numbers with six decimals are over it by rounding alone or clearly.
_TWICE_SLACK = 4.5e-6

#: How far the loader lets an outline reach over an edge, as a fraction.
_TOLERANCE = 0.01
_JUST_OVER = "An outline reaches over the edge by less than the 1 % that the loader tolerates; other readers clip it."

#: Numbers of a key point that says whether it can be seen.
_WITH_VISIBILITY = 3

_VALUE = rb"(?:0\.\d{6}|1\.000000)"
#: The common form of outlines with six decimals, in range value by value.
_OUTLINE_FILE = re.compile(rb"(?:\d{1,9}(?: %b %b){3,}+\n)++" % (_VALUE, _VALUE), re.ASCII)
#: The common form of boxes: every digit becomes 0, and what is left must be one of these rows.
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_DETECT_ROWS = frozenset(b"0" * digits + b" 0.000000" * 4 for digits in range(1, 10))
_COMMAS = bytes.maketrans(b" \n", b",,")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)


class RowFault(NamedTuple):
    """What is wrong with one row (1-based line)."""

    code: str
    line: int
    message: str
    severity: Severity = "error"


class LabelFile(NamedTuple):
    """What one label file holds."""

    rows: int = 0
    #: Forms that occur, each with the line of its first row.
    forms: tuple[tuple[str, int], ...] = ()
    #: Highest class number and its line; −1 where there is none.
    top_class: int = -1
    top_line: int = 0
    faults: tuple[RowFault, ...] = ()


def judge_labels(data: bytes, keypoints: tuple[int, int] | None = None) -> LabelFile:
    """Judge the bytes of a label file by the rules of Ultralytics' label verification.

    ``keypoints`` is ``kpt_shape`` of the dataset (points, values a point) or None. Files in the usual form are
    judged as a whole; every other one, and every one with a fault, row by row.
    """
    if not data:
        return LabelFile()
    if keypoints is None:
        whole = _whole_detect_file(data) or _whole_outline_file(data)
    else:
        whole = _whole_pose_file(data, keypoints)
    return whole or _row_by_row(data, keypoints)


def has_key_point(data: bytes, keypoints: tuple[int, int]) -> bool:
    """Whether a row of a pose file has a point that is labelled: one with a visibility, or with two values not 0 0."""
    _, values = keypoints
    for row in data.splitlines():
        points = row.split()[5:]
        told = points[2::values] if values == _WITH_VISIBILITY else points
        if any(word.strip(b"0.") for word in told):
            return True
    return False


def _whole_detect_file(data: bytes) -> LabelFile | None:
    """A file in the common detect form, or None if it has another or a row needs a closer look."""
    if core is not None:
        found = core.judge_detect_rows(data)
        return found and LabelFile(found[0], _ONLY_DETECT, found[1], found[2])
    rows = data.splitlines()
    if not data.endswith(b"\n") or not _DETECT_ROWS.issuperset(data.translate(_DIGITS).splitlines()):
        return None
    try:
        numbers = msgspec.json.decode(b"[%b]" % data[:-1].translate(_COMMAS))
    except msgspec.DecodeError:  # a class with leading zeros
        return None
    classes = numbers[::5]
    del numbers[::5]
    number = iter(numbers)
    for cx, cy, w, h in zip(number, number, number, number, strict=True):
        cx += cx  # noqa: PLW2901 - twice the centre, so that no side is halved
        cy += cy  # noqa: PLW2901
        if not (0 < w <= cx + _TWICE_SLACK and w + cx <= 2 + _TWICE_SLACK):
            return None
        if not (0 < h <= cy + _TWICE_SLACK and h + cy <= 2 + _TWICE_SLACK):
            return None
    if max(numbers) > 1 or len(rows) != len(set(rows)):
        return None
    top = max(classes)
    return LabelFile(len(rows), _ONLY_DETECT, top, classes.index(top) + 1)


def _whole_pose_file(data: bytes, keypoints: tuple[int, int]) -> LabelFile | None:
    points, values = keypoints
    if core is None or values != _WITH_VISIBILITY:
        return None
    found = core.judge_pose_rows(data, points)
    return found and LabelFile(found[0], _ONLY_POSE, found[1], found[2])


def _whole_outline_file(data: bytes) -> LabelFile | None:
    if core is not None and (found := core.judge_outline_rows(data)) is not None:
        return LabelFile(found[0], _ONLY_OUTLINE, found[1], found[2])
    if not _OUTLINE_FILE.fullmatch(data):
        return None
    rows = data.splitlines()
    if len(rows) != len(set(rows)):
        return None
    classes = [int(row[: row.index(b" ")]) for row in rows]
    top = max(classes)
    return LabelFile(len(rows), _ONLY_OUTLINE, top, classes.index(top) + 1)


def _row_by_row(data: bytes, keypoints: tuple[int, int] | None) -> LabelFile:
    faults: list[RowFault] = []
    forms: dict[str, int] = {}
    seen: dict[tuple[float, ...], int] = {}
    count, top, top_line = 0, -1, 0
    for line, text in enumerate(data.decode("utf-8-sig", "replace").splitlines(), 1):
        words = text.split()
        if not words:
            continue
        count += 1
        values = _finite(words)
        form = _form(len(words), keypoints)
        if values is None:
            faults.append(RowFault("C_YOLO_ROW", line, "A row holds something else than finite numbers."))
            continue
        if form is None:
            faults.append(RowFault("C_YOLO_ROW", line, f"A row of {len(words)} columns has no form that a task knows."))
            continue
        forms.setdefault(form, line)
        if values[0] < 0 or not values[0].is_integer():
            faults.append(RowFault("C_YOLO_ROW", line, f"Class {words[0][:20]} is no whole number from 0."))
        elif values[0] > top:
            top, top_line = int(values[0]), line
        if form == OUTLINE and _is_just_over(values[1:]):
            faults.append(RowFault("C_YOLO_RANGE", line, _JUST_OVER, "warn"))
        else:
            faults.extend(RowFault("C_YOLO_RANGE", line, why) for why in _range_faults(values, form, keypoints))
        if form == POSE and keypoints is not None and keypoints[1] == _WITH_VISIBILITY:
            faults.extend(RowFault("C_YOLO_POSE", line, why) for why in _point_faults(values[5:]))
        earlier = seen.setdefault(tuple(values), line)
        if earlier != line:
            faults.append(RowFault("C_YOLO_DUPLICATE", line, f"The row equals that of line {earlier}."))
    return LabelFile(count, tuple(forms.items()), top, top_line, tuple(faults))


def _finite(words: list[str]) -> list[float] | None:
    if not all(map(_NUMBER.fullmatch, words)):
        return None
    values = list(map(float, words))
    return values if all(map(math.isfinite, values)) else None


def _form(columns: int, keypoints: tuple[int, int] | None) -> str | None:
    if keypoints is not None:
        return POSE if columns == 5 + keypoints[0] * keypoints[1] else None
    if columns == 5:
        return DETECT
    return OUTLINE if columns >= 7 and columns % 2 else None


def _point_faults(points: list[float]) -> Iterator[str]:
    triplets = list(zip(points[::3], points[1::3], points[2::3], strict=True))
    if not all(v in {0, 1, 2} for _, _, v in triplets):
        yield "The visibility of a key point is none of 0, 1 and 2."
    if any(v == 0 and (x or y) for x, y, v in triplets):
        yield "A key point with visibility 0 is not at 0 0."


def _is_just_over(coordinates: list[float]) -> bool:
    least, most = min(coordinates), max(coordinates)
    return least >= -_TOLERANCE and most <= 1 + _TOLERANCE and not (least >= 0 and most <= 1)


def _range_faults(values: list[float], form: str, keypoints: tuple[int, int] | None) -> Iterator[str]:
    coordinates = values[1:]
    if form == POSE and keypoints is not None:
        points = values[5:]
        coordinates = values[1:5] + points[:: keypoints[1]] + points[1 :: keypoints[1]]
    if not all(0 <= value <= 1 for value in coordinates):
        yield "A coordinate is not in 0…1; normalise by the display size of the picture."
    elif form != OUTLINE:
        cx, cy, w, h = values[1:5]
        if w == 0 or h == 0:
            yield "A box has no width or no height."
        slack = _SLACK + 1e-12
        if cx - w / 2 < -slack or cx + w / 2 > 1 + slack or cy - h / 2 < -slack or cy + h / 2 > 1 + slack:
            yield "A box reaches over the edge of the picture."
