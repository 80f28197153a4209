"""Whether readers of COCO files would take a dataset."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec

from exportkit.writing import Checker, CheckReport, Dataset, Finding, Picture, Piece
from exportkit_coco.distinct import IdColumn, name_key
from exportkit_coco.document import DocumentFault, members
from exportkit_coco.rules import (
    ImageEntry,
    ObjectEntry,
    Report,
    Size,
    explain_image,
    explain_object,
    judge_image,
    judge_object,
)
from exportkit_coco.skeleton import Categories, judge_skeleton, skeleton_around

__all__ = ["CocoChecker"]

#: A role file, by its name: detection roles carry boxes on every annotation.
_ROLE_FILE = re.compile(r"annotations/(instances|boxes|person_keypoints|captions|stuff|panoptic)_?([^/]*)\.json")
_DETECTION = frozenset({"instances", "boxes", "person_keypoints", "stuff"})
#: Roles on which ``segm`` evaluation runs.
_SEGMENTED = frozenset({"instances", "boxes"})
#: Bytes of entries in one piece of a file that is checked after the fact.
_PIECE = 1 << 20

_CONSUMERS = {
    "C_COCO_ID": "pycocotools",
    "C_COCO_REF": "pycocotools",
    "C_COCO_JSON": "pycocotools",
    "C_COCO_CATEGORY": "detectron2",
    "C_COCO_FILE": "torchvision",
    "C_COCO_KEYS": "pycocotools",
    "C_COCO_BBOX": "supervision",
    "C_COCO_AREA": "cocoeval",
    "C_COCO_CROWD": "cocoeval",
    "C_COCO_RING": "pycocotools",
    "C_COCO_RLE": "pycocotools",
    "C_COCO_MIXED": "cocoeval",
}

Entry = TypeVar("Entry", ImageEntry, ObjectEntry)


class FileFacts(msgspec.Struct):
    """What one batch of pieces tells about one role file."""

    image_ids: array[int] = msgspec.field(default_factory=lambda: array("q"))
    name_keys: array[int] = msgspec.field(default_factory=lambda: array("q"))
    annotation_ids: array[int] = msgspec.field(default_factory=lambda: array("q"))
    #: Pictures that annotations name and this batch does not hold.
    foreign_images: array[int] = msgspec.field(default_factory=lambda: array("q"))
    category_ids: set[int] = msgspec.field(default_factory=set)
    segmented: int = 0
    bare: int = 0
    bare_crowds: int = 0
    #: Bytes and count of non-empty fragments by section, for a file assembled from them.
    images_span: tuple[int, int] = (0, 0)
    annotations_span: tuple[int, int] = (0, 0)
    #: Its categories, where the rest of the file was a piece of its own.
    categories: Categories | None = None


class CocoChecker(Checker):
    """Judges the role files of ``annotations/`` by what pycocotools, torchvision and others demand."""

    name = "coco"

    def __init__(self, dataset: Dataset) -> None:
        super().__init__(dataset)
        self._roots: dict[str, str] = {}

    @classmethod
    def recognises(cls, dataset: Dataset) -> bool:
        return any(_ROLE_FILE.fullmatch(path) for path in dataset.listing("annotations"))

    # -- cutting a directory ---------------------------------------------------------------------------

    def pieces(self) -> Iterator[Piece]:
        for path in self.dataset.listing("annotations"):
            if _ROLE_FILE.fullmatch(path):
                try:
                    yield from self._cut(path)
                except DocumentFault as fault:
                    yield Piece(path, str(fault).encode(), f"{path}#fault")

    def _cut(self, path: str) -> Iterator[Piece]:
        """Pictures first, whatever the order of keys in the file, so that each annotation meets its picture's size."""
        sizes: dict[int, Size] = {}
        rest: dict[str, bytes] = {}
        batch: list[bytes] = []
        held = 0
        for member in members(self.dataset.stream(path)):
            if not member.element:
                rest[member.key] = member.data
            elif member.key == "images":
                _note_size(member.data, sizes)
                batch.append(member.data)
                held += len(member.data)
                if held >= _PIECE:
                    yield Piece(path, b",".join(batch), f"{path}#images")
                    batch, held = [], 0
            elif member.key != "annotations":
                rest[member.key] = rest[member.key][:-1] + (b"," if rest[member.key] != b"[]" else b"") + member.data + b"]"
        if batch:
            yield Piece(path, b",".join(batch), f"{path}#images")
        yield from self._cut_annotations(path, sizes)
        skeleton = b",".join(msgspec.json.encode(key) + b":" + data for key, data in rest.items())
        yield Piece(path, b"{" + skeleton + b"}", f"{path}#skeleton")

    def _cut_annotations(self, path: str, sizes: dict[int, Size]) -> Iterator[Piece]:
        batch: list[bytes] = []
        held = 0
        for member in members(self.dataset.stream(path)):
            if member.element and member.key == "annotations":
                batch.append(member.data)
                held += len(member.data)
                if held >= _PIECE:
                    yield _excerpt(path, batch, sizes)
                    batch, held = [], 0
        if batch:
            yield _excerpt(path, batch, sizes)

    # -- judging pieces --------------------------------------------------------------------------------

    def check_pieces(self, pieces: Sequence[Piece]) -> CheckReport:
        report = CheckReport(findings=[], pictures=[], facts={})
        sizes: dict[str, dict[int, Size]] = {}
        for piece in pieces:
            if piece.section.endswith("images"):
                self._check_images(piece, report, sizes.setdefault(piece.path, {}))
        for piece in pieces:
            section = piece.section.rpartition("#")[2]
            known = sizes.setdefault(piece.path, {})
            if section == "annotations":
                self._check_annotations(piece.path, piece.data, report, known)
            elif section == "excerpt":
                head, _, data = piece.data.partition(b"\n")
                listed = msgspec.json.decode(head, type=list[tuple[int, int, int]])
                known = {image: (width, height) for image, width, height in listed}
                self._check_annotations(piece.path, data, report, known)
            elif section == "skeleton":
                _facts(report, piece.path).categories = judge_skeleton(piece.data, _reporter(report.findings, piece.path))
            elif section == "fault":
                _reporter(report.findings, piece.path)("C_COCO_JSON", "error", piece.data.decode())
        return report

    def _check_images(self, piece: Piece, report: CheckReport, sizes: dict[int, Size]) -> None:
        path = piece.path
        facts = _facts(report, path)
        facts.images_span = _longer(facts.images_span, piece.data)
        root = self._picture_root(path)
        told: list[Finding] = []
        for image in _read(piece.data, ImageEntry, explain_image, path, "images", told):
            facts.image_ids.append(image.id)
            facts.name_keys.append(name_key(image.file_name))
            sizes[image.id] = (image.width, image.height)
            judge_image(image, partial(_add, told, path, f"$.images[?(@.id=={image.id})]"))
            report.pictures.append(Picture(root + image.file_name, image.width, image.height, path))
        report.findings.extend(told)

    def _check_annotations(self, path: str, data: bytes, report: CheckReport, sizes: dict[int, Size]) -> None:
        facts = _facts(report, path)
        facts.annotations_span = _longer(facts.annotations_span, data)
        if _role(path)[0] not in _DETECTION:
            return
        told = report.findings
        problems: list[tuple[str, str, str]] = []
        tell: Report = lambda *problem: problems.append(problem)  # noqa: E731  # a closure over the hot loop's list
        foreign: set[int] = set()
        ids, categories = facts.annotation_ids, facts.category_ids
        size_of = sizes.get
        for entry in _read(data, ObjectEntry, explain_object, path, "annotations", told):
            report.objects += 1
            ids.append(entry.id)
            categories.add(entry.category_id)
            size = size_of(entry.image_id)
            if size is None:
                foreign.add(entry.image_id)
            if entry.segmentation:
                facts.segmented += 1
            elif entry.iscrowd:
                facts.bare_crowds += 1
            else:
                facts.bare += 1
            judge_object(entry, size, tell)
            if problems:
                where = f"$.annotations[?(@.id=={entry.id})]"
                for code, severity, message in problems:
                    _add(told, path, where, code, severity, message)
                problems.clear()
        facts.foreign_images.extend(sorted(foreign))

    def _picture_root(self, path: str) -> str:
        """Folder of a role file's pictures, with its trailing slash, in the layouts that readers know."""
        split = _role(path)[1]
        if split not in self._roots:
            candidates = (f"images/{split}/", f"{split}/", "images/")
            found = (folder for folder in candidates if split and self.dataset.is_dir(folder[:-1]))
            self._roots[split] = next(found, f"images/{split}/")
        return self._roots[split]

    # -- the whole -------------------------------------------------------------------------------------

    def conclude(self, reports: Iterable[CheckReport]) -> Iterator[Finding]:
        files: dict[str, _Whole] = {}
        for report in reports:
            for path, facts in (report.facts or {}).items():
                files.setdefault(path, _Whole()).take(facts)
        for path in self.dataset.listing("annotations"):
            if _ROLE_FILE.fullmatch(path):
                told: list[Finding] = []
                self._judge_whole(path, files.get(path) or _Whole(), _reporter(told, path))
                yield from told

    def _judge_whole(self, path: str, whole: _Whole, report: Report) -> None:
        if whole.categories is None:
            file = self.dataset.root / path
            skeleton = skeleton_around(file, whole.images_span, whole.annotations_span, report)
            whole.categories = judge_skeleton(skeleton, report) if skeleton is not None else None
        for column, what in ((whole.image_ids, "image"), (whole.annotation_ids, "annotation")):
            if (twice := column.repeated()) is not None:
                report("C_COCO_ID", "error", f"{what} id {twice} comes twice")
        if whole.names.repeated() is not None:
            report("C_COCO_FILE", "error", "two pictures have the same file_name")
        missing = {image for image in whole.foreign_images if image not in whole.image_ids}
        for image in sorted(missing):
            report("C_COCO_REF", "error", f"image_id {image} of an annotation is not among the images")
        if whole.categories is not None:
            for category in sorted(whole.category_ids - whole.categories.ids):
                report("C_COCO_REF", "error", f"category_id {category} is not among the categories")
        if _role(path)[0] in _SEGMENTED and whole.segmented and (whole.bare or whole.bare_crowds):
            self._report_mixed(whole, report)

    def _report_mixed(self, whole: _Whole, report: Report) -> None:
        # A crowd box has no region by the rule of the format (formats, section 5.1): a warning, not a refusal.
        asked = _option(self.dataset.manifest, "boxes") == "empty"
        report(
            "C_COCO_MIXED",
            "error" if whole.bare and not asked else "warn",
            f"{whole.bare + whole.bare_crowds} annotations have an empty segmentation beside {whole.segmented} with one: "
            "'segm' evaluation stops at the first; boxes=separate keeps them apart",
        )


class _Whole:
    """All facts of one role file."""

    def __init__(self) -> None:
        self.image_ids, self.annotation_ids, self.names = IdColumn(), IdColumn(), IdColumn()
        self.foreign_images = array("q")
        self.category_ids: set[int] = set()
        self.segmented = self.bare = self.bare_crowds = 0
        self.images_span = self.annotations_span = (0, 0)
        self.categories: Categories | None = None

    def take(self, facts: FileFacts) -> None:
        self.image_ids.extend(facts.image_ids)
        self.annotation_ids.extend(facts.annotation_ids)
        self.names.extend(facts.name_keys)
        self.foreign_images.extend(facts.foreign_images)
        self.category_ids |= facts.category_ids
        self.segmented += facts.segmented
        self.bare += facts.bare
        self.bare_crowds += facts.bare_crowds
        self.images_span = _sum(self.images_span, facts.images_span)
        self.annotations_span = _sum(self.annotations_span, facts.annotations_span)
        self.categories = facts.categories or self.categories


def _sum(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]


def _longer(span: tuple[int, int], data: bytes) -> tuple[int, int]:
    return (span[0] + len(data), span[1] + 1) if data else span


def _role(path: str) -> tuple[str, str]:
    match = _ROLE_FILE.fullmatch(path)
    return (match[1], match[2]) if match else ("", "")


def _facts(report: CheckReport, path: str) -> FileFacts:
    facts: FileFacts = report.facts.setdefault(path, FileFacts())
    return facts


def _option(manifest: dict[str, Any] | None, key: str) -> Any:
    options = (manifest or {}).get("options")
    return options.get(key) if isinstance(options, dict) else None


def _add(findings: list[Finding], path: str, where: str | None, code: str, severity: str, message: str) -> None:
    level = "error" if severity == "error" else "warn"
    findings.append(
        Finding(code, level, message, file=path, json_path=where, consumer=_CONSUMERS.get(code))  # type: ignore[arg-type]
    )


def _reporter(findings: list[Finding], path: str) -> Report:
    return partial(_add, findings, path, None)


def _read(
    data: bytes,
    entry: type[Entry],
    explain: Callable[[bytes, Report], None],
    path: str,
    section: str,
    findings: list[Finding],
) -> list[Entry]:
    """The entries of a piece; those that are not of the form are explained and left out."""
    report = _reporter(findings, path)
    if not data.isascii():
        report("C_COCO_JSON", "error", f"{section} hold characters beyond ASCII; readers open the file with any locale")
    try:
        return msgspec.json.decode(b"[%b]" % data, type=list[entry])  # type: ignore[valid-type]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    entries: list[Entry] = []
    try:
        raws = [member.data for member in members([b'{"":[%b]}' % data]) if member.element]
    except DocumentFault as fault:
        report("C_COCO_JSON", "error", f"{section}: {fault}")
        return entries
    for position, raw in enumerate(raws):
        try:
            entries.append(msgspec.json.decode(raw, type=entry))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            explain(raw, partial(_add, findings, path, f"$.{section}[{position}]"))
    return entries


def _note_size(data: bytes, sizes: dict[int, Size]) -> None:
    try:
        image = msgspec.json.decode(data, type=ImageEntry)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return
    sizes[image.id] = (image.width, image.height)


class _ImageReference(msgspec.Struct):
    image_id: int


def _excerpt(path: str, batch: list[bytes], sizes: dict[int, Size]) -> Piece:
    """Annotations behind a line of (id, width, height) of their pictures, so that the piece can be judged alone."""
    known: dict[int, Size] = {}
    for data in batch:
        try:
            image = msgspec.json.decode(data, type=_ImageReference).image_id
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
        if image in sizes:
            known[image] = sizes[image]
    head = msgspec.json.encode([(image, width, height) for image, (width, height) in known.items()])
    return Piece(path, head + b"\n" + b",".join(batch), f"{path}#excerpt")
