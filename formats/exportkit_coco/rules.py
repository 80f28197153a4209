"""What readers demand of the entries of a COCO file (formats, section 7, rules 11 to 21)."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import chain
from json import loads
from math import ceil, dist, isfinite, nan
from operator import mul, sub
from typing import Annotated, Any

import msgspec

from exportkit_coco.rle import RunFault, covered, runs_of

__all__ = [
    "UNSAFE_NAME",
    "CaptionEntry",
    "Id",
    "ImageEntry",
    "KeypointEntry",
    "ObjectEntry",
    "Report",
    "Size",
    "explain_caption",
    "explain_image",
    "explain_keypoints",
    "explain_object",
    "judge_caption",
    "judge_image",
    "judge_keypoints",
    "judge_object",
]

#: Tolerance in pixels for float noise (formats, section 0).
EPS = 0.001
#: A written area may differ from the geometry by this share before it earns a warning.
AREA_SHARE = 0.01
#: A share that settles the matter although the area is computed coarsely.
SURE_SHARE = 0.0099

#: An empty part, a step upwards, a backslash, a drive.
UNSAFE_NAME = re.compile(r"(?:^|/)\.{0,2}(?:/|$)|\\|^.:")

#: Counting covered pixels is given up beyond so many crossings of edges and pixel rows.
_MOST_CROSSINGS = 1_000_000

#: Width and height in pixels.
Size = tuple[int, int]
#: Takes code, severity and message of one problem.
Report = Callable[[str, str, str], None]


#: An id that fits into 64 bits; beyond that no reader keeps it exact.
Id = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class ImageEntry(msgspec.Struct, gc=False):
    """An entry of ``images``; sizes in pixels."""

    id: Id
    file_name: str
    width: int
    height: int


class Runs(msgspec.Struct, gc=False):
    """A run-length encoded segmentation; ``size`` is ``[height, width]``."""

    size: tuple[int, int]
    counts: str | list[int]


class ObjectEntry(msgspec.Struct, gc=False):
    """An entry of ``annotations`` in a detection role; pixels, ``bbox`` is x, y, width, height."""

    id: Id
    image_id: Id
    category_id: Id
    bbox: tuple[float, float, float, float]
    area: float
    iscrowd: int
    segmentation: list[tuple[float, ...]] | Runs


class KeypointEntry(ObjectEntry, gc=False):
    """An entry of ``annotations`` in the key points role: x, y, v of each point, and how many have v > 0."""

    keypoints: list[float]
    num_keypoints: int


class CaptionEntry(msgspec.Struct, gc=False):
    """An entry of ``annotations`` in the captions role."""

    id: Id
    image_id: Id
    caption: str


def judge_image(image: ImageEntry, report: Report) -> None:
    """Rules for one picture by itself."""
    if image.width < 1 or image.height < 1:
        report("C_COCO_JSON", "error", f"the size {image.width} x {image.height} is not positive")
    if UNSAFE_NAME.search(image.file_name):
        report("C_COCO_FILE", "error", "file_name is not a relative path with '/' between its parts")


def judge_object(entry: ObjectEntry, size: Size | None, report: Report) -> None:
    """Rules for one annotation; without the picture's size nothing is said about its edges."""
    x, y, width, height = entry.bbox
    right, bottom = (size[0] + EPS, size[1] + EPS) if size else (1e7, 1e7)
    if not (width > 0 and height > 0 and x >= -EPS and y >= -EPS and x + width <= right and y + height <= bottom):
        report("C_COCO_BBOX", "error", f"bbox {list(entry.bbox)} is empty or leaves the picture")
    if entry.id < 1:
        report("C_COCO_ID", "error", "an annotation id is below 1, which evaluation takes for 'no match'")
    segmentation = entry.segmentation
    crowd = entry.iscrowd
    if crowd not in {0, 1} or (crowd and segmentation and type(segmentation) is list):
        report("C_COCO_CROWD", "error", "iscrowd is not 0 or 1, or is 1 beside polygon rings")
    if not segmentation:
        exact, slack = width * height, 0.0
    elif type(segmentation) is list:
        exact, slack = 0.0, 0.0
        for ring in segmentation:
            exact += _judge_ring(ring, right, bottom, report)
        if not abs(entry.area - exact) <= SURE_SHARE * exact:
            exact = sum(map(_exact_area, segmentation))
    else:
        exact, slack = _judge_runs(segmentation, size, report)  # type: ignore[arg-type]  # told apart by its type above
    area = entry.area
    if not area > 0:
        report("C_COCO_AREA", "error", f"area {area} is not positive")
    elif abs(area - exact) > AREA_SHARE * exact + slack and not _fits_pixels(area, segmentation):
        report("C_COCO_AREA", "warn", f"area {area} differs by more than 1 % from the geometry's {exact:.6g}")


def judge_keypoints(entry: KeypointEntry, size: Size | None, report: Report) -> None:
    """Rules for one annotation with key points (rule 23); how many there are is judged with its category."""
    judge_object(entry, size, report)
    points = entry.keypoints
    if not points or len(points) % 3:
        report("C_COCO_KPT", "error", f"keypoints has {len(points)} numbers, which are no x, y, v triplets")
        return
    visibilities = points[2::3]
    if not {0, 1, 2}.issuperset(visibilities):
        report("C_COCO_KPT", "error", "the visibility of a key point is none of 0, 1, 2")
    labelled = sum(v > 0 for v in visibilities)
    if entry.num_keypoints != labelled:
        report("C_COCO_KPT", "error", f"num_keypoints is {entry.num_keypoints}, {labelled} points have v > 0")


def judge_caption(entry: CaptionEntry, size: Size | None, report: Report) -> None:
    """Rules for one caption."""
    del size
    if entry.id < 1:
        report("C_COCO_ID", "error", "an annotation id is below 1")


def _judge_ring(ring: tuple[float, ...], right: float, bottom: float, report: Report) -> float:
    """Judge one ring and give its area, good to a millionth part; NaN where float noise may be greater."""
    if len(ring) < 6 or len(ring) % 2:
        report("C_COCO_RING", "error", f"a ring has {len(ring)} numbers; readers want an even count of at least 6")
        return 0.0
    xs, ys = ring[0::2], ring[1::2]
    across, down = sorted(xs), sorted(ys)
    if across[0] < -EPS or down[0] < -EPS or across[-1] > right or down[-1] > bottom:
        report("C_COCO_RING", "error", "a ring leaves the picture")
    # Four areas are the sum of (x_i - y_j)^2 less the sum of (y_i - x_j)^2, j the point after i: two fast calls.
    one, other = dist(xs, ys[1:] + ys[:1]), dist(ys, xs[1:] + xs[:1])
    area = abs(one - other) * (one + other) / 4
    return area if area > 1e-9 * one * one else nan


def _exact_area(ring: tuple[float, ...]) -> float:
    if len(ring) < 6 or len(ring) % 2:
        return 0.0
    xs, ys = ring[0::2], ring[1::2]
    return float(abs(sum(map(mul, xs, map(sub, ys[1:] + ys[:1], ys[-1:] + ys[:-1])))) / 2)


def _judge_runs(runs: Runs, size: Size | None, report: Report) -> tuple[float, float]:
    """Judge one mask; its pixels, and by how much an exact area may differ: half a pixel for each end of a run."""
    height, width = runs.size
    if size is not None and (width, height) != size:
        report("C_COCO_RLE", "error", f"size [{height}, {width}] is not [height, width] of the picture")
        return 0.0, float("inf")
    try:
        lengths = runs_of(runs.counts) if isinstance(runs.counts, str) else runs.counts
        return float(covered(lengths, height, width)), len(lengths) / 2
    except RunFault as fault:
        report("C_COCO_RLE", "error", str(fault))
        return 0.0, float("inf")


def _fits_pixels(area: float, segmentation: list[tuple[float, ...]] | Runs) -> bool:
    """Whether the area is that of the pixels whose centres the rings enclose, as a crossing ring is measured."""
    if not segmentation or isinstance(segmentation, Runs):
        return False
    edges = [
        (x0, y0, x1, y1)
        for ring in segmentation
        if len(ring) >= 6 and len(ring) % 2 == 0
        for x0, y0, x1, y1 in zip(ring[0::2], ring[1::2], ring[2::2] + ring[:1], ring[3::2] + ring[1:2], strict=True)
    ]
    if sum(abs(y1 - y0) for _, y0, _, y1 in edges) > _MOST_CROSSINGS:
        return False
    rows: dict[int, list[float]] = {}
    for x0, y0, x1, y1 in edges:
        low, high = (y0, y1) if y0 < y1 else (y1, y0)
        for row in range(ceil(low - 0.5), ceil(high - 0.5)):
            rows.setdefault(row, []).append(x0 + (row + 0.5 - y0) * (x1 - x0) / (y1 - y0))
    pixels = 0
    for crossings in rows.values():
        crossings.sort()
        pixels += sum(
            ceil(end - 0.5) - ceil(start - 0.5) for start, end in zip(crossings[0::2], crossings[1::2], strict=False)
        )
    return abs(area - pixels) <= AREA_SHARE * pixels


def explain_image(data: bytes, report: Report) -> None:
    """Why the bytes are no :class:`ImageEntry`."""
    entry = _strict_object(data, report)
    if entry is None:
        return
    keys = {"id": "C_COCO_ID", "file_name": "C_COCO_FILE", "width": "C_COCO_JSON", "height": "C_COCO_JSON"}
    for key, code in keys.items():
        value = entry.get(key)
        if key in entry and value is None:
            report("C_COCO_JSON", "error", f"{key} is null")
        elif type(value) is not (str if key == "file_name" else int) or (key == "id" and not _is_id(value)):
            report(code, "error", f"{key} is missing or has the wrong type")


def explain_object(data: bytes, report: Report) -> None:
    """Why the bytes are no :class:`ObjectEntry`."""
    entry = _strict_object(data, report)
    if entry is None:
        return
    _explain_ids(entry, ("id", "image_id", "category_id"), report)
    shapes: dict[str, tuple[str, Callable[[Any], bool]]] = {
        "bbox": ("C_COCO_BBOX", lambda value: _numbers(value) and len(value) == 4),
        "area": ("C_COCO_AREA", lambda value: _numbers([value])),
        "iscrowd": ("C_COCO_CROWD", lambda value: type(value) is int),
        "segmentation": ("C_COCO_RING", lambda value: isinstance(value, list) and all(map(_numbers, value))),
    }
    for key, (code, holds) in shapes.items():
        if key not in entry:
            report("C_COCO_KEYS", "error", f"{key} is missing")
        elif entry[key] is None:
            report("C_COCO_JSON", "error", f"{key} is null")
        elif isinstance(entry[key], dict) and key == "segmentation":
            _explain_runs(entry[key], report)
        elif not holds(entry[key]):
            report(code, "error", f"{key} has the wrong form")


def explain_keypoints(data: bytes, report: Report) -> None:
    """Why the bytes are no :class:`KeypointEntry`."""
    explain_object(data, report)
    entry = _strict_object(data, _nothing)
    if entry is not None and not _numbers(entry.get("keypoints")):
        report("C_COCO_KPT", "error", "keypoints is missing or no list of numbers")
    if entry is not None and type(entry.get("num_keypoints")) is not int:
        report("C_COCO_KPT", "error", "num_keypoints is missing or no whole number; evaluation stops without it")


def explain_caption(data: bytes, report: Report) -> None:
    """Why the bytes are no :class:`CaptionEntry`."""
    entry = _strict_object(data, report)
    if entry is None:
        return
    _explain_ids(entry, ("id", "image_id"), report)
    if not isinstance(entry.get("caption"), str):
        report("C_COCO_JSON", "error", "caption is missing or no text")


def _explain_ids(entry: dict[str, Any], keys: tuple[str, ...], report: Report) -> None:
    for key in keys:
        if not _is_id(entry.get(key)):
            null = key in entry and entry[key] is None
            code = "C_COCO_JSON" if null else "C_COCO_ID" if key == "id" else "C_COCO_REF"
            report(code, "error", f"{key} is no whole number of 64 bits")


def _nothing(code: str, severity: str, message: str) -> None:
    """Takes what was told before."""


def _explain_runs(value: dict[str, Any], report: Report) -> None:
    try:
        msgspec.convert(value, Runs)
    except msgspec.ValidationError as error:
        report("C_COCO_RLE", "error", f"the mask has the wrong form: {error}")


def _strict_object(data: bytes, report: Report) -> dict[str, Any] | None:
    def refuse(literal: str) -> float:
        raise ValueError(f"{literal} is no JSON")

    try:
        value = loads(data, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        report("C_COCO_JSON", "error", f"no strict JSON: {error}")
        return None
    if not isinstance(value, dict):
        report("C_COCO_JSON", "error", "an entry is no object")
        return None
    return value


def _is_id(value: object) -> bool:
    return type(value) is int and -(2**63) <= value < 2**63


def _numbers(values: object) -> bool:
    return isinstance(values, list) and all(type(v) in {int, float} and isfinite(v) for v in chain(values))
