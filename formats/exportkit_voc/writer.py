"""The Pascal VOC writer: an XML file per picture, and the lists of ``ImageSets/Main``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from math import floor
from typing import ClassVar

from exportkit.errors import AnnotationFault, AnnotationSkip, RecordFault
from exportkit.records import EXTENT_KINDS, Annotation, Box, Canvas, Record, box_texts, decimal_text
from exportkit.writing import (
    Encoded,
    Fragments,
    NamingRule,
    Outcome,
    OutputFile,
    Placement,
    Plan,
    Writer,
    WriterOptions,
    failed,
    lossy,
    skipped,
    written,
)
from exportkit_voc.annotation_xml import (
    DOCUMENT_END,
    PLAIN_SEPARATORS,
    Corners,
    attributes_xml,
    document_head,
    object_head,
    object_xml,
    plain_attributes,
    plain_head,
)
from exportkit_voc.box_cost import box_cost, box_cost_of
from exportkit_voc.image_sets import plan_image_sets, renaming_table
from exportkit_voc.label_map import label_map, why_no_label_map
from exportkit_voc.options import VocOptions
from exportkit_voc.xml_text import is_representable

__all__ = ["VocWriter"]

#: Id lists are split at blanks and cut at ``#``; the other two no XML can hold.
_REFUSED_IN_IDS = " #\ufffe\uffff"


class VocWriter(Writer):
    """Pascal VOC detection (formats, section 5.3): ``Annotations/<id>.xml``, ``JPEGImages/<id>.<ext>``, id lists.

    Coordinates are 1-based inclusive ints unless ``coords`` says otherwise; ``source/annotation`` in the XML
    names the mode.
    """

    name: ClassVar[str] = "voc"
    summary: ClassVar[str] = "Pascal VOC detection, with ImageSets and label map"
    options_model: ClassVar[type[WriterOptions]] = VocOptions
    kinds: ClassVar[Mapping[str, str]] = {
        "box": "written",
        "rotated_box": "L_ROTATION_FLATTENED",
        "polygon": "L_REGION_DROPPED",
        "mask": "L_REGION_DROPPED",
        "keypoints": "L_KEYPOINTS_DROPPED",
        "point": "S_POINT_UNGROUPED",
    }

    options: VocOptions

    def __init__(self, options: VocOptions, plan: Plan) -> None:
        super().__init__(options, plan)
        self._inclusive = options.coords == "one"
        self._year_folder = f"VOC{options.year}"
        self._root = "" if options.root == "flat" else f"VOCdevkit/{self._year_folder}/"
        self._head = document_head(self._year_folder, f"exportkit coords={options.coords}")
        self._sets = plan_image_sets(plan, f"{self._root}ImageSets/Main")
        self._heads: dict[str | None, tuple[int, str]] = {
            label: (index, object_head(plan.classes[index]))
            for label, index in plan.class_index.items()
            if is_representable(plan.classes[index])
        }
        costs = {kind: _outcome(box_cost_of(kind)) for kind in ("box", "polygon", "mask")}
        self._plain = box_texts(
            "inclusive",
            {label: plain_head(head) for label, (_, head) in self._heads.items() if label is not None},
            PLAIN_SEPARATORS,
            {kind: (cost, cost) for kind, cost in costs.items()},
            plain_attributes,
        )
        self._class_keys = {
            split: tuple(map(_stream_key, files)) for split, files in self._sets.class_files.items() if files
        }
        self._list_keys = {
            split: [_stream_key(path), *([_stream_key(self._sets.trainval)] if split in {"train", "val"} else [])]
            for split, path in self._sets.lists.items()
        }

    @classmethod
    def naming(cls, options: WriterOptions) -> NamingRule:
        extension = cls.transcodes(options) or ""
        return NamingRule("flat", needs_extension=True, refused_in_stem=_REFUSED_IN_IDS, extension=extension)

    @classmethod
    def class_fault(cls, name: str, options: WriterOptions) -> str | None:
        return None if is_representable(name) else "XML 1.0 cannot hold a control character or noncharacter in it"

    @classmethod
    def transcodes(cls, options: WriterOptions) -> str | None:
        """The format that pictures of other formats are turned into, or None to keep them."""
        return "jpg" if isinstance(options, VocOptions) and options.images == "transcode" else None

    def picture_path(self, placement: Placement) -> str:
        return f"{self._root}JPEGImages/{placement.name}"

    def notices(self) -> Iterable[tuple[str, str]]:
        if self._sets.omitted is not None:
            yield "N_CLASS_FILES_OMITTED", f"There are no lists per class, because {self._sets.omitted}."
        if self._sets.renamed:
            table = renaming_table(self._sets.renamed)
            yield "N_CLASS_FOLDER", f"Lists of these classes have another name: {table}."
        reason = why_no_label_map(self.plan.classes)
        if reason is not None:
            yield "N_CLASS_FILES_OMITTED", f"There is no labelmap.txt, because {reason}."

    # -- encoding --------------------------------------------------------------------------------------

    def encode(self, record: Record, placement: Placement) -> Encoded:
        if record.medium not in self.accepts_media:
            return Encoded([skipped("S_MEDIA_UNSUPPORTED")] * len(record.annotations))
        try:
            head = self._head.of(placement.name, record.width, record.height, placement.depth)
        except ValueError as error:
            raise RecordFault("E_NAME_UNSAFE", f"The file name cannot be written: {error}; rename it.") from None
        xml, outcomes, present = self._whole(record, head) or self._with_care(record, head)
        path = f"{self._root}Annotations/{placement.stem}.xml"
        return Encoded(outcomes, ((path, xml),), self._list_lines(placement, present))

    def _whole(self, record: Record, head: bytes) -> tuple[bytes, Sequence[Outcome], Mapping[int, bool]] | None:
        """The file, the outcomes and the classes of a record with nothing but ordinary boxes, nearly all there are."""
        if not self._inclusive:
            return None
        annotations, index = record.annotations, self.plan.class_index
        whole = self._plain.whole(annotations, record.width, record.height, head, DOCUMENT_END, False)
        if whole is None:
            return None
        labels = {annotation.label for annotation in annotations}
        return *whole, {index[label]: True for label in labels}  # type: ignore[index]  # each has a class

    def _with_care(self, record: Record, head: bytes) -> tuple[bytes, Sequence[Outcome], Mapping[int, bool]]:
        plan = self.plan
        canvas = Canvas(record.width, record.height, plan.invalid, plan.max_pixels)
        objects: list[bytes] = []
        #: Class index → whether one of its objects is not difficult.
        present: dict[int, bool] = {}
        if self._inclusive:
            outcomes: Sequence[Outcome] = self._inclusive_outcomes(record, canvas, objects, present)
        else:
            outcomes = [self._outcome(annotation, canvas, objects, present) for annotation in record.annotations]
        return b"".join((head, *objects, DOCUMENT_END)), outcomes, present

    def _inclusive_outcomes(
        self, record: Record, canvas: Canvas, objects: list[bytes], present: dict[int, bool]
    ) -> Sequence[Outcome]:
        """As :meth:`_outcome` for each annotation; ordinary ones, nearly all there are, by a short way."""
        annotations, index = record.annotations, self.plan.class_index
        texts, outcomes = self._plain.of(annotations, record.width, record.height)
        for position, text in enumerate(texts):
            if text is None:
                outcomes[position] = self._outcome(annotations[position], canvas, objects, present)
            else:
                objects.append(text)
                present[index[annotations[position].label]] = True  # type: ignore[index]  # a class with a head
        return outcomes

    def _outcome(
        self, annotation: Annotation, canvas: Canvas, objects: list[bytes], present: dict[int, bool]
    ) -> Outcome:
        """Add the object of one annotation; what became of it."""
        try:
            return self._write(annotation, canvas, objects, present)
        except AnnotationFault as fault:
            return failed(fault.code, fault.message, fault.json_path)
        except AnnotationSkip as skip:
            return skipped(skip.code, skip.message)

    def _write(self, annotation: Annotation, canvas: Canvas, objects: list[bytes], present: dict[int, bool]) -> Outcome:
        """Add the object of one annotation; raises AnnotationFault or AnnotationSkip where it has none."""
        kind = annotation.kind
        if kind not in EXTENT_KINDS:
            return skipped("S_POINT_UNGROUPED" if kind == "point" else "S_KIND_UNSUPPORTED")
        known = self._heads.get(annotation.label)
        if known is None:
            return self._class_failure(annotation)
        index, head = known
        box, codes = canvas.box(annotation)
        cost = box_cost(annotation)
        if cost:
            codes += cost
        if self._inclusive:
            xmin, ymin, xmax, ymax, grown = box.to_voc_inclusive(canvas.width, canvas.height)
            corners: Corners = (xmin, ymin, xmax, ymax)
        else:
            corners, grown = self._corners(box, canvas)
        if grown:
            codes += ("L_BOX_GROWN",)
        difficult = int(annotation.difficult)
        if annotation.iscrowd:
            difficult = 1
            codes += ("L_CROWD_AS_DIFFICULT",)
        attributes, dropped = attributes_xml(annotation)
        if dropped:
            codes += ("L_ATTRIBUTES_DROPPED",)
        objects.append(object_xml(head, annotation, difficult, corners, attributes).encode())
        present[index] = present.get(index, False) or not difficult
        return _outcome(codes)

    def _corners(self, box: Box, canvas: Canvas) -> tuple[Corners, bool]:
        """``xmin, ymin, xmax, ymax`` of a 0-based mode, and whether the box was grown to one pixel."""
        x0, y0, x1, y1 = box.to_xyxy()
        if self.options.coords == "float":
            return (decimal_text(x0), decimal_text(y0), decimal_text(x1), decimal_text(y1)), False
        xmin, xmax, wider = _half_open(x0, x1, canvas.width)
        ymin, ymax, higher = _half_open(y0, y1, canvas.height)
        return (xmin, ymin, xmax, ymax), wider or higher

    def _class_failure(self, annotation: Annotation) -> Outcome:
        name = annotation.label or ""
        fault = self.class_fault(name, self.options)
        shown = ascii(name[:120])
        if fault is not None:
            return failed("E_CLASS_UNREPRESENTABLE", f"The class {shown} cannot be written: {fault}; rename it.")
        return failed("E_CLASS_UNKNOWN", f"The class {shown} is not in the class map; add it to the list.")

    def _list_lines(self, placement: Placement, present: Mapping[int, bool]) -> Mapping[str, bytes]:
        """The record's line in each list; in those of absent classes one stand-in line serves for all."""
        split, stem = placement.split, placement.stem.encode()
        lines = dict.fromkeys(self._list_keys[split], stem + b"\n")
        keys = self._class_keys.get(split)
        if keys:
            lines[_absent_key(split)] = stem + b" -1\n"
            easy_line = stem + b"  1\n"
            for index, easy in present.items():
                lines[keys[index]] = easy_line if easy else stem + b"  0\n"
        return lines

    # -- the rest of the dataset -----------------------------------------------------------------------

    def files(self) -> Iterable[OutputFile]:
        sets = self._sets
        for path in (*sets.lists.values(), sets.trainval):
            yield OutputFile(path, (Fragments(_stream_key(path)),))
        for split, paths in sets.class_files.items():
            for path in paths:
                yield OutputFile(path, (Fragments(_stream_key(path), otherwise=_absent_key(split)),))
        if why_no_label_map(self.plan.classes) is None:
            yield OutputFile(f"{self._root}labelmap.txt", (label_map(self.plan.classes),))

    def folders(self) -> Iterable[str]:
        yield f"{self._root}Annotations"
        yield f"{self._root}JPEGImages"


def _absent_key(split: str) -> str:
    """Stream of the lines that say that a class is not in a picture; it stands in no file itself."""
    return f"{split}#absent"


def _stream_key(path: str) -> str:
    return f"{path}#ids"


@lru_cache(maxsize=1024)
def _outcome(codes: tuple[str, ...]) -> Outcome:
    if not codes:
        return written()
    return lossy(*codes) if any(code.startswith("L_") for code in codes) else written(*codes)


def _half_open(low: float, high: float, limit: int) -> tuple[int, int, bool]:
    """Edges rounded half-up and limited to 0…``limit``; a side that vanishes becomes one pixel, inside the picture."""
    first, last = min(floor(low + 0.5), limit), min(floor(high + 0.5), limit)
    if first < last:
        return first, last, False
    first = min(floor((low + high) / 2), limit - 1)
    return first, first + 1, True
