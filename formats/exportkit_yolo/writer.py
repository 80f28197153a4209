"""The YOLO writer: a label file per picture, and ``data.yaml``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import msgspec

from exportkit.errors import AnnotationFault, AnnotationSkip
from exportkit.records import (
    EXTENT_KINDS,
    REGION_KINDS,
    Annotation,
    BoxTexts,
    Canvas,
    Record,
    Skeleton,
    box_texts,
    iou,
)
from exportkit.writing import (
    Encoded,
    EncodedRun,
    Fragments,
    NamingRule,
    Outcome,
    OutputFile,
    Overlaps,
    PictureRule,
    Placement,
    Plan,
    RecordRun,
    Writer,
    WriterOptions,
    failed,
    skipped,
)
from exportkit.writing.attributes import attribute_text
from exportkit.writing.overlaps import box_overlaps
from exportkit_yolo.box_cost import box_cost_of
from exportkit_yolo.classify import ClassFolders
from exportkit_yolo.data_yaml import PLACEHOLDER_CLASS
from exportkit_yolo.layouts import DarknetLayout, Layout, UltralyticsLayout, is_one_line
from exportkit_yolo.options import Task, YoloOptions, chosen_task, possible_tasks
from exportkit_yolo.ordinary import outline_texts, pose_texts
from exportkit_yolo.splits import yaml_folders
from exportkit_yolo.task_rows import DetectRows, ObbRows, PoseRows, SegmentRows, TaskRows
from exportkit_yolo.unkept import OutcomeTable, has_attributes

if TYPE_CHECKING:
    from exportkit.native._core import OutlineTexts

__all__ = ["YoloWriter"]

#: A label file, the outcomes, the measured overlaps and the number of rows.
_Whole = tuple[bytes, Sequence[Outcome], Sequence[tuple[int, str, float]], int]

_SIDECAR = "attributes.jsonl"
#: Decoders of Ultralytics refuse more pixels than this.
_MOST_PIXELS = 178_956_970
_FORMATS = frozenset({"avif", "bmp", "dng", "heic", "heif", "jp2", "jpeg", "jpg", "mpo", "png", "tif", "tiff", "webp"})


class YoloWriter(Writer):
    """YOLO (formats, section 5.2): a label file beside each picture, or, for classify, a folder per class.

    Numbers are fractions of the display size with six decimals, each in [0, 1]. Every record has its label
    file, an empty one if it has no object. Rows stand in source order, none twice in a file.
    """

    name: ClassVar[str] = "yolo"
    summary: ClassVar[str] = "YOLO for Ultralytics: detect, segment, pose, obb, classify; darknet as a dialect"
    options_model: ClassVar[type[WriterOptions]] = YoloOptions
    variants: ClassVar[tuple[str, ...]] = (
        *(f"task={task}" for task in ("detect", "segment", "pose", "obb", "classify")),
        "dialect=darknet",
    )
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
        self._excludes = options.segmentation == "exclude"
        self._outcomes = OutcomeTable(keeps_attributes=self._sidecar)
        self._rows = _task_rows(self._task, options, plan)
        skeleton = self._rows.skeleton if isinstance(self._rows, PoseRows) else None
        self._layout: Layout = (
            DarknetLayout(plan) if options.dialect == "darknet" else UltralyticsLayout(plan, skeleton)
        )
        self._class_folders = ClassFolders(options, plan) if self._task == "classify" else None
        self._indices: dict[str | None, int] = {
            label: index for label, index in plan.class_index.items() if self.class_fault(label, options) is None
        }
        self._boxes = self._box_rows(skeleton)
        kinds = EXTENT_KINDS - (REGION_KINDS if self._excludes else frozenset())
        self._crowds = dict.fromkeys(kinds, (skipped("S_CROWD"),) * 2)
        self._outlines = outline_texts(self._task, options, self._indices, self._outcomes)

    @classmethod
    def naming(cls, options: WriterOptions) -> NamingRule:
        tree = isinstance(options, YoloOptions) and options.names == "tree"
        darknet = isinstance(options, YoloOptions) and options.dialect == "darknet"
        return NamingRule(
            layout="tree" if tree else "flat",
            needs_extension=True,
            refused_folders=frozenset({"images", "labels"}),
            reserved_stems=frozenset({"classes", "train", "valid", "test"} if darknet else {"classes"}),
            # Labels stand beside pictures there, so that a picture that is called so would be its own label file.
            refused_extensions=frozenset({"txt"} if darknet else ()),
        )

    @classmethod
    def pictures(cls, options: WriterOptions) -> PictureRule:
        return PictureRule(formats=_FORMATS, minimum_side=10, maximum_pixels=_MOST_PIXELS, rewrites_jpeg=True)

    @classmethod
    def class_fault(cls, name: str, options: WriterOptions) -> str | None:
        if "\0" in name:
            return "YOLO loaders end a name at a NUL character"
        if isinstance(options, YoloOptions) and options.dialect == "darknet" and not is_one_line(name):
            return "obj.names holds one name a line, without blanks around it"
        return None

    def picture_path(self, placement: Placement) -> str:
        return self._layout.picture(placement)

    def picture_place(self, record: Record, placement: Placement) -> str:
        if self._class_folders is not None:
            return self._class_folders.place(record, placement)
        return self._layout.picture(placement)

    def notices(self) -> Iterable[tuple[str, str]]:
        possible = possible_tasks(self.options, self.plan)
        if self.options.task == "auto" and self.options.dialect != "darknet" and len(possible) > 1:
            yield (
                "N_TASK_CHOSEN",
                f"Annotations fit {', '.join(possible)}; {self._task} is written. Set task= to choose.",
            )
        if self._class_folders is not None:
            yield from self._folder_notices(self._class_folders)
            return
        if not self.plan.classes:
            yield (
                "N_CLASS_PLACEHOLDER",
                f"There is no class, so the list of names has one, '{PLACEHOLDER_CLASS}', as its loader asks.",
            )
        if yaml_folders(self.plan)["val"] == "images/train":
            yield "N_VAL_IS_TRAIN", "There is no val split, so val points at images/train; give one with --split."

    def _folder_notices(self, folders: ClassFolders) -> Iterable[tuple[str, str]]:
        if folders.renamed:
            table = ", ".join(f"{name!a} → {word!a}" for name, word in folders.renamed)
            yield "N_CLASS_FOLDER", f"Folders of these classes have another name: {table}."

    def facts(self) -> Mapping[str, object]:
        """The number that the class map gives to each folder, in the order in which loaders number folders."""
        return {} if self._class_folders is None else {"class_folders": self._class_folders.order()}

    # -- encoding --------------------------------------------------------------------------------------

    def _box_rows(self, skeleton: Skeleton | None) -> BoxTexts | None:
        """The short way of a task whose rows begin with a box; None where there is none."""
        if self._sidecar or self._task not in {"detect", "pose"}:
            return None
        if skeleton is not None:
            return pose_texts(skeleton, self.options, self._indices, self._outcomes)
        return box_texts(
            "fractions",
            {label: b"%d " % index for label, index in self._indices.items() if label is not None},
            (b" ", b" ", b" ", b"", b"\n"),
            self._outcomes.ordinary(
                {kind: box_cost_of(kind) for kind in ("box", *(() if self._excludes else REGION_KINDS))}
            ),
        )

    def encode(self, record: Record, placement: Placement) -> Encoded:
        if record.medium not in self.accepts_media:
            return Encoded([skipped("S_MEDIA_UNSUPPORTED")] * len(record.annotations))
        if self._class_folders is not None:
            return self._class_folders.encode(record, placement)
        path = self._layout.labels(placement)
        streams = self._layout.streams(placement)
        whole = self._whole(record, placement)
        if whole is not None:
            data, outcomes, overlaps, rows = whole
            return Encoded(outcomes, ((path, data),), streams, objects=rows, overlaps=overlaps)
        plan = self.plan
        canvas = Canvas(record.width, record.height, plan.invalid, plan.max_pixels)
        label_file = LabelFile(canvas, placement)
        outcomes = self._outcomes_of(record, label_file)
        if placement.measured and self._task in {"detect", "pose"}:
            label_file.overlaps.extend(self._box_overlaps(record, outcomes))
        if label_file.sidecar:
            streams = {**streams, f"{_SIDECAR}#rows": b"".join(label_file.sidecar)}
        lines = label_file.rows
        return Encoded(outcomes, ((path, _lines(lines)),), streams, objects=len(lines), overlaps=label_file.overlaps)

    def encode_run(self, run: RecordRun) -> EncodedRun | None:
        overlaps: Overlaps
        if self._outlines is not None:
            texts, outcomes, overlaps = self._outlines.of_run(run.annotations, run.start, run.stop, run.plain)
        elif self._boxes is not None:
            texts, outcomes = run.texts(self._boxes, distinct=True, crowds=self._crowds)
            overlaps = run.overlaps(len(texts), outcomes, "L_REGION_DROPPED")
        else:
            return None
        places = self._layout.places(run, len(texts))
        if places is None:
            return None
        pictures, labels = places
        return EncodedRun(outcomes, pictures, [*zip(labels, texts, strict=True)], overlaps=overlaps)

    def takes_shares(self) -> bool:
        return self._outlines is None

    def takes_boxless(self) -> frozenset[str]:
        if self._outlines is None:
            return frozenset() if self._boxes is None else frozenset({"polygon"})
        return frozenset({"polygon", "rotated_box"})

    def _box_overlaps(self, record: Record, outcomes: Sequence[Outcome]) -> Sequence[tuple[int, str, float]]:
        canvas = Canvas(record.width, record.height, self.plan.invalid, self.plan.max_pixels)
        return box_overlaps(record.annotations, outcomes, canvas)

    def _whole(self, record: Record, placement: Placement) -> _Whole | None:
        """The label file of a record with nothing but ordinary annotations, nearly all there are."""
        if self._outlines is not None:
            return self._outlines.whole(record.annotations, record.width, record.height)
        if self._boxes is None:
            return None
        whole = self._boxes.whole(record.annotations, record.width, record.height, b"", b"", True)
        if whole is None:
            return None
        data, outcomes = whole
        return data, outcomes, self._box_overlaps(record, outcomes) if placement.measured else (), len(outcomes)

    def _outcomes_of(self, record: Record, label_file: LabelFile) -> Sequence[Outcome]:
        """Add the rows of all annotations, ordinary ones by a short way; what became of each."""
        if self._outlines is not None:
            return self._drawn(self._outlines, record, label_file)
        if self._boxes is not None:
            return self._boxed(self._boxes, record, label_file)
        return [self._outcome(annotation, place, label_file) for place, annotation in enumerate(record.annotations)]

    def _drawn(self, outlines: OutlineTexts, record: Record, label_file: LabelFile) -> Sequence[Outcome]:
        """As :meth:`_outcome` for each annotation; ordinary outlines by a short way."""
        annotations, rows = record.annotations, label_file.rows
        texts, outcomes, overlaps = outlines.of(annotations, record.width, record.height)
        shares = {place: (place, code, share) for place, code, share in overlaps}
        for place, text in enumerate(texts):
            row = text and text[:-1]
            if row is None or row in rows:
                outcomes[place] = self._outcome(annotations[place], place, label_file)
            elif row:
                rows[row] = None
                if place in shares:
                    label_file.overlaps.append(shares[place])
        return outcomes

    def _boxed(self, boxes: BoxTexts, record: Record, label_file: LabelFile) -> Sequence[Outcome]:
        """As :meth:`_outcome` for each annotation; ordinary boxes by a short way."""
        annotations, rows = record.annotations, label_file.rows
        texts, outcomes = boxes.of(annotations, record.width, record.height)
        for position, text in enumerate(texts):
            row = text and text[:-1]
            if row is None or row in rows:
                outcomes[position] = self._outcome(annotations[position], position, label_file)
            else:
                rows[row] = None
        return outcomes

    def _outcome(self, annotation: Annotation, position: int, label_file: LabelFile) -> Outcome:
        """Add the rows of one annotation, and its line of the sidecar; what became of it."""
        count = len(label_file.rows)
        try:
            # Attributes first: if they cannot be written, no row may be left behind.
            line = self._sidecar_line(annotation, label_file.placement, count) if self._sidecar else b""
            outcome = self._write(annotation, position, label_file)
        except AnnotationFault as fault:
            return failed(fault.code, fault.message, fault.json_path)
        except AnnotationSkip as skip:
            return skipped(skip.code, skip.message)
        if line and len(label_file.rows) > count:
            label_file.sidecar.append(line)
        return outcome

    def _write(self, annotation: Annotation, position: int, label_file: LabelFile) -> Outcome:
        """Add the rows of one annotation; raises AnnotationFault or AnnotationSkip where it has none."""
        if self._excludes and annotation.kind in REGION_KINDS:
            return skipped("S_SEGMENTATION_EXCLUDED")
        if annotation.iscrowd or annotation.kind not in EXTENT_KINDS:
            return _without_place(annotation)
        index = self._indices.get(annotation.label)
        if index is None:
            return self._class_failure(annotation)
        rows, placement = label_file.rows, label_file.placement
        drawn = self._rows.of(annotation, index, label_file.canvas, measured=placement.measured)
        count = len(rows)
        rows.update(dict.fromkeys(drawn.rows))
        if len(rows) == count:
            return skipped("S_DUPLICATE_ROW")
        if drawn.degraded is not None:
            codes, source, made = drawn.degraded
            share = iou(source, made)
            label_file.overlaps.extend((position, code, share) for code in codes)
        return self._outcomes.of(annotation, drawn.codes)

    def _sidecar_line(self, annotation: Annotation, placement: Placement, row: int) -> bytes:
        """``{image, row, attributes}`` or nothing; ``row`` is the 0-based line in the label file."""
        if not has_attributes(annotation):
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
        if self._class_folders is not None:
            return
        yield from self._layout.files()
        if self._sidecar:
            yield OutputFile(_SIDECAR, (Fragments(f"{_SIDECAR}#rows"),))

    def folders(self) -> Iterable[str]:
        return self._layout.folders() if self._class_folders is None else self._class_folders.folders()


class LabelFile:
    """The label file of one record while it is filled."""

    __slots__ = ("canvas", "overlaps", "placement", "rows", "sidecar")

    def __init__(self, canvas: Canvas, placement: Placement) -> None:
        self.canvas = canvas
        self.placement = placement
        #: Rows in source order, each once.
        self.rows: dict[bytes, None] = {}
        self.sidecar: list[bytes] = []
        self.overlaps: list[tuple[int, str, float]] = []


def _task_rows(task: Task, options: YoloOptions, plan: Plan) -> TaskRows:
    if task == "segment":
        return SegmentRows(options)
    if task == "pose":
        return PoseRows(plan.skeleton)
    return ObbRows() if task == "obb" else DetectRows()


def _without_place(annotation: Annotation) -> Outcome:
    if annotation.kind in EXTENT_KINDS:
        return skipped("S_CROWD")
    return skipped("S_POINT_UNGROUPED" if annotation.kind == "point" else "S_KIND_UNSUPPORTED")


def _lines(rows: Iterable[bytes]) -> bytes:
    text = b"\n".join(rows)
    return text + b"\n" if text else b""
