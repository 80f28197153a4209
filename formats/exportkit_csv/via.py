"""The table of the VGG Image Annotator, version 2: shapes and their attributes as JSON in cells."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from exportkit.errors import AnnotationFault, AnnotationSkip
from exportkit.records import REGION_KINDS, Annotation, Canvas, Record, iou, quoted
from exportkit.writing import Encoded, Outcome, OutputFile, Placement, failed, skipped
from exportkit.writing.attributes import attribute_text, read_attributes
from exportkit_csv.outcomes import outcome_of
from exportkit_csv.table import Table
from exportkit_csv.via_region import VIA_KINDS, Shapes, shapes_of

__all__ = ["ViaTable"]

_HEADER = "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes"
#: The tool itself writes an empty object between quotes.
_EMPTY = '"{}"'
_FLAGS = ("iscrowd", "difficult", "truncated", "occluded")
_VALUES = ("score", "group_id", "track_id", "frame")
#: Visibility of a plain point, of which nothing need be said.
_VISIBLE = 2


class ViaTable(Table):
    """``via_region_data_<split>.csv``; ``region_attributes`` hold the class, the attributes, and each flag that is set.

    The tool cuts its file at every line end, also between quotes; JSON has none.
    """

    def encode(self, record: Record, placement: Placement) -> Encoded:
        if record.medium != "image":
            return Encoded([skipped("S_MEDIA_UNSUPPORTED")] * len(record.annotations))
        canvas = Canvas(record.width, record.height, self.plan.invalid, self.plan.max_pixels)
        outcomes: list[Outcome] = []
        overlaps: list[tuple[int, str, float]] = []
        regions: list[tuple[str, str]] = []
        for position, annotation in enumerate(record.annotations):
            try:
                shapes = self._shapes(annotation, canvas)
                attributes, replaced = self._attributes(annotation)
            except AnnotationFault as fault:
                outcomes.append(failed(fault.code, fault.message, fault.json_path))
                continue
            except AnnotationSkip as skip:
                outcomes.append(skipped(skip.code, skip.message))
                continue
            regions += ((shape, attributes) for shape in shapes.texts)
            outcomes.append(_outcome(shapes, replaced))
            if shapes.degraded is not None:
                codes, source, made = shapes.degraded
                share = iou(source, made)
                overlaps.extend((position, code, share) for code in codes)
        rows = self._rows(placement, regions)
        streams = {f"{self._path(placement.split)}#rows": self.lines(rows)}
        return Encoded(outcomes, streams=streams, objects=len(regions), overlaps=overlaps)

    def _rows(self, placement: Placement, regions: list[tuple[str, str]]) -> Iterable[str]:
        head = f"{self.text(placement.name)},{placement.bytes},{_EMPTY},{len(regions)}"
        if not regions:
            return [f"{head},0,{_EMPTY},{_EMPTY}"]
        return [
            f"{head},{number},{_json_cell(shape)},{_json_cell(attributes)}"
            for number, (shape, attributes) in enumerate(regions)
        ]

    def _shapes(self, a: Annotation, canvas: Canvas) -> Shapes:
        if a.kind not in VIA_KINDS:
            raise AnnotationSkip("S_KIND_UNSUPPORTED")
        if self.options.segmentation == "exclude" and a.kind in REGION_KINDS:
            raise AnnotationSkip("S_SEGMENTATION_EXCLUDED")
        if a.label not in self.labels:
            failure = self.class_failure(a)
            raise AnnotationFault(failure.codes[0], failure.message)
        return shapes_of(a, canvas, self.precision, self.options.tolerance)

    def _attributes(self, a: Annotation) -> tuple[str, tuple[str, ...]]:
        """``region_attributes``, and the names of attributes in whose place a field of ours stands."""
        own: dict[str, Any] = {"class": self.plan.classes[self.plan.class_index[a.label]]}  # type: ignore[index]
        own |= {flag: True for flag in _FLAGS if getattr(a, flag)}
        own |= {name: value for name in _VALUES if (value := getattr(a, name)) is not None}
        if a.kind == "point" and (visibility := getattr(a.geometry, "v", _VISIBLE)) != _VISIBLE:
            own["visibility"] = visibility
        given = read_attributes(a.attributes)
        replaced = tuple(name for name in own if name in given and given[name] != own[name])
        return attribute_text({**own, **{name: given[name] for name in given if name not in own}}, {}), replaced

    def _path(self, split: str) -> str:
        return f"via_region_data_{split}.csv"

    def files(self) -> Iterable[OutputFile]:
        for split in self.split_names():
            yield self.file(self._path(split), _HEADER)


def _outcome(shapes: Shapes, replaced: tuple[str, ...]) -> Outcome:
    if not replaced:
        return outcome_of(shapes.codes)
    shown = ", ".join(replaced)
    codes = (*shapes.codes, "L_ATTRIBUTES_DROPPED")
    return Outcome("lossy", codes, f"A field of exportkit stands in place of the attribute: {quoted(shown)}.")


def _json_cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
