"""Whether readers of COCO files would take a dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from typing import Any, TypeVar

import msgspec

from exportkit.writing import Checker, CheckReport, Dataset, Finding, Picture, Piece
from exportkit_coco.cutting import cut_file
from exportkit_coco.document import DocumentFault, members
from exportkit_coco.facts import FileFacts, Whole, longer
from exportkit_coco.role_files import RoleFile, role_file, role_files
from exportkit_coco.rules import (
    CaptionEntry,
    ImageEntry,
    KeypointEntry,
    ObjectEntry,
    Report,
    Size,
    explain_caption,
    explain_image,
    explain_keypoints,
    explain_object,
    judge_caption,
    judge_image,
    judge_keypoints,
    judge_object,
)
from exportkit_coco.skeleton import Categories, judge_skeleton, skeleton_around

__all__ = ["CocoChecker"]

#: Roles on which ``segm`` evaluation runs.
_SEGMENTED = frozenset({"instances", "boxes"})
#: Roles whose annotations stand in no other one; those of key points are objects of ``instances_``, too.
_COUNTED = frozenset({"instances", "boxes", "captions", "stuff"})

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
    "C_COCO_KPT": "cocoeval",
    "C_COCO_KPT17": "cocoeval",
}

#: What stands between two entries as most writers give them, and how much is decoded at a time.
_SEAM = b'},{"id":'
_BATCH = 1 << 18

#: Code, severity and message.
Problem = tuple[str, str, str]
Entry = TypeVar("Entry", ImageEntry, ObjectEntry, KeypointEntry, CaptionEntry)


class CocoChecker(Checker):
    """Judges the role files of ``annotations/`` by what pycocotools, torchvision and others demand."""

    name = "coco"
    single_files = True

    def __init__(self, dataset: Dataset) -> None:
        super().__init__(dataset)
        self._roots: dict[str, str] = {}

    @classmethod
    def recognises(cls, dataset: Dataset) -> bool:
        return bool(role_files(dataset, sure=True))

    @classmethod
    def recognises_file(cls, dataset: Dataset, path: str) -> bool:
        if not path.lower().endswith(".json"):
            return False
        try:
            keys = (member.key for member in members(dataset.stream(path)))
            return any(key in {"images", "annotations"} for key in keys)
        except (DocumentFault, OSError):
            return False

    @cached_property
    def _counts_all(self) -> bool:
        """Whether no file has a role that is counted by itself."""
        # While a dataset of ours is written its files are not there yet, but they are known.
        return self.dataset.manifest is None and _COUNTED.isdisjoint(file.role for file in self._files())

    def _files(self) -> list[RoleFile]:
        return [role_file(self.file)] if self.file else role_files(self.dataset)

    def pieces(self) -> Iterator[Piece]:
        for file in self._files():
            try:
                yield from cut_file(self.dataset, file.path)
            except DocumentFault as fault:
                yield Piece(file.path, str(fault).encode(), f"{file.path}#fault")

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
                keypoints = role_file(piece.path).role == "person_keypoints"
                told = _reporter(report.findings, piece.path)
                _facts(report, piece.path).categories = judge_skeleton(piece.data, told, keypoints=keypoints)
            elif section == "fault":
                _reporter(report.findings, piece.path)("C_COCO_JSON", "error", piece.data.decode())
        return report

    def _check_images(self, piece: Piece, report: CheckReport, sizes: dict[int, Size]) -> None:
        path = piece.path
        facts = _facts(report, path)
        facts.images_span = longer(facts.images_span, piece.data)
        file = role_file(path)
        root = ""
        problems: list[Problem] = []
        tell = _collector(problems)
        for images in _read(piece.data, ImageEntry, explain_image, path, "images", report.findings):
            for image in images:
                sizes[image.id] = (image.width, image.height)
                judge_image(image, tell)
                if problems:
                    _tell_all(report.findings, path, f"$.images[?(@.id=={image.id})]", problems)
            facts.take_images(images)
            root = root or (self._picture_root(file, images[0].file_name) if images else "")
            report.pictures.extend(
                [Picture(root + image.file_name, image.width, image.height, path, file.split) for image in images]
            )

    def _check_annotations(self, path: str, data: bytes, report: CheckReport, sizes: dict[int, Size]) -> None:
        facts = _facts(report, path)
        facts.annotations_span = longer(facts.annotations_span, data)
        role = role_file(path).role
        if role == "person_keypoints":
            found = _judged(data, KeypointEntry, explain_keypoints, judge_keypoints, path, report, sizes)
            self._take(role, found, facts.take_keypoints, facts, report, sizes)
        elif role == "captions":
            captions = _judged(data, CaptionEntry, explain_caption, judge_caption, path, report, sizes)
            self._take(role, captions, facts.take_captions, facts, report, sizes)
        elif role != "panoptic":
            objects = _judged(data, ObjectEntry, explain_object, judge_object, path, report, sizes)
            self._take(role, objects, facts.take_objects, facts, report, sizes)

    def _take(
        self,
        role: str,
        batches: Iterable[Sequence[Entry]],
        remember: Callable[[Sequence[Entry]], set[int]],
        facts: FileFacts,
        report: CheckReport,
        sizes: dict[int, Size],
    ) -> None:
        foreign: set[int] = set()
        for entries in batches:
            if role in _COUNTED or self._counts_all:
                report.objects += len(entries)
            foreign |= remember(entries) - sizes.keys()
        facts.foreign_images.extend(sorted(foreign))

    def _picture_root(self, file: RoleFile, name: str) -> str:
        """Folder of a role file's pictures, with its trailing slash: the first one that has this picture."""
        if file.path not in self._roots:
            found = (folder for folder in file.folders if self.dataset.exists(folder + name))
            there = (folder for folder in file.folders if folder and self.dataset.is_dir(folder[:-1]))
            self._roots[file.path] = next(found, None) or next(there, file.folders[0])
        return self._roots[file.path]

    # -- the whole -------------------------------------------------------------------------------------

    def conclude(self, reports: Iterable[CheckReport]) -> Iterator[Finding]:
        files: dict[str, Whole] = {}
        for report in reports:
            for path, facts in (report.facts or {}).items():
                files.setdefault(path, Whole()).take(facts)
        for file in self._files():
            told: list[Finding] = []
            self._judge_whole(file, files.get(file.path) or Whole(), _reporter(told, file.path))
            yield from told

    def _judge_whole(self, file: RoleFile, whole: Whole, report: Report) -> None:
        if whole.categories is None:
            place, keypoints = self.dataset.root / file.path, file.role == "person_keypoints"
            skeleton = skeleton_around(place, whole.images_span, whole.annotations_span, report)
            if skeleton is not None:
                whole.categories = judge_skeleton(skeleton, report, keypoints=keypoints)
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
            _judge_point_counts(whole, whole.categories, report)
        if file.role in _SEGMENTED and whole.segmented and (whole.bare or whole.bare_crowds):
            self._report_mixed(whole, report)

    def _report_mixed(self, whole: Whole, report: Report) -> None:
        # A crowd box has no region by the rule of the format (formats, section 5.1): a warning, not a refusal.
        asked = _option(self.dataset.manifest, "boxes") == "empty"
        report(
            "C_COCO_MIXED",
            "error" if whole.bare and not asked else "warn",
            f"{whole.bare + whole.bare_crowds} annotations have no segmentation, {whole.segmented} have one; "
            "'segm' evaluation stops at the first, boxes=separate keeps them apart",
        )


def _judge_point_counts(whole: Whole, categories: Categories, report: Report) -> None:
    for category, count in sorted(whole.point_counts):
        if count != categories.points.get(category, count):
            text = f"an object of the category {category} has {count} key points, not {categories.points[category]}"
            report("C_COCO_KPT", "error", text)


def _facts(report: CheckReport, path: str) -> FileFacts:
    facts: FileFacts = report.facts.setdefault(path, FileFacts())
    return facts


def _option(manifest: dict[str, Any] | None, key: str) -> Any:
    """What the writer of the dataset was asked for, where a manifest tells."""
    writer = (manifest or {}).get("writer")
    options = writer.get("options") if isinstance(writer, dict) else None
    return options.get(key) if isinstance(options, dict) else None


def _collector(problems: list[Problem]) -> Report:
    def tell(code: str, severity: str, message: str) -> None:
        problems.append((code, severity, message))

    return tell


def _tell_all(findings: list[Finding], path: str, where: str, problems: list[Problem]) -> None:
    """Turn what was collected about one entry into findings, and forget it."""
    for code, severity, message in problems:
        _add(findings, path, where, code, severity, message)
    problems.clear()


def _add(findings: list[Finding], path: str, where: str | None, code: str, severity: str, message: str) -> None:
    level = "error" if severity == "error" else "warn"
    findings.append(
        Finding(code, level, message, file=path, json_path=where, consumer=_CONSUMERS.get(code))  # type: ignore[arg-type]
    )


def _reporter(findings: list[Finding], path: str) -> Report:
    return partial(_add, findings, path, None)


def _judged(
    data: bytes,
    entry: type[Entry],
    explain: Callable[[bytes, Report], None],
    judge: Callable[[Entry, Size | None, Report], None],
    path: str,
    report: CheckReport,
    sizes: dict[int, Size],
) -> Iterator[list[Entry]]:
    """The annotations of a piece, a batch at a time, each of them judged."""
    problems: list[Problem] = []
    tell = _collector(problems)
    size_of = sizes.get
    for entries in _read(data, entry, explain, path, "annotations", report.findings):
        for one in entries:
            judge(one, size_of(one.image_id), tell)  # type: ignore[attr-defined]  # pictures are judged elsewhere
            if problems:
                _tell_all(report.findings, path, f"$.annotations[?(@.id=={one.id})]", problems)
        yield entries


def _read(
    data: bytes,
    entry: type[Entry],
    explain: Callable[[bytes, Report], None],
    path: str,
    section: str,
    findings: list[Finding],
) -> Iterator[list[Entry]]:
    """The entries of a piece, a batch at a time; those that are not of the form are explained and left out."""
    report = _reporter(findings, path)
    if not data.isascii():
        report("C_COCO_JSON", "error", f"{section} hold characters beyond ASCII; readers open the file with any locale")
    at = 0
    while at < len(data):
        # Where an attribute looks like the seam of two entries, the batch is cut within an entry and fails to decode.
        seam = data.find(_SEAM, at + _BATCH)
        end = seam + 1 if seam >= 0 else len(data)
        try:
            yield msgspec.json.decode(b"[%b]" % data[at:end], type=list[entry])  # type: ignore[valid-type]
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            yield from _read_singly(data[at:], entry, explain, path, section, findings)
            return
        at = end + 1


def _read_singly(
    data: bytes,
    entry: type[Entry],
    explain: Callable[[bytes, Report], None],
    path: str,
    section: str,
    findings: list[Finding],
) -> Iterator[list[Entry]]:
    try:
        for member in members([b'{"":[%b]}' % data]):
            if not member.element:
                continue
            try:
                yield [msgspec.json.decode(member.data, type=entry)]
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                explain(member.data, partial(_add, findings, path, f"$.{section}{_shown(member.data)}"))
    except DocumentFault as fault:
        _reporter(findings, path)("C_COCO_JSON", "error", f"{section}: {fault}")


def _shown(data: bytes) -> str:
    try:
        return f"[?(@.id=={msgspec.json.decode(data, type=_Named).id})]"
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return f": {data[:60].decode('ascii', 'backslashreplace')}"


class _Named(msgspec.Struct):
    id: int
