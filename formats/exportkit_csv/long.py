"""The table that holds everything: one row an annotation, one row for a picture without any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any, ClassVar

import msgspec

from exportkit.errors import AnnotationFault, AnnotationSkip
from exportkit.records import (
    EXTENT_KINDS,
    KINDS,
    LABELLED_KINDS,
    REGION_KINDS,
    Annotation,
    Box,
    Canvas,
    Mask,
    Number,
    Polygon,
    Record,
    decimal_text,
)
from exportkit.writing import Encoded, Outcome, OutputFile, Placement, failed, skipped
from exportkit.writing.attributes import attribute_text
from exportkit_csv.cell import quoted_cell
from exportkit_csv.columns import LONG_HEADER
from exportkit_csv.outcomes import outcome_of
from exportkit_csv.table import Table

__all__ = ["LONG_KINDS", "LongTable"]

#: Every kind has a place (formats, section 5.0).
LONG_KINDS: Mapping[str, str] = dict.fromkeys(KINDS, "written")

#: Cells of a picture without annotations, from ``id`` on.
_NOTHING = "," * 20
#: Where a kind without columns of its own keeps its value.
_VALUE = "$value"
#: Kinds whose geometry has columns, or that have none.
_WITH_COLUMNS = EXTENT_KINDS | {"point", "tag"}
#: Cells from ``x`` to ``keypoints``, and the codes of the geometry.
Geometry = tuple[str, tuple[str, ...]]
_NO_GEOMETRY: Geometry = (",,,,,,,", ())


class LongTable(Table):
    """Columns as in formats, section 5.4: boxes as x, y, width, height in pixels, regions and key points as JSON."""

    path: ClassVar[str] = "annotations.csv"

    def encode(self, record: Record, placement: Placement) -> Encoded:
        canvas = Canvas(record.width, record.height, self.plan.invalid, self.plan.max_pixels)
        head = self._head(record, placement)
        number = placement.bases[0] if placement.bases else 0
        exclude = self.options.segmentation == "exclude"
        rows: list[str] = []
        outcomes: list[Outcome] = []
        for annotation in record.annotations:
            if exclude and annotation.kind in REGION_KINDS:
                outcomes.append(skipped("S_SEGMENTATION_EXCLUDED"))
                continue
            number += 1
            label = self._label(annotation)
            if label is None:
                outcomes.append(self.class_failure(annotation))
                continue
            try:
                geometry, codes = self._geometry(annotation, canvas)
                rows.append(f"{head},{number},{annotation.kind},{label},{geometry},{self._fields(annotation)}")
            except AnnotationFault as fault:
                outcomes.append(failed(fault.code, fault.message, fault.json_path))
                continue
            except AnnotationSkip as skip:
                outcomes.append(skipped(skip.code, skip.message))
                continue
            outcomes.append(outcome_of(codes))
        return Encoded(outcomes, streams={f"{self.path}#rows": self.lines(rows or [f"{head},{_NOTHING}"])})

    def notices(self) -> Iterable[tuple[str, str]]:
        if not self.plan.ids_usable:
            yield "N_IDS_SEQUENTIAL", "Record ids are no whole numbers from 1 on, so image_id counts from 1."

    def files(self) -> Iterable[OutputFile]:
        yield self.file(self.path, LONG_HEADER)

    def _head(self, record: Record, placement: Placement) -> str:
        image = record.item_id if self.plan.ids_usable else placement.ordinal + 1
        size = f"{record.width},{record.height}" if record.width else ","
        return f"{self.text(placement.split)},{image},{self.text(placement.name)},{size}"

    def _label(self, annotation: Annotation) -> str | None:
        """Cells ``label,label_id``; None if the class has no cell."""
        name = annotation.label
        if name in self.labels:
            return f"{self.labels[name]},{self.plan.class_index[name]}"
        if annotation.kind in LABELLED_KINDS or (name is not None and "\0" in name):
            return None
        return "," if name is None else f"{self.text(name)},"

    # -- geometry --------------------------------------------------------------------------------------

    def _geometry(self, annotation: Annotation, canvas: Canvas) -> Geometry:
        kind = annotation.kind
        if kind == "box":
            box, codes = canvas.box(annotation)
            sides, grown = self._sides(box, canvas)
            return f"{sides},,,,", codes + grown
        if kind in REGION_KINDS:
            box, region, codes = canvas.box_and_region(annotation)
            sides, grown = self._sides(box, canvas)
            return f"{sides},,{self._region(region)},", codes + grown
        if kind == "rotated_box":
            return self._rotated(annotation, canvas)
        if kind == "keypoints":
            return self._keypoints(annotation, canvas)
        if isinstance(fault := annotation.geometry, AnnotationFault):
            raise AnnotationFault(fault.code, fault.message, fault.json_path)
        if kind == "point":
            point, codes = canvas.point(annotation)
            return f",,,,,,,{self._numbers((point.x, point.y, point.v))}", codes
        return _NO_GEOMETRY

    def _sides(self, box: Box, canvas: Canvas) -> Geometry:
        """Cells ``x,y,width,height``."""
        box, grown = self.precision.box(box, canvas)
        return ",".join(map(decimal_text, box.to_xywh())), ("L_BOX_GROWN",) if grown else ()

    def _region(self, region: Polygon | Mask) -> str:
        """Cells ``polygons,rle``."""
        if isinstance(region, Mask):
            value = {"size": [region.height, region.width], "counts": region.to_coco_compressed()}
            return f",{quoted_cell(msgspec.json.encode(value).decode())}"
        rings = [[self._points(ring) for ring in part.rings] for part in region.parts]
        text = msgspec.json.encode(rings).decode("ascii")
        # An encoder writes the same digits as Python does, but for those with an exponent.
        return quoted_cell(_plain_json(rings) if "e" in text else text) + ","

    def _points(self, ring: Sequence[Number]) -> list[tuple[Number, Number]]:
        numbers = ring if self.options.precision is None else [*map(self.precision.near, ring)]
        return list(zip(numbers[0::2], numbers[1::2], strict=True))

    def _numbers(self, values: Iterable[Number]) -> str:
        return quoted_cell(f"[{','.join(map(self.precision.text, values))}]")

    def _rotated(self, annotation: Annotation, canvas: Canvas) -> Geometry:
        """The box before its turn and the turn: nothing is cut, so a turned box over the edge stays whole."""
        box, codes = canvas.rotated(annotation)
        sides = ",".join(map(self.precision.text, box.unrotated().to_xywh()))
        return f"{sides},{decimal_text(box.theta)},,,", codes

    def _keypoints(self, annotation: Annotation, canvas: Canvas) -> Geometry:
        points, codes = canvas.keypoints(annotation)
        box, more = canvas.box(annotation)
        sides, grown = self._sides(box, canvas)
        region = ","
        if annotation.region is not None:
            shape, cut = canvas.region(annotation)
            region, more = self._region(shape), more + cut
        codes = tuple(dict.fromkeys(codes + more + grown))
        return f"{sides},,{region},{self._numbers(points.flat())}", codes

    # -- the other fields ------------------------------------------------------------------------------

    def _fields(self, a: Annotation) -> str:
        """Cells from ``score`` to ``attributes``."""
        flags = f"{a.iscrowd:d},{a.difficult:d},{a.truncated:d},{a.occluded:d}"
        score = "" if a.score is None else decimal_text(_finite(a.score))
        names = f"{self._name(a.group_id)},{self._name(a.track_id)},{'' if a.frame is None else a.frame}"
        added: dict[str, Any] = {}
        if a.kind not in _WITH_COLUMNS and a.geometry is not None:
            added[_VALUE] = a.geometry
        attributes = ""
        if a.attributes or added:
            text = attribute_text(a.attributes, added)
            attributes = quoted_cell(text) if text != "{}" else ""
        return f"{score},{flags},{names},{attributes}"

    def _name(self, value: int | str | None) -> str:
        """A group or track: a number, or guarded text."""
        if value is None:
            return ""
        if isinstance(value, int):
            return str(value)
        if "\0" in value:
            raise AnnotationFault("E_ANNOTATION", "A group or track holds a NUL character, which no CSV cell can hold.")
        return self.text(value)


def _plain_json(rings: Sequence[Sequence[Sequence[tuple[Number, Number]]]]) -> str:
    """Parts of rings of points as compact JSON without exponents."""
    parts = (
        ",".join("[" + ",".join(f"[{decimal_text(x)},{decimal_text(y)}]" for x, y in ring) + "]" for ring in part)
        for part in rings
    )
    return "[" + ",".join(f"[{part}]" for part in parts) + "]"


def _finite(value: float) -> float:
    if not isfinite(value):
        raise AnnotationFault("E_NOT_FINITE", f"The score {value} is not finite; give a finite number.", ".score")
    return value
