"""The Pascal VOC writer: an XML file per picture, the lists of ``ImageSets``, and segmentation planes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from exportkit.errors import RecordFault
from exportkit.records import REGION_KINDS, Canvas, Record, box_texts
from exportkit.writing import (
    Encoded,
    EncodedRun,
    Exceptions,
    Fragments,
    NamingRule,
    Outcome,
    OutputFile,
    Placement,
    Plan,
    RecordRun,
    Writer,
    WriterOptions,
    skipped,
)
from exportkit.writing.column_texts import column_texts
from exportkit.writing.overlaps import box_overlaps
from exportkit_voc.annotation_xml import (
    DOCUMENT_END,
    PLAIN_SEPARATORS,
    document_head,
    object_head,
    plain_attributes,
    plain_head,
)
from exportkit_voc.box_cost import box_cost_of
from exportkit_voc.image_sets import IdLists, plan_image_sets, renaming_table
from exportkit_voc.label_map import label_map, why_no_label_map
from exportkit_voc.objects import ObjectRules, PictureObjects, class_fault, outcome_of, settled
from exportkit_voc.options import VocOptions
from exportkit_voc.planes import Planes
from exportkit_voc.xml_text import is_representable

__all__ = ["VocWriter"]

#: Id lists are split at blanks and cut at ``#``; the other two no XML can hold.
_REFUSED_IN_IDS = " #\ufffe\uffff"


class VocWriter(Writer):
    """Pascal VOC (formats, section 5.3): ``Annotations/<id>.xml``, ``JPEGImages/<id>.<ext>``, id lists.

    ``task=segment`` adds ``SegmentationClass/<id>.png`` and ``SegmentationObject/<id>.png`` of pictures with
    polygons or masks. Coordinates are 1-based inclusive ints unless ``coords`` says otherwise; ``source/annotation``
    in the XML names the mode.
    """

    name: ClassVar[str] = "voc"
    summary: ClassVar[str] = "Pascal VOC detection and segmentation, with ImageSets and label map"
    options_model: ClassVar[type[WriterOptions]] = VocOptions
    variants: ClassVar[tuple[str, ...]] = ("", "robndbox=yes", "task=segment")
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
        self._sets = plan_image_sets(plan, f"{self._root}ImageSets")
        heads: dict[str | None, tuple[int, str]] = {
            label: (index, object_head(plan.classes[index]))
            for label, index in plan.class_index.items()
            if is_representable(plan.classes[index])
        }
        self._rules = ObjectRules(options, plan, heads)
        self._segments = options.task == "segment"
        ordinary = ("box",) if self._segments or options.segmentation == "exclude" else ("box", "polygon", "mask")
        costs = {kind: outcome_of(box_cost_of(kind)) for kind in ordinary}
        self._plain = box_texts(
            "inclusive",
            {label: plain_head(head) for label, (_, head) in heads.items() if label is not None},
            PLAIN_SEPARATORS,
            {kind: (cost, cost) for kind, cost in costs.items()},
            plain_attributes,
        )
        self._crowd_heads = {label: plain_head(head, 1) for label, (_, head) in heads.items() if label is not None}
        crowded = {kind: outcome_of((*box_cost_of(kind), "L_CROWD_AS_DIFFICULT")) for kind in ordinary}
        # With planes a crowd is painted, too.
        self._crowds = {} if self._segments else {kind: (outcome, outcome) for kind, outcome in crowded.items()}
        self._class_keys = {
            split: tuple(map(_stream_key, files)) for split, files in self._sets.class_files.items() if files
        }
        self._list_keys = _keys_of(self._sets.main)
        self._segmentation_keys = _keys_of(self._sets.segmentation)

    @classmethod
    def naming(cls, options: WriterOptions) -> NamingRule:
        extension = cls.transcodes(options) or ""
        return NamingRule("flat", needs_extension=True, refused_in_stem=_REFUSED_IN_IDS, extension=extension)

    @classmethod
    def class_fault(cls, name: str, options: WriterOptions) -> str | None:
        return class_fault(name)

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
        encoded = self._whole(record, placement) or self._with_care(record, placement)
        if placement.measured:
            canvas = self._canvas(record)
            encoded.overlaps = (*encoded.overlaps, *box_overlaps(record.annotations, encoded.outcomes, canvas))
        return encoded

    def _whole(self, record: Record, placement: Placement) -> Encoded | None:
        """What becomes of a record with nothing but ordinary boxes, nearly all there are."""
        if not self._inclusive:
            return None
        annotations, index = record.annotations, self.plan.class_index
        head = self._head_of(record, placement)
        whole = self._plain.whole(annotations, record.width, record.height, head, DOCUMENT_END, False)
        if whole is None:
            return None
        xml, outcomes = whole
        present = {index[label]: True for label in {annotation.label for annotation in annotations}}  # type: ignore[index]  # each has a class
        return Encoded(outcomes, ((self._path_of(placement), xml),), self._list_lines(placement, present))

    def encode_run(self, run: RecordRun) -> EncodedRun | None:
        if not self._inclusive:
            return None
        try:
            heads = self._head.of_all(run.names, run.widths, run.heights, run.depths)
        except ValueError:
            return None
        texts, outcomes = run.texts(
            self._plain, heads=heads, tail=DOCUMENT_END, crowds=self._crowds, crowd_heads=self._crowd_heads
        )
        count = len(texts)
        streams, exceptions = self._lists_of(run, count)
        pictures = [f"{self._root}JPEGImages/{name}" for name in run.names[:count]]
        paths = [f"{self._root}Annotations/{stem}.xml" for stem in run.stems[:count]]
        overlaps = run.overlaps(count, outcomes, "L_REGION_DROPPED")
        return EncodedRun(outcomes, pictures, [*zip(paths, texts, strict=True)], streams, exceptions, overlaps)

    def takes_boxless(self) -> frozenset[str]:
        return frozenset({"polygon"})

    def _lists_of(self, run: RecordRun, count: int) -> tuple[Mapping[str, Sequence[bytes]], Exceptions]:
        """As :meth:`_list_lines` for all these records; only crowds are difficult."""
        streams: dict[str, Sequence[bytes]] = {}
        splits, stems = run.splits[:count], run.stems[:count]
        names = dict.fromkeys(splits)
        listed, absent = column_texts((b"", b"\n"), stems), column_texts((b"", b" -1\n"), stems)
        for split in names:
            lines = run.of_split(split, listed)
            for key in self._list_keys[split]:
                known = streams.get(key)
                streams[key] = lines if known is None else [*map(bytes.__add__, known, lines)]
            if self._class_keys.get(split):
                streams[_absent_key(split)] = run.of_split(split, absent)
        return streams, self._class_lines_of(run, splits, stems)

    def _class_lines_of(self, run: RecordRun, splits: Sequence[str], stems: Sequence[str]) -> Exceptions:
        """The lines of classes that records have, in the lists of their splits."""
        exceptions: dict[str, Mapping[int, bytes]] = {}
        names = set(splits)
        if any(map(self._class_keys.get, names)):
            found = run.class_lines(column_texts((b"", b"  1\n"), stems), column_texts((b"", b"  0\n"), stems))
            index = self.plan.class_index
            for split in names:
                keys = self._class_keys.get(split) or ()
                for label, own in found.items() if keys else ():
                    here = own if len(names) == 1 else {at: line for at, line in own.items() if splits[at] == split}
                    if here:
                        exceptions[keys[index[label]]] = here
        return exceptions

    def _with_care(self, record: Record, placement: Placement) -> Encoded:
        planes = self._planes_for(record)
        objects = PictureObjects(self._rules, self._canvas(record), planes)
        outcomes = self._outcomes(record, objects)
        head = self._head_of(record, placement, int(objects.segmented))
        xml = (self._path_of(placement), b"".join((head, *objects.texts, DOCUMENT_END)))
        lines = self._list_lines(placement, objects.present, segmented=objects.segmented)
        if planes is None or not objects.segmented:
            return Encoded(outcomes, (xml,), lines)
        overlaps = tuple(settled(record.annotations, outcomes, planes))
        class_plane = (f"{self._root}SegmentationClass/{placement.stem}.png", planes.class_plane())
        object_plane = (f"{self._root}SegmentationObject/{placement.stem}.png", planes.object_plane())
        return Encoded(outcomes, (xml, class_plane, object_plane), lines, overlaps=overlaps)

    def _outcomes(self, record: Record, objects: PictureObjects) -> list[Outcome]:
        """Add all objects; ordinary boxes, nearly all there are, by a short way."""
        annotations, index = record.annotations, self.plan.class_index
        if not self._inclusive:
            return [objects.take(position, annotation) for position, annotation in enumerate(annotations)]
        texts, outcomes = self._plain.of(annotations, record.width, record.height)
        for position, text in enumerate(texts):
            if text is None:
                outcomes[position] = objects.take(position, annotations[position])
            else:
                objects.take_text(text, index[annotations[position].label])  # type: ignore[index]  # a class with a head
        return outcomes

    def _planes_for(self, record: Record) -> Planes | None:
        """Empty planes, if the picture may need some; raises RecordFault where they would be too large."""
        options = self.options
        if options.task != "segment" or options.segmentation == "exclude":
            return None
        if not any(annotation.kind in REGION_KINDS for annotation in record.annotations):
            return None
        if record.width * record.height > self.plan.max_pixels:
            raise RecordFault(
                "E_PIXELS_LIMIT",
                f"Planes of {record.width} × {record.height} pixels are over the limit of {self.plan.max_pixels}; "
                "raise --max-pixels or write task=detect.",
            )
        return Planes(record.width, record.height, options.border)

    def _canvas(self, record: Record) -> Canvas:
        return Canvas(record.width, record.height, self.plan.invalid, self.plan.max_pixels)

    def _head_of(self, record: Record, placement: Placement, segmented: int = 0) -> bytes:
        try:
            return self._head.of(placement.name, record.width, record.height, placement.depth, segmented)
        except ValueError as error:
            raise RecordFault("E_NAME_UNSAFE", f"The file name cannot be written: {error}; rename it.") from None

    def _path_of(self, placement: Placement) -> str:
        return f"{self._root}Annotations/{placement.stem}.xml"

    def _list_lines(
        self, placement: Placement, present: Mapping[int, bool], *, segmented: bool = False
    ) -> Mapping[str, bytes]:
        """The record's line in each list; in those of absent classes one stand-in line serves for all."""
        split, stem = placement.split, placement.stem.encode()
        lists = self._list_keys[split]
        lines = dict.fromkeys((*lists, *self._segmentation_keys[split]) if segmented else lists, stem + b"\n")
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
        for path in (*sets.main.paths, *(sets.segmentation.paths if self._segments else ())):
            yield OutputFile(path, (Fragments(_stream_key(path)),))
        for split, paths in sets.class_files.items():
            for path in paths:
                yield OutputFile(path, (Fragments(_stream_key(path), otherwise=_absent_key(split)),))
        if why_no_label_map(self.plan.classes) is None:
            yield OutputFile(f"{self._root}labelmap.txt", (label_map(self.plan.classes),))

    def folders(self) -> Iterable[str]:
        yield f"{self._root}Annotations"
        yield f"{self._root}JPEGImages"
        if self._segments:
            yield f"{self._root}SegmentationClass"
            yield f"{self._root}SegmentationObject"


def _absent_key(split: str) -> str:
    """Stream of the lines that say that a class is not in a picture; it stands in no file itself."""
    return f"{split}#absent"


def _stream_key(path: str) -> str:
    return f"{path}#ids"


def _keys_of(lists: IdLists) -> dict[str, list[str]]:
    """Split → streams of the id lists that its pictures stand in."""
    return {split: [*map(_stream_key, lists.of(split))] for split in lists.splits}
