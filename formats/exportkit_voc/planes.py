"""The two segmentation planes of a picture: which class, and which object, each pixel belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from exportkit.records.runs import Runs, slabs
from exportkit_voc.palette import VOID
from exportkit_voc.palette_png import FILTER_BYTES, palette_png

__all__ = ["Drawing", "Planes"]


class Drawing(NamedTuple):
    """What is left of one annotation once all are painted."""

    #: Position among the record's annotations.
    position: int
    #: Pixels that it covers, and those of them that nothing later covers.
    covered: int
    visible: int

    @property
    def share(self) -> float:
        """Intersection over union of what can be seen and what was to be drawn: the former lies in the latter."""
        return self.visible / self.covered if self.covered else 0.0


class _Stroke(NamedTuple):
    position: int
    number: int
    covered: int
    #: Where the first and the last row of its pixels begin and end in the grid.
    start: int
    end: int


class Planes:
    """Paints regions in source order, later over earlier, and gives both planes as PNG files.

    There is one grid: each object is painted with its number in the XML file, which tells its class too. Memory is
    one byte a pixel, taken when the first region is painted. With ``border`` every object is painted upon a void
    rim of that many pixels around it, so that the rim costs its neighbours, never the object.
    """

    def __init__(self, width: int, height: int, border: int = 0) -> None:
        self._width, self._height, self._border = width, height, border
        self._stride = width + FILTER_BYTES
        self._grid = bytearray()
        self._strokes: list[_Stroke] = []
        #: What a number in the grid becomes in each plane.
        self._classes, self._objects = bytearray(range(256)), bytearray(range(256))

    def paint(self, position: int, number: int, value: int, runs: Runs) -> None:
        """Paint the object that is the ``number``-th of its file, at most the 254th, with its value in the class plane.

        ``VOID`` there means void in both planes, for regions that consumers are to ignore, and has no rim. Without
        row-major ``runs`` the object is only noted as one that covers no pixel.
        """
        if not runs:
            self._strokes.append(_Stroke(position, number, 0, 0, 0))
            return
        self._classes[number] = value
        if value == VOID:
            self._objects[number] = VOID
        areas = list(slabs(runs, self._width))
        self._grid = self._grid or bytearray(self._stride * self._height)
        for first, after_last, spans in areas if self._border and value != VOID else ():
            self._fill(VOID, first, after_last, spans, self._border)
        for first, after_last, spans in areas:
            self._fill(number, first, after_last, spans)
        start, end = areas[0][0] * self._stride, areas[-1][1] * self._stride
        self._strokes.append(_Stroke(position, number, sum(runs[1::2]) - sum(runs[0::2]), start, end))

    def drawings(self) -> Iterator[Drawing]:
        """What became of each annotation, once all are painted."""
        for position, number, covered, start, end in self._strokes:
            yield Drawing(position, covered, self._grid.count(number, start, end) if covered else 0)

    def class_plane(self) -> bytes:
        """The PNG file of ``SegmentationClass``."""
        return self._png(self._classes)

    def object_plane(self) -> bytes:
        """The PNG file of ``SegmentationObject``."""
        return self._png(self._objects)

    def _png(self, values: bytearray) -> bytes:
        grid = self._grid or bytearray(self._stride * self._height)
        return palette_png(self._width, self._height, grid.translate(values))

    def _fill(self, value: int, first: int, after_last: int, spans: list[int], margin: int = 0) -> None:
        """Fill the same columns in each of a run of rows, and ``margin`` pixels around them, within the picture."""
        stride = self._stride
        pieces = []
        for low, high in zip(spans[0::2], spans[1::2], strict=True):
            start, end = max(low - margin, 0), min(high + margin, self._width)
            pieces.append((FILTER_BYTES + start, FILTER_BYTES + end, bytes((value,)) * (end - start)))
        for row in range(max(first - margin, 0), min(after_last + margin, self._height)):
            for start, end, piece in pieces:
                self._grid[row * stride + start : row * stride + end] = piece
