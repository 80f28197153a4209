"""What panopticapi demands of a picture's segments (formats, section 7, rule 25)."""

from __future__ import annotations

import re
from collections import Counter
from json import loads
from typing import Any

import msgspec

from exportkit.writing.png_pixels import MOST_PIXELS, PngFile, PngUnreadable, bands, read_png
from exportkit_coco.rules import UNSAFE_NAME, Id, Report, Size

__all__ = ["PanopticEntry", "explain_panoptic", "judge_segments"]

#: Runs of equal pixels, of three channels and of four, of which the last is not looked at.
_RUNS = {3: re.compile(rb"(...)\1*+", re.DOTALL), 4: re.compile(rb"(...).(?:\1.)*+", re.DOTALL)}
_VOID = 0


class SegmentInfo(msgspec.Struct, gc=False):
    """One segment; its area in pixels."""

    id: Id
    category_id: Id
    area: float


class PanopticEntry(msgspec.Struct, gc=False):
    """An entry of ``annotations`` in the panoptic role: one picture."""

    image_id: Id
    file_name: str
    segments_info: list[SegmentInfo]


def judge_segments(entry: PanopticEntry, size: Size | None, png: bytes | None, report: Report) -> None:
    """Compare segments with the PNG file, which is None where there is none that can be read."""

    def wrong(message: str, severity: str = "error") -> None:
        report("C_COCO_PANOPTIC", severity, message)

    if UNSAFE_NAME.search(entry.file_name):
        report("C_COCO_FILE", "error", "file_name is not a relative path with '/' between its parts")
    told = {info.id: info.area for info in entry.segments_info}
    if len(told) != len(entry.segments_info):
        wrong("two segments of the picture have the same id")
    if png is None:
        wrong(f"the PNG file {ascii(entry.file_name)[:120]} is not there or cannot be read")
        return
    try:
        file = read_png(png)
        reason, severity = _unjudged(file, size)
        if reason:
            wrong(reason, severity)
            return
        areas = _areas(file)
    except PngUnreadable as fault:
        wrong(f"the PNG file cannot be read: {fault}")
        return
    for number in sorted(areas.keys() - told.keys())[:1]:
        wrong(f"pixels of the PNG file have the id {number}, which is not in segments_info")
    for number in sorted(told.keys() - areas.keys())[:1]:
        wrong(f"the segment {number} has no pixel in the PNG file")
    for number in sorted(told.keys() & areas.keys()):
        if told[number] != areas[number]:
            wrong(f"the area of segment {number} is {told[number]:g}, and it has {areas[number]} pixels")


def _unjudged(file: PngFile, size: Size | None) -> tuple[str, str]:
    """Why the pixels of a file are not looked at, and how bad that is; empty where they are."""
    if size is not None and (file.width, file.height) != size:
        return f"the PNG file is {file.width} x {file.height}, the picture {size[0]} x {size[1]}", "error"
    if file.channels not in _RUNS or file.depth != 8:
        return "the PNG file has no red, green and blue of 8 bits, which tell the id", "error"
    if not file.is_judgeable:
        return f"the PNG file is interlaced or has over {MOST_PIXELS} pixels; its ids are not judged", "warn"
    return "", ""


def _areas(file: PngFile) -> dict[int, int]:
    """Pixels of each id but void. Raises PngUnreadable."""
    runs: Counter[bytes] = Counter()
    for band in bands(file):
        for run in _RUNS[file.channels].finditer(band):
            runs[run[1]] += (run.end() - run.start()) // file.channels
    areas = {int.from_bytes(colour, "little"): count for colour, count in runs.items()}
    areas.pop(_VOID, None)
    return areas


def explain_panoptic(data: bytes, report: Report) -> None:
    """Why the bytes are no :class:`PanopticEntry`."""
    try:
        value: Any = loads(data)
        msgspec.convert(value, PanopticEntry)
    except (ValueError, RecursionError) as error:
        report("C_COCO_PANOPTIC", "error", f"the entry has the wrong form: {error}")
