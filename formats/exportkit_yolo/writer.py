"""The YOLO writer: a label file per picture, and ``data.yaml``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

import msgspec

from exportkit.errors import AnnotationFault, AnnotationSkip
from exportkit.records import EXTENT_KINDS, Annotation, Canvas, Mask, Record, box_texts
from exportkit.writing import (
    Encoded,
    Fragments,
    NamingRule,
    Outcome,
    OutputFile,
    PictureRule,
    Placement,
    Plan,
    Writer,
    WriterOptions,
    failed,
    skipped,
)
from exportkit.writing.attributes import attribute_text
from exportkit_yolo.box_cost import box_cost, box_cost_of
from exportkit_yolo.data_yaml import PLACEHOLDER_CLASS, data_yaml
from exportkit_yolo.options import YoloOptions, chosen_task, possible_tasks
from exportkit_yolo.rows import box_outline, box_row, outline_row, outlines
from exportkit_yolo.splits import split_folders, yaml_folders
from exportkit_yolo.unkept import OutcomeTable, has_attributes

__all__ = ["YoloWriter"]

_SIDECAR = "attributes.jsonl"
#: Decoders of Ultralytics refuse more pixels than this.
_MOST_PIXELS = 178_956_970
_FORMATS = frozenset({"avif", "bmp", "dng", "heic", "heif", "jp2", "jpeg", "jpg", "mpo", "png", "tif", "tiff", "webp"})


class YoloWriter(Writer):
    """YOLO detect and segment (formats, section 5.2): ``labels/<split>/<stem>.txt`` beside ``images/<split>/<name>``.

    Numbers are fractions of the display size with six decimals, each in [0, 1]. Every record has its label
    file, an empty one if it has no object. Rows stand in source order, none twice in a file.
    """

    name: ClassVar[str] = "yolo"
    summary: ClassVar[str] = "YOLO for Ultralytics: detect and segment, with data.yaml"
    options_model: ClassVar[type[WriterOptions]] = YoloOptions
    kinds: ClassVar[Mapping[str, str]] = {
        "box": "written",
        "rotated_box": "L_ROTATION_FLATTENED",
        "polygon": "written",
        "mask": "N_MASK_AS_POLYGON",
        "keypoints": "L_KEYPOINTS_DROPPED",
        "point": "S_POINT_UNGROUPED",
    }

    options: YoloOptions

    def __init__(self, options: YoloOptions, plan: Plan) -> None:
        super().__init__(options, plan)
        self._task = chosen_task(options, plan)
        self._sidecar = options.attributes == "sidecar"
        self._outcomes = OutcomeTable(keeps_attributes=self._sidecar)
        self._folders = split_folders(plan)
        self._label_folders = {split: f"labels/{folder}/" for split, folder in self._folders.items()}
        self._indices: dict[str | None, int] = {
            label: index for label, index in plan.class_index.items() if self.class_fault(label, options) is None
        }
        self._ordinary = box_texts(
            "fractions",
            {label: b"%d " % index for label, index in self._indices.items() if label is not None},
            (b" ", b" ", b" ", b"", b"\n"),
            self._outcomes.ordinary({kind: box_cost_of(kind) for kind in ("box", "polygon", "mask")}),
        )

    @classmethod
    def naming(cls, options: WriterOptions) -> NamingRule:
        tree = isinstance(options, YoloOptions) and options.names == "tree"
        return NamingRule(
            layout="tree" if tree else "flat",
            needs_extension=True,
            refused_folders=frozenset({"images", "labels"}),
            reserved_stems=frozenset({"classes"}),
        )

    @classmethod
    def pictures(cls, options: WriterOptions) -> PictureRule:
        return PictureRule(formats=_FORMATS, minimum_side=10, maximum_pixels=_MOST_PIXELS, rewrites_jpeg=True)

    @classmethod
    def class_fault(cls, name: str, options: WriterOptions) -> str | None:
        return "YOLO loaders end a name at a NUL character" if "\0" in name else None

    def picture_path(self, placement: Placement) -> str:
        return f"images/{self._folders[placement.split]}/{placement.name}"

    def notices(self) -> Iterable[tuple[str, str]]:
        possible = possible_tasks(self.plan)
        if self.options.task == "auto" and len(possible) > 1:
            yield (
                "N_TASK_CHOSEN",
                f"Annotations fit {', '.join(possible)}; {self._task} is written. Set task= to choose.",
            )
        if not self.plan.classes:
            yield (
                "N_CLASS_PLACEHOLDER",
                f"There is no class, so data.yaml names one, '{PLACEHOLDER_CLASS}', as its loader asks.",
            )
        if yaml_folders(self.plan)["val"] == "images/train":
            yield "N_VAL_IS_TRAIN", "There is no val split, so val points at images/train; give one with --split."

    # -- encoding --------------------------------------------------------------------------------------

    def encode(self, record: Record, placement: Placement) -> Encoded:
        if record.medium not in self.accepts_media:
            return Encoded([skipped("S_MEDIA_UNSUPPORTED")] * len(record.annotations))
        path = f"{self._label_folders[placement.split]}{placement.stem}.txt"
        whole = self._whole(record)
        if whole is not None:
            return Encoded(whole[1], ((path, whole[0]),), objects=len(whole[1]))
        plan = self.plan
        canvas = Canvas(record.width, record.height, plan.invalid, plan.max_pixels)
        rows: dict[bytes, None] = {}
        streams = {}
        if self._task == "detect" and not self._sidecar:
            outcomes: Sequence[Outcome] = self._detect(record, canvas, rows)
        else:
            sidecar: list[bytes] = []
            outcomes = [self._outcome(a, canvas, rows, placement, sidecar) for a in record.annotations]
            if sidecar:
                streams = {f"{_SIDECAR}#rows": b"".join(sidecar)}
        return Encoded(outcomes, ((path, _lines(rows)),), streams, objects=len(rows))

    def _whole(self, record: Record) -> tuple[bytes, list[Outcome]] | None:
        """The label file and the outcomes of a record with nothing but ordinary boxes, nearly all there are."""
        if self._task != "detect" or self._sidecar:
            return None
        return self._ordinary.whole(record.annotations, record.width, record.height, b"", b"", True)

    def _detect(self, record: Record, canvas: Canvas, rows: dict[bytes, None]) -> Sequence[Outcome]:
        """As :meth:`_outcome` for each annotation; ordinary ones by a short way."""
        annotations = record.annotations
        texts, outcomes = self._ordinary.of(annotations, record.width, record.height)
        for position, text in enumerate(texts):
            row = text and text[:-1]
            if row is None or row in rows:
                outcomes[position] = self._outcome(annotations[position], canvas, rows)
            else:
                rows[row] = None
        return outcomes

    def _outcome(
        self,
        annotation: Annotation,
        canvas: Canvas,
        rows: dict[bytes, None],
        placement: Placement | None = None,
        sidecar: list[bytes] | None = None,
    ) -> Outcome:
        """Add the rows of one annotation, and its line of the sidecar; what became of it."""
        count = len(rows)
        try:
            # Attributes first: if they cannot be written, no row may be left behind.
            line = b"" if placement is None else self._sidecar_line(annotation, placement, count)
            outcome = self._write(annotation, canvas, rows)
        except AnnotationFault as fault:
            return failed(fault.code, fault.message, fault.json_path)
        except AnnotationSkip as skip:
            return skipped(skip.code, skip.message)
        if line and sidecar is not None and len(rows) > count:
            sidecar.append(line)
        return outcome

    def _write(self, annotation: Annotation, canvas: Canvas, rows: dict[bytes, None]) -> Outcome:
        """Add the rows of one annotation; raises AnnotationFault or AnnotationSkip where it has none."""
        if annotation.iscrowd or annotation.kind not in EXTENT_KINDS:
            return _without_place(annotation)
        index = self._indices.get(annotation.label)
        if index is None:
            return self._class_failure(annotation)
        count = len(rows)
        if self._task == "detect":
            box, codes = canvas.box(annotation)
            cost = box_cost(annotation)
            if cost:
                codes += cost
            row, grown = box_row(index, box, canvas.width, canvas.height)
            if grown:
                codes += ("L_BOX_GROWN",)
            rows[row] = None
        else:
            rings, codes = _rings(canvas, annotation, self.options)
            rows.update((outline_row(index, ring, canvas.width, canvas.height), None) for ring in rings)
        if len(rows) == count:
            return skipped("S_DUPLICATE_ROW")
        return self._outcomes.of(annotation, codes)

    def _sidecar_line(self, annotation: Annotation, placement: Placement, row: int) -> bytes:
        """``{image, row, attributes}`` or nothing; ``row`` is the 0-based line in the label file."""
        if not self._sidecar or not has_attributes(annotation):
            return b""
        head = msgspec.json.encode({"image": self.picture_path(placement), "row": row})
        return b'%s,"attributes":%s}\n' % (head[:-1], attribute_text(annotation.attributes, {}).encode())

    def _class_failure(self, annotation: Annotation) -> Outcome:
        name = annotation.label or ""
        fault = self.class_fault(name, self.options)
        shown = ascii(name[:120])
        if fault is not None:
            return failed("E_CLASS_UNREPRESENTABLE", f"The class {shown} cannot be written: {fault}; rename it.")
        return failed("E_CLASS_UNKNOWN", f"The class {shown} is not in the class map; add it to the list.")

    # -- the rest of the dataset -----------------------------------------------------------------------

    def files(self) -> Iterable[OutputFile]:
        yield OutputFile("data.yaml", (data_yaml(yaml_folders(self.plan), self.plan.classes),))
        if self._sidecar:
            yield OutputFile(_SIDECAR, (Fragments(f"{_SIDECAR}#rows"),))

    def folders(self) -> Iterable[str]:
        """Every folder that ``data.yaml`` names, and its labels."""
        for folder in dict.fromkeys(yaml_folders(self.plan).values()):
            yield folder
            yield "labels" + folder.removeprefix("images")


def _without_place(annotation: Annotation) -> Outcome:
    if annotation.kind in EXTENT_KINDS:
        return skipped("S_CROWD")
    return skipped("S_POINT_UNGROUPED" if annotation.kind == "point" else "S_KIND_UNSUPPORTED")


def _rings(
    canvas: Canvas, annotation: Annotation, options: YoloOptions
) -> tuple[Sequence[Sequence[float]], tuple[str, ...]]:
    """Outlines in pixels, one a row, and the codes; a box or rotated box is its corners (formats, section 5.0)."""
    kind = annotation.kind
    if kind == "rotated_box":
        polygon, codes = canvas.polygon_of_rotated(annotation)
        return [part.outer for part in polygon.parts], (*codes, "N_ROTATION_AS_POLYGON")
    if kind == "box" or (kind == "keypoints" and annotation.region is None):
        box, codes = canvas.box(annotation)
        return [box_outline(box)], (*codes, "N_BOX_AS_POLYGON" if kind == "box" else "L_KEYPOINTS_DROPPED")
    region, codes = canvas.region(annotation)
    polygon = region.to_polygon() if isinstance(region, Mask) else region
    if kind != "polygon":
        codes += ("N_MASK_AS_POLYGON" if kind == "mask" else "L_KEYPOINTS_DROPPED",)
    rings, cost = outlines(polygon, options)
    return rings, codes + cost


def _lines(rows: Iterable[bytes]) -> bytes:
    text = b"\n".join(rows)
    return text + b"\n" if text else b""
