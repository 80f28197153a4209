"""Regions as the source wrote them, read and judged when a writer asks for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from exportkit.errors import AnnotationFault
from exportkit.native import core
from exportkit.records.mask import MAX_PIXELS, Mask, check_grid
from exportkit.records.numbers import check_number, quoted, tolerant_json
from exportkit.records.polygon import Part, Polygon
from exportkit.records.ring import Measures, Ring, are_in_range, judged_ring, measured
from exportkit.records.turn import Turn

__all__ = ["LazyRegion", "Mask", "Part", "Polygon", "RegionForm"]

#: How a source writes a region: ``coco_rings`` a list of flat rings; ``rings_xy`` flat rings, lists of
#: ``[x, y]`` or of ``{x, y}``, one ring or several; ``rle`` COCO's ``{size, counts}``; ``row_indices`` and
#: ``row_runs`` row-major pixels of a grid that stands elsewhere.
RegionForm = Literal["coco_rings", "rings_xy", "rle", "row_indices", "row_runs"]

_BLANKS = b" \t\r\n"
_decode_ring = msgspec.json.Decoder(Ring).decode
_decode_rings = msgspec.json.Decoder(list[Ring]).decode
_POLYGON_FORMS = frozenset({"coco_rings", "rings_xy"})


class LazyRegion(msgspec.Struct, gc=False, eq=False):
    """A region in its source's form; :meth:`get` reads it once and remembers the result or the fault.

    ``source`` is JSON text (bytes or ``msgspec.Raw``), a list with the JSON text of each ring, or decoded
    Python objects. ``json_path`` is relative to the annotation and heads the path of every fault. ``width``
    and ``height`` are the grid of the two row-major forms. ``holes`` are rings in any polygon form. ``turns`` bring
    what was read into display space, one after the other.
    """

    source: Any
    form: RegionForm
    json_path: str = ".segmentation"
    width: Any = None
    height: Any = None
    holes: Any = None
    holes_path: str = ".holes"
    turns: tuple[Turn, ...] = ()
    _judged: Polygon | Mask | AnnotationFault | None = None

    @property
    def kind(self) -> Literal["polygon", "mask"]:
        """Which kind it is, told by its form without reading it."""
        return "polygon" if self.form in _POLYGON_FORMS else "mask"

    def get(self, max_pixels: int = MAX_PIXELS) -> Polygon | Mask:
        """Return the polygon or mask, judged without regard to the picture (formats, sections 2.4, 2.6, 2.7).

        ``max_pixels`` limits the grid of a mask; the first call decides.
        Raises AnnotationFault with the code of the smallest bad part, each time anew.
        """
        judged = self._judged
        if judged is None:
            try:
                judged = self._read(max_pixels)
                for turn in self.turns:
                    judged = turn.region(judged, self.json_path)
            except AnnotationFault as fault:
                judged = AnnotationFault(fault.code, fault.message, fault.json_path)
            self._judged = judged
        if type(judged) is AnnotationFault:
            raise AnnotationFault(judged.code, judged.message, judged.json_path)
        return judged  # type: ignore[return-value]

    def clean_json(self) -> bytes | None:
        """Return the compact JSON of the rings if they are used exactly as the source wrote them, else None.

        Raises AnnotationFault as :meth:`get` does.
        """
        region = self.get()
        return region.source if isinstance(region, Polygon) else None

    def _read(self, max_pixels: int) -> Polygon | Mask:
        if self.form == "coco_rings":
            return self._read_clean() or self._read_judged(_each_ring, flat=True)
        if self.form == "rings_xy":
            return self._read_judged(_rings, flat=False)
        value = _decoded(self.source, self.json_path)
        if self.form == "rle":
            return _rle(value, self.json_path, max_pixels)
        read = Mask.from_row_runs if self.form == "row_runs" else Mask.from_row_indices
        return read(value, self.width, self.height, self.json_path, max_pixels)

    def _read_clean(self) -> Polygon | None:
        """Read JSON text of rings that need no care; None sends it to the careful judgement."""
        source = self.source
        if self.holes is not None:
            return None
        if core is not None and type(source) is bytes:
            found = core.measure_rings(source)
            if found is not None and found[1] is not None:
                return Polygon(None, found[1], found[0], found[2])
        try:
            if type(source) is not list:
                rings, text = _decode_rings(source), bytes(source)
            elif source and type(source[0]) is msgspec.Raw:
                rings, text = [*map(_decode_ring, source)], b"[%b]" % b",".join(map(bytes, source))
            else:
                return None
        except (msgspec.MsgspecError, TypeError):
            return None
        if len(rings) == 1:
            ring = rings[0]
            measures = measured(ring)
            parts: tuple[Part, ...] = (Part(ring),)
        else:
            measures = _combined([*map(measured, rings)])
            parts = tuple(map(Part, rings))
        if measures is None:
            return None
        text = text.translate(None, _BLANKS)
        return Polygon(parts, text if b"e" not in text and b"E" not in text else None, measures)

    def _read_judged(self, split: Callable[[Any, str], list[tuple[Any, str]]], *, flat: bool) -> Polygon:
        found = split(_decoded(self.source, self.json_path), self.json_path)
        if not found:
            raise AnnotationFault("E_ANNOTATION", "The polygon has no ring; give at least one.", self.json_path)
        rings = [_judged_ring(values, path, flat=flat) for values, path in found]
        if self.holes is None:
            return Polygon(tuple(map(Part, rings)))
        outlined = _rings(_decoded(self.holes, self.holes_path), self.holes_path)
        holes = [_judged_ring(values, path, flat=False) for values, path in outlined]
        return Polygon.of_rings(rings, holes, self.holes_path)


def _combined(measures: list[Any]) -> Measures | None:
    if None in measures or not measures:
        return None
    lefts, tops, rights, bottoms, areas = zip(*measures, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms), sum(areas)


def _judged_ring(values: Any, json_path: str, *, flat: bool) -> Ring:
    """Judge one ring: a flat one or, unless ``flat``, one of points."""
    _list(values, json_path)
    numbers = values if flat else _flattened(values, json_path)
    if numbers is not values and not are_in_range(numbers):
        _check_points(values, json_path)
    return judged_ring(numbers, json_path)


def _check_points(points: Any, json_path: str) -> None:
    """Name a bad number by its place in its point."""
    for index, point in enumerate(points):
        names = (".x", ".y") if isinstance(point, dict) else ("[0]", "[1]")
        values = (point["x"], point["y"]) if isinstance(point, dict) else point
        for name, value in zip(names, values, strict=True):
            check_number(value, f"{json_path}[{index}]{name}")


def _each_ring(value: Any, json_path: str) -> list[tuple[Any, str]]:
    """Pair each ring of a list of rings with its path."""
    rings = _list(value, json_path)
    return [(_list(ring, f"{json_path}[{index}]"), f"{json_path}[{index}]") for index, ring in enumerate(rings)]


def _rings(value: Any, json_path: str) -> list[tuple[Any, str]]:
    """Pair each ring with its path: one ring or several, flat or of points.

    A list of lists of two is one ring of points; otherwise each inner list is a ring.
    """
    outer = _list(value, json_path)
    if not outer:
        return []
    if isinstance(outer[0], (list, tuple)) and not all(_is_pair(item) for item in outer):
        return _each_ring(outer, json_path)
    return [(outer, json_path)]


def _is_pair(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 2 and not isinstance(value[0], (list, tuple, dict))


def _flattened(ring: Any, json_path: str) -> Any:
    """Flatten a ring of ``[x, y]`` or ``{x, y}`` points; a flat one stays as it is."""
    if not ring or not isinstance(ring[0], (list, tuple, dict)):
        return ring
    flat: list[Any] = []
    for index, point in enumerate(ring):
        if isinstance(point, dict) and "x" in point and "y" in point:
            flat += (point["x"], point["y"])
        elif isinstance(point, (list, tuple)) and len(point) == 2:
            flat += point
        else:
            raise AnnotationFault(
                "E_POLYGON_ODD", f"{quoted(point)} is no point; give [x, y].", f"{json_path}[{index}]"
            )
    return flat


def _list(value: Any, json_path: str) -> Any:
    if not isinstance(value, (list, tuple)):
        raise AnnotationFault("E_ANNOTATION", f"{quoted(value)} is no list of points; give one.", json_path)
    return value


def _rle(value: Any, json_path: str, max_pixels: int) -> Mask:
    """Read COCO's ``{size: [height, width], counts}``, counts compressed or not."""
    if not isinstance(value, dict) or "counts" not in value:
        raise AnnotationFault("E_MASK_ENCODING", f"{quoted(value)} is no RLE; give size and counts.", json_path)
    size = value.get("size")
    if not isinstance(size, (list, tuple)) or len(size) != 2:
        raise AnnotationFault("E_MASK_SIZE", f"{quoted(size)} is no grid; give [height, width].", f"{json_path}.size")
    height, width = size
    check_grid(width, height, f"{json_path}.size", max_pixels)
    counts = value["counts"]
    read = Mask.from_coco_compressed if isinstance(counts, (str, bytes)) else Mask.from_coco_counts
    return read(counts, width, height, f"{json_path}.counts", max_pixels)


def _decoded(source: Any, json_path: str) -> Any:
    """Decode JSON text, also text whose numbers the strict decoder refuses; Python objects stay as they are."""
    if type(source) is list and source and type(source[0]) is msgspec.Raw:
        return [_decoded(item, f"{json_path}[{index}]") for index, item in enumerate(source)]
    if not isinstance(source, (msgspec.Raw, bytes, bytearray, memoryview)):
        return source
    try:
        return msgspec.json.decode(source)
    except (msgspec.MsgspecError, RecursionError):
        pass
    try:
        return tolerant_json(source)
    except ValueError:
        raise AnnotationFault("E_ANNOTATION", "The region is no JSON that can be read.", json_path) from None
