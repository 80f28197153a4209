"""Masks: one object's region as runs of pixels on its picture's grid."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec

from exportkit.errors import AnnotationFault
from exportkit.records.box import Box, overlap
from exportkit.records.contours import contours
from exportkit.records.numbers import quoted
from exportkit.records.polygon import Polygon
from exportkit.records.raster import covered_rows
from exportkit.records.rle import compressed, decompressed
from exportkit.records.runs import Runs, joined, slabs, transposed

__all__ = ["MAX_PIXELS", "Mask", "check_grid"]

#: Largest grid, in pixels, unless a caller sets another limit (formats, section 2.12).
MAX_PIXELS = 1 << 28


class Mask(msgspec.Struct, frozen=True, gc=False, eq=False):
    """Covered pixels of a ``width`` × ``height`` grid: at least one, as runs in the order of the source.

    ``runs`` is flat and half-open, ascending and apart: ``(from, to, from, to, …)``, of indices y · width + x,
    or, with ``by_column``, x · height + y. The other order is computed by run arithmetic when it is asked for;
    no grid is ever allocated. Two masks are equal if they cover the same pixels of equal grids.
    """

    width: int
    height: int
    runs: Runs
    by_column: bool = False

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mask):
            return NotImplemented
        if (self.width, self.height) != (other.width, other.height):
            return False
        return self.runs == (other.column_runs() if self.by_column else other.row_runs())

    def __hash__(self) -> int:
        return hash((self.width, self.height, self.pixel_count()))

    @classmethod
    def from_row_runs(
        cls, runs: Any, width: Any, height: Any, json_path: str = "", max_pixels: int = MAX_PIXELS
    ) -> Mask:
        """Read row-major half-open runs ``[[start, length], …]`` (wire contract, section 22)."""
        check_grid(width, height, json_path, max_pixels)
        spans: list[tuple[int, int]] = []
        end = 0
        for index, run in enumerate(_listed(runs, json_path)):
            path = f"{json_path}[{index}]"
            if (
                not isinstance(run, (list, tuple))
                or len(run) != 2
                or type(run[0]) is not int
                or type(run[1]) is not int
            ):
                raise AnnotationFault("E_MASK_ENCODING", f"{quoted(run)} is no run; give [start, length].", path)
            if run[0] < end or run[1] < 0:
                raise AnnotationFault(
                    "E_MASK_RUNS", f"Run {quoted(run)} is negative, overlapping or descending; sort the runs.", path
                )
            end = run[0] + run[1]
            spans.append((run[0], end))
        _check_end(end, width, height, json_path)
        return _covering(cls(width, height, joined(spans)), json_path)

    @classmethod
    def from_row_indices(
        cls, indices: Any, width: Any, height: Any, json_path: str = "", max_pixels: int = MAX_PIXELS
    ) -> Mask:
        """Read row-major pixel indices in any order, each once (wire contract, section 22)."""
        check_grid(width, height, json_path, max_pixels)
        values = _integers(indices, json_path)
        ordered = sorted(values)
        if ordered and (ordered[0] < 0 or len(set(ordered)) != len(ordered)):
            raise AnnotationFault("E_MASK_RUNS", "A pixel index is negative or given twice; give each once.", json_path)
        _check_end(ordered[-1] + 1 if ordered else 0, width, height, json_path)
        return _covering(cls(width, height, joined((index, index + 1) for index in ordered)), json_path)

    @classmethod
    def from_coco_counts(
        cls, counts: Any, width: Any, height: Any, json_path: str = "", max_pixels: int = MAX_PIXELS
    ) -> Mask:
        """Read COCO's uncompressed column-major run lengths, background first."""
        check_grid(width, height, json_path, max_pixels)
        values = _integers(counts, json_path)
        if values and min(values) < 0:
            raise AnnotationFault("E_MASK_RUNS", "A run length is negative; give lengths from 0 on.", json_path)
        if sum(values) != width * height:
            raise AnnotationFault(
                "E_MASK_RUNS",
                f"The counts sum to {quoted(sum(values))}, not to {width} × {height} pixels; write them again.",
                json_path,
            )
        spans: list[tuple[int, int]] = []
        place = 0
        for background, covered in zip(values[0::2], values[1::2], strict=False):
            start = place + background
            place = start + covered
            spans.append((start, place))
        return _covering(cls(width, height, joined(spans), by_column=True), json_path)

    @classmethod
    def from_coco_compressed(
        cls, text: str | bytes, width: Any, height: Any, json_path: str = "", max_pixels: int = MAX_PIXELS
    ) -> Mask:
        """Read COCO's compressed ASCII text; it must sum to the grid exactly (formats, section 2.7)."""
        check_grid(width, height, json_path, max_pixels)
        return cls.from_coco_counts(decompressed(text, json_path), width, height, json_path, max_pixels)

    @classmethod
    def from_polygon(cls, polygon: Polygon, width: int, height: int, max_pixels: int = MAX_PIXELS) -> Mask | None:
        """Cover the pixels whose centre is inside (formats, section 1.1); None if there is none.

        Pixels outside the grid are left out. Raises AnnotationFault ``E_MASK_SIZE`` beyond the limits.
        """
        check_grid(width, height, "", max_pixels)
        spans: list[tuple[int, int]] = []
        for row, runs in covered_rows([part.rings for part in polygon.parts]):
            if not 0 <= row < height:
                continue
            for start, end in zip(runs[0::2], runs[1::2], strict=True):
                low, high = max(start, 0), min(end, width)
                if low < high:
                    spans.append((row * width + low, row * width + high))
        return cls(width, height, joined(spans)) if spans else None

    def row_runs(self) -> Runs:
        """Return the runs in row-major order."""
        return transposed(self.runs, self.height, self.width) if self.by_column else self.runs

    def column_runs(self) -> Runs:
        """Return the runs in column-major order."""
        return self.runs if self.by_column else transposed(self.runs, self.width, self.height)

    def to_row_runs(self) -> list[tuple[int, int]]:
        """Return row-major ``(start, length)`` pairs, the wire's ``dm_rle``."""
        runs = self.row_runs()
        return [(start, end - start) for start, end in zip(runs[0::2], runs[1::2], strict=True)]

    def to_coco_counts(self) -> list[int]:
        """Return COCO's run lengths: column-major, background first, summing to the grid."""
        borders = (0, *self.column_runs(), self.width * self.height)
        counts = [after - before for before, after in pairwise(borders)]
        return counts[:-1] if counts[-1] == 0 else counts

    def to_coco_compressed(self) -> str:
        """Return COCO's compressed ASCII text, equal to what pycocotools writes."""
        return compressed(self.to_coco_counts())

    def pixel_count(self) -> int:
        """Count the covered pixels: the area."""
        return sum(self.runs[1::2]) - sum(self.runs[0::2])

    def bounds(self) -> tuple[int, int, int, int]:
        """Return ``(x0, y0, x1, y1)`` in pixel edges, half-open."""
        length = self.height if self.by_column else self.width
        first, last = self.runs[0] // length, (self.runs[-1] - 1) // length
        low, high = length, 0
        for start, end in zip(self.runs[0::2], self.runs[1::2], strict=True):
            if start // length != (end - 1) // length:
                low, high = 0, length
                break
            low, high = min(low, start % length), max(high, (end - 1) % length + 1)
        return (first, low, last + 1, high) if self.by_column else (low, first, high, last + 1)

    def tight_box(self) -> Box:
        """Return the box around the covered pixels, in pixel edges."""
        x0, y0, x1, y1 = self.bounds()
        return Box(x0, y0, x1 - x0, y1 - y0)

    def overlaps(self, box: Box) -> bool:
        """True if some covered pixel lies at least partly in ``box``."""
        if not overlap(self.bounds(), box):
            return False
        length = self.height if self.by_column else self.width
        x0, y0, x1, y1 = box.x0, box.y0, box.x1, box.y1
        low, high, begin, end = (y0, y1, x0, x1) if self.by_column else (x0, x1, y0, y1)
        return any(
            place < high and low < stop
            for first, after_last, spans in slabs(self.runs, length)
            if first < end and begin < after_last
            for place, stop in zip(spans[0::2], spans[1::2], strict=True)
        )

    def to_polygon(self) -> Polygon:
        """Return the contours along pixel edges: integer points, area equal to the pixel count (section 5.0)."""
        return contours(self.row_runs(), self.width)


def check_grid(width: Any, height: Any, json_path: str = "", max_pixels: int = MAX_PIXELS) -> None:
    """Raise AnnotationFault ``E_MASK_SIZE`` unless both are positive ints and the grid is within the limit."""
    if type(width) is not int or type(height) is not int or width < 1 or height < 1:
        raise AnnotationFault(
            "E_MASK_SIZE", f"The grid {quoted(width)} × {quoted(height)} is no size; give positive integers.", json_path
        )
    if width * height > max_pixels:
        raise AnnotationFault(
            "E_MASK_SIZE", f"The grid {quoted(width)} × {quoted(height)} is over {max_pixels} pixels.", json_path
        )


def _check_end(end: int, width: int, height: int, json_path: str) -> None:
    if end > width * height:
        raise AnnotationFault(
            "E_MASK_RUNS", f"A run ends at {quoted(end)}, past the {width} × {height} grid.", json_path
        )


def _listed(value: Any, json_path: str) -> list[Any] | tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise AnnotationFault("E_MASK_ENCODING", f"{quoted(value)} is no list of runs.", json_path)
    return value


def _integers(value: Any, json_path: str) -> list[int] | tuple[int, ...]:
    values = _listed(value, json_path)
    if not set(map(type, values)) <= {int}:
        bad = next(number for number in values if type(number) is not int)
        raise AnnotationFault("E_MASK_ENCODING", f"{quoted(bad)} is no integer.", json_path)
    return values


def _covering(mask: Mask, json_path: str) -> Mask:
    if not mask.runs:
        raise AnnotationFault("E_MASK_EMPTY", "The mask covers no pixel; remove it or draw it.", json_path)
    return mask
