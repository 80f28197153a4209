"""Polygons: one object made of one or more outlined parts with holes."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from exportkit.errors import AnnotationFault
from exportkit.records.box import Box
from exportkit.records.clipping import clipped_ring
from exportkit.records.crossings import lies_inside
from exportkit.records.numbers import EPS, Number, decimal_text, rounded
from exportkit.records.raster import covered_count
from exportkit.records.ring import Measures, Ring, bounds_of, crosses_itself, signed_area

__all__ = ["Bounds", "Part", "Polygon"]

#: ``(x0, y0, x1, y1)`` in pixels.
Bounds = tuple[Number, Number, Number, Number]

#: Most rings and points that finding the parts of all holes may look at; only hostile input has so many.
_MOST_WORK = 4_000_000
_decode_rings = msgspec.json.Decoder(list[Ring]).decode


class Part(msgspec.Struct, frozen=True, gc=False):
    """One outline and the holes in it; a ring is ``(x1, y1, x2, y2, …)``, not closed by a repeated point."""

    outer: Ring
    holes: tuple[Ring, ...] = ()

    @property
    def rings(self) -> tuple[Ring, ...]:
        """The outline, then the holes."""
        return (self.outer, *self.holes)


class Polygon(msgspec.Struct, frozen=True, gc=False, eq=False):
    """One object's region as parts; every ring has at least 3 distinct points and no equal neighbours.

    Values are the source's own where they passed through; two polygons are equal if their parts are.
    """

    #: The parts, or None until somebody asks for them; then ``source`` has them.
    _parts: tuple[Part, ...] | None
    #: JSON text of the rings if they are used exactly as the source wrote them, so that digits pass through.
    source: bytes | None = None
    #: What reading the rings has measured already: bounds and shoelace area; only of rings without holes.
    measures: Measures | None = None
    #: Points of the shortest ring where reading has counted them, else 0.
    least_points: int = 0

    @property
    def parts(self) -> tuple[Part, ...]:
        """Each outline with its holes."""
        parts = self._parts
        if parts is None:
            parts = tuple(map(Part, _decode_rings(self.source or b"[]")))
            msgspec.structs.force_setattr(self, "_parts", parts)
        return parts

    def __eq__(self, other: object) -> bool:
        return self.parts == other.parts if isinstance(other, Polygon) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.parts)

    @classmethod
    def of_rings(cls, rings: Sequence[Ring], holes: Sequence[Ring] = (), json_path: str = "") -> Polygon:
        """Make one from judged rings, each a part; every hole goes to the one part that it lies in.

        Raises AnnotationFault ``E_ANNOTATION`` for a hole inside no part or inside several.
        """
        inside: list[list[Ring]] = [[] for _ in rings]
        outlines = [(place, ring, bounds_of(ring)) for place, ring in enumerate(rings)]
        work = len(rings) * len(holes)
        for index, hole in enumerate(holes):
            x0, y0, x1, y1 = bounds_of(hole)
            owners = []
            for place, ring, (left, top, right, bottom) in outlines if work <= _MOST_WORK else ():
                if left <= x0 and top <= y0 and x1 <= right and y1 <= bottom:
                    work += len(ring) + len(hole)
                    if lies_inside(hole, ring):
                        owners.append(place)
            if len(owners) != 1:
                where = "several parts" if owners else "no part"
                raise AnnotationFault(
                    "E_ANNOTATION", f"The hole lies inside {where}; put it inside one.", f"{json_path}[{index}]"
                )
            inside[owners[0]].append(hole)
        return cls(tuple(Part(ring, tuple(own)) for ring, own in zip(rings, inside, strict=True)))

    @property
    def rings(self) -> tuple[Ring, ...]:
        """All rings, part by part, outlines before their holes."""
        return tuple(ring for part in self.parts for ring in part.rings)

    @property
    def has_holes(self) -> bool:
        """True if any part has a hole."""
        return self.measures is None and any(part.holes for part in self.parts)

    @property
    def crosses_itself(self) -> bool:
        """True if any ring passes through itself (formats, section 1.2)."""
        return any(crosses_itself(ring) for ring in self.rings)

    def bounds(self) -> Bounds:
        """Return ``(x0, y0, x1, y1)`` around all parts, unrounded."""
        measures = self.measures
        if measures is not None:
            return measures[:4]
        if len(self.parts) == 1:
            return bounds_of(self.parts[0].outer)
        lefts, tops, rights, bottoms = zip(*(bounds_of(part.outer) for part in self.parts), strict=True)
        return min(lefts), min(tops), max(rights), max(bottoms)

    def tight_box(self) -> Box:
        """Return the smallest upright box around all parts, rounded."""
        return Box.from_edges(*self.bounds())

    def shoelace_area(self) -> Number:
        """Area of the parts minus their holes, unrounded; right unless a ring crosses itself."""
        return sum(
            abs(signed_area(part.outer)) - sum(abs(signed_area(hole)) for hole in part.holes) for part in self.parts
        )

    def area(self) -> Number:
        """Exact area in square pixels, rounded; the covered-pixel count if a ring crosses itself (section 1.2)."""
        return self.pixel_count() if self.crosses_itself else rounded(self.shoelace_area())

    def pixel_count(self) -> int:
        """Count the pixels whose centre is inside (formats, section 1.1), without drawing them."""
        return covered_count([part.rings for part in self.parts])

    def overlaps(self, box: Box) -> bool:
        """True if the parts minus their holes and ``box`` have some area in common."""
        x0, y0, x1, y1 = self.bounds()
        left, top = box.x, box.y
        right, bottom = left + box.width, top + box.height
        if not (left < x1 and x0 < right and top < y1 and y0 < bottom):
            return False
        if left - EPS <= x0 and x1 <= right + EPS and top - EPS <= y0 and y1 <= bottom + EPS:
            return True

        def common(ring: Ring) -> Number:
            moved = [value - (top if index % 2 else left) for index, value in enumerate(ring)]
            cut = clipped_ring(tuple(moved), box.width, box.height)
            return abs(signed_area(cut)) if cut else 0

        return any(
            part_area > sum(map(common, part.holes)) + EPS * EPS
            for part in self.parts
            if (part_area := common(part.outer))
        )

    def clipped(self, width: Number, height: Number) -> Polygon | None:
        """Cut to the ``width`` × ``height`` picture ring by ring (formats, section 2.6); None if nothing is left.

        One ring stays one ring, so seams may run along the border. New points are rounded, others stay as given.
        """
        parts = []
        for part in self.parts:
            outer = clipped_ring(part.outer, width, height)
            if outer:
                holes = (clipped_ring(hole, width, height) for hole in part.holes)
                parts.append(Part(outer, tuple(hole for hole in holes if hole)))
        return Polygon(tuple(parts)) if parts else None

    def rings_json(self) -> bytes:
        """Return the outlines as compact JSON, a list of flat rings as COCO has it, without exponents.

        Digits are the source's own where the polygon is used unchanged. Holes have no place in this form.
        """
        if self.source is not None:
            return self.source
        rings = [part.outer for part in self.parts]
        text = msgspec.json.encode(rings)
        return text if b"e" not in text else _plain_json(rings)


def _plain_json(rings: Sequence[Ring]) -> bytes:
    return ("[" + ",".join("[" + ",".join(map(decimal_text, ring)) + "]" for ring in rings) + "]").encode()
