"""The turn that brings geometry from a picture's stored pixels into display space."""

from __future__ import annotations

import msgspec

from exportkit.errors import AnnotationFault
from exportkit.records.box import Box, RotatedBox
from exportkit.records.keypoints import Keypoints, Point
from exportkit.records.mask import Mask
from exportkit.records.numbers import Number, rounded
from exportkit.records.polygon import Part, Polygon
from exportkit.records.ring import Ring, without_repeats
from exportkit.records.runs import backwards, mirrored

__all__ = ["Turn"]

#: EXIF orientation → whether the axes change places, then whether x, then whether y, counts from the other end.
_STEPS = {
    1: (False, False, False),
    2: (False, True, False),
    3: (False, True, True),
    4: (False, False, True),
    5: (True, False, False),
    6: (True, True, False),
    7: (True, True, True),
    8: (True, False, True),
}


class Turn(msgspec.Struct, frozen=True, gc=False):
    """An EXIF ``orientation`` (1 to 8) of a picture stored as ``width`` × ``height`` pixels.

    Every method takes geometry in absolute pixels of the stored picture and returns it in those of the display
    picture. A coordinate that counts from the other end is computed and so rounded to 6 decimals; all others, and
    all sides of boxes, pass through. Nothing is judged or clipped.
    """

    orientation: int
    width: int
    height: int

    def point(self, x: Number, y: Number) -> tuple[Number, Number]:
        """Return one point, turned."""
        swapped, across, down = _STEPS[self.orientation]
        width, height = self.width, self.height
        if swapped:
            x, y, width, height = y, x, height, width
        return rounded(width - x) if across else x, rounded(height - y) if down else y

    def box(self, box: Box) -> Box:
        """Return an upright box, turned; it stays upright."""
        swapped, across, down = _STEPS[self.orientation]
        # The corner that is the top-left one afterwards: the far end of every side that counts from the other end.
        right, below = (down, across) if swapped else (across, down)
        x, y = self.point(box.x1 if right else box.x, box.y1 if below else box.y)
        return Box(x, y, box.height, box.width) if swapped else Box(x, y, box.width, box.height)

    def rotated_box(self, box: RotatedBox) -> RotatedBox:
        """Return a rotated box, turned; its angle changes sign in a mirror and is else the same."""
        swapped, across, down = _STEPS[self.orientation]
        cx, cy = self.point(box.cx, box.cy)
        width, height = (box.height, box.width) if swapped else (box.width, box.height)
        is_mirror = swapped ^ across ^ down
        return RotatedBox(cx, cy, width, height, -box.theta if is_mirror else box.theta)

    def points(self, points: tuple[tuple[Number, Number], ...]) -> tuple[tuple[Number, Number], ...]:
        """Return the points of an open line, turned."""
        return tuple(self.point(x, y) for x, y in points)

    def key_point(self, point: Point) -> Point:
        """Return one key point, turned; one that is not labelled stays at 0, 0."""
        return Point(*self.point(point.x, point.y), point.v) if point.v else point

    def keypoints(self, keypoints: Keypoints) -> Keypoints:
        """Return the key points of one object, turned; those that are not labelled stay at 0, 0."""
        turned = tuple((*self.point(x, y), v) if v else (x, y, v) for x, y, v in keypoints.points)
        return msgspec.structs.replace(keypoints, points=turned)

    def region(self, region: Polygon | Mask, json_path: str = "") -> Polygon | Mask:
        """Return a polygon or a mask, turned.

        Raises AnnotationFault ``E_POLYGON_POINTS`` for a ring whose points are one after rounding.
        """
        if isinstance(region, Mask):
            return self._mask(region)
        return Polygon(
            tuple(
                Part(self._ring(part.outer, json_path), tuple(self._ring(hole, json_path) for hole in part.holes))
                for part in region.parts
            )
        )

    def _ring(self, ring: Ring, json_path: str) -> Ring:
        points = (self.point(x, y) for x, y in zip(ring[0::2], ring[1::2], strict=True))
        turned = without_repeats([number for point in points for number in point])
        if len(set(zip(turned[0::2], turned[1::2], strict=True))) < 3:
            text = "A ring is too small to be turned: its points are the same to 6 decimals."
            raise AnnotationFault("E_POLYGON_POINTS", text, json_path)
        return turned

    def _mask(self, mask: Mask) -> Mask:
        """Turn a mask on its own grid, by run arithmetic."""
        swapped, across, down = _STEPS[self.orientation]
        # Runs along the rows of a grid are, unchanged, runs along the columns of the grid whose axes change places.
        by_column = mask.by_column ^ swapped
        width, height = (mask.height, mask.width) if swapped else (mask.width, mask.height)
        along, between = (down, across) if by_column else (across, down)
        runs = mask.runs
        if between:
            runs = backwards(runs, width * height)
        if along ^ between:
            runs = mirrored(runs, height if by_column else width)
        return Mask(width, height, runs, by_column)
