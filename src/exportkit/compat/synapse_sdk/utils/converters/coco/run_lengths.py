"""COCO's run lengths of a bitmap, and the geometry of masks and polygons as COCO has them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from exportkit.compat.synapse_sdk.utils.converters.dm.tools.segmentation import MaskEncodingError
from exportkit.compat.synapse_sdk.utils.converters.geometry import mask_of, points_of
from exportkit.errors import AnnotationFault
from exportkit.records.rle import compressed, decompressed

__all__ = ["CocoGeometryError", "decode_coco_rle", "encode_coco_rle", "mask_geometry", "polygon_geometry"]


class CocoGeometryError(ValueError):
    """The geometry of an annotation cannot be written."""

    reason_code = "INVALID_GEOMETRY"


def polygon_geometry(points: object) -> tuple[list[list[float]], list[float], float]:
    """Rings, bbox and area of a polygon in pixels. Raises CocoGeometryError."""
    try:
        ring = points_of(points, "A polygon")
    except ValueError as error:
        raise CocoGeometryError(str(error)) from None
    after = [*ring[1:], ring[0]]
    area = abs(sum(x1 * y2 - y1 * x2 for (x1, y1), (x2, y2) in zip(ring, after, strict=True))) / 2
    bbox = enclosing_box(ring)
    if area <= 0 or bbox[2] <= 0 or bbox[3] <= 0:
        raise CocoGeometryError("A polygon must have an area.")
    return [[value for point in ring for value in point]], bbox, area


def enclosing_box(points: list[tuple[float, float]]) -> list[float]:
    """``[x, y, width, height]`` around points."""
    xs, ys = zip(*points, strict=True)
    return [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]


def mask_geometry(annotation: Mapping[str, Any], width: int, height: int) -> tuple[dict[str, Any], list[float], float]:
    """Run lengths, bbox and area of a mask. Raises MaskEncodingError, and CocoGeometryError for one without pixels."""
    expected = {"raw_indices": (False, None), "dm_rle": (True, "rle")}.get(str(annotation.get("encoding")))
    given = annotation.get("isCompressed"), annotation.get("compressionFormat")
    if "isCompressed" not in annotation or "compressionFormat" not in annotation or given != expected:
        raise MaskEncodingError("A mask needs 'encoding', 'isCompressed' and 'compressionFormat' that agree.")
    mask = mask_of(annotation, width, height)
    if mask is None:
        raise CocoGeometryError("A mask must have a pixel.")
    rle = {"size": [height, width], "counts": mask.to_coco_compressed()}
    return rle, [float(value) for value in mask.tight_box().to_xywh()], float(mask.pixel_count())


def encode_coco_rle(bitmap: bytearray, width: int, height: int) -> dict[str, Any]:
    """Compressed run lengths, column by column, of a bitmap that is given row by row."""
    if len(bitmap) != width * height:
        raise ValueError(f"A bitmap of {width} × {height} pixels has {width * height} bytes, not {len(bitmap)}.")
    by_column = (bool(bitmap[y * width + x]) for x in range(width) for y in range(height))
    runs = [(covered, sum(1 for _ in run)) for covered, run in groupby(by_column)]
    counts = [length for _, length in runs]
    return {"size": [height, width], "counts": compressed([0, *counts] if runs and runs[0][0] else counts)}


def decode_coco_rle(rle: Mapping[str, Any]) -> bytearray:
    """The bitmap, row by row, of compressed run lengths. Raises ValueError where they do not cover it."""
    size = rle.get("size")
    if not isinstance(size, list) or len(size) != 2 or any(type(side) is not int or side <= 0 for side in size):
        raise ValueError("The size of run lengths is [height, width], both positive.")
    height, width = size
    try:
        counts = decompressed(rle.get("counts") or "")
    except AnnotationFault as fault:
        raise ValueError(str(fault)) from None
    if sum(counts) != width * height or any(count < 0 for count in counts):
        raise ValueError("The run lengths do not cover the picture.")
    columns = bytearray()
    for place, count in enumerate(counts):
        columns += bytes([place % 2]) * count
    return bytearray(columns[x * height + y] for y in range(height) for x in range(width))
