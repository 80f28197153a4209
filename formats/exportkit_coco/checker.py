"""Whether readers of COCO files would take a dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any, TypeVar

import msgspec

from exportkit.writing import Checker, CheckReport, Dataset, Finding, Picture, Piece
from exportkit_coco.cutting import cut_file, png_path
from exportkit_coco.document import DocumentFault, members
from exportkit_coco.facts import FileFacts, Whole, longer
from exportkit_coco.panoptic_rules import PanopticEntry, explain_panoptic, judge_segments
from exportkit_coco.reading import Problem, collector, judged, read, reporter, tell_all
from exportkit_coco.role_files import RoleFile, has_named_files, role_file, role_files
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

Entry = TypeVar("Entry", ObjectEntry, KeypointEntry, CaptionEntry)

#: Roles on which ``segm`` evaluation runs.
_SEGMENTED = frozenset({"instances", "boxes"})
#: Roles whose annotations stand in no other one; those of key points are objects of ``instances_``, too.
_COUNTED = frozenset({"instances", "boxes", "captions", "stuff"})
#: Key points of the person that COCO's evaluation has sigmas for.
_PERSON_POINTS = 17
#: What the annotations of a role are called.
_CALLED = {"person_keypoints": "objects with key points", "captions": "captions", "stuff": "regions"}


class CocoChecker(Checker):
    """Judges the role files of ``annotations/`` by what pycocotools, torchvision and others demand."""

    name = "coco"
    single_files = True

    def __init__(self, dataset: Dataset) -> None:
        super().__init__(dataset)
        self._roots: dict[str, str] = {}

    @classmethod
    def recognises(cls, dataset: Dataset) -> bool:
        return has_named_files(dataset)

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
        planes = {piece.path: piece.data for piece in pieces if not piece.section}
        for piece in pieces:
            if piece.section.endswith("images"):
                self._check_images(piece, report, sizes.setdefault(piece.path, {}))
        for piece in pieces:
            section = piece.section.rpartition("#")[2]
            known = sizes.setdefault(piece.path, {})
            if section == "annotations" and role_file(piece.path).role == "panoptic":
                self._check_panoptic(piece, planes, report, known)
            elif section == "segments":
                self._check_segments(piece, report)
            elif section == "annotations":
                self._check_annotations(piece.path, piece.data, report, known)
            elif section == "excerpt":
                head, _, data = piece.data.partition(b"\n")
                listed = msgspec.json.decode(head, type=list[tuple[int, int, int]])
                known = {image: (width, height) for image, width, height in listed}
                self._check_annotations(piece.path, data, report, known)
            elif section == "skeleton":
                keypoints = role_file(piece.path).role == "person_keypoints"
                told = reporter(report.findings, piece.path)
                _facts(report, piece.path).categories = judge_skeleton(piece.data, told, keypoints=keypoints)
            elif section == "fault":
                reporter(report.findings, piece.path)("C_COCO_JSON", "error", piece.data.decode())
        return report

    def _check_images(self, piece: Piece, report: CheckReport, sizes: dict[int, Size]) -> None:
        path = piece.path
        facts = _facts(report, path)
        facts.images_span = longer(facts.images_span, piece.data)
        file = role_file(path)
        root = ""
        problems: list[Problem] = []
        tell = collector(problems)
        for images in read(piece.data, ImageEntry, explain_image, path, "images", report.findings):
            for image in images:
                sizes[image.id] = (image.width, image.height)
                judge_image(image, tell)
                if problems:
                    tell_all(report.findings, path, f"$.images[?(@.id=={image.id})]", problems)
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
            found = judged(data, KeypointEntry, explain_keypoints, judge_keypoints, path, report, sizes)
            self._take(role, found, facts.take_keypoints, facts, report, sizes)
        elif role == "captions":
            captions = judged(data, CaptionEntry, explain_caption, judge_caption, path, report, sizes)
            self._take(role, captions, facts.take_captions, facts, report, sizes)
        else:
            ordinary = facts.take_ordinary(data, sizes)
            if ordinary is not None:
                report.objects += ordinary.objects if role in _COUNTED or self._counts_all else 0
                data = ordinary.rest
            objects = judged(data, ObjectEntry, explain_object, judge_object, path, report, sizes)
            self._take(role, objects, facts.take_objects, facts, report, sizes)

    def _check_panoptic(
        self, piece: Piece, planes: dict[str, bytes], report: CheckReport, sizes: dict[int, Size]
    ) -> None:
        """Entries of pictures whose PNG files are in the same batch, as they are while a dataset is written."""
        path, facts = piece.path, _facts(report, piece.path)
        facts.annotations_span = longer(facts.annotations_span, piece.data)
        for entries in read(piece.data, PanopticEntry, explain_panoptic, path, "annotations", report.findings):
            for entry in entries:
                png = planes.get(png_path(path, entry.file_name))
                self._judge_segments(path, entry, sizes.get(entry.image_id), png, report)

    def _check_segments(self, piece: Piece, report: CheckReport) -> None:
        """An entry with its PNG file, as :func:`cut_file` joins them."""
        head, _, rest = piece.data.partition(b"\n")
        size, length, has_png = msgspec.json.decode(head, type=tuple[Size | None, int, bool])
        data, png = rest[:length], rest[length:] if has_png else None
        for entries in read(data, PanopticEntry, explain_panoptic, piece.path, "annotations", report.findings):
            for entry in entries:
                self._judge_segments(piece.path, entry, size, png, report)
                if size is None:
                    _facts(report, piece.path).foreign_images.append(entry.image_id)

    def _judge_segments(
        self, path: str, entry: PanopticEntry, size: Size | None, png: bytes | None, report: CheckReport
    ) -> None:
        problems: list[Problem] = []
        judge_segments(entry, size, png, collector(problems))
        tell_all(report.findings, path, f"$.annotations[?(@.image_id=={entry.image_id})]", problems)
        _facts(report, path).take_panoptic(entry)
        if png is not None:
            report.pictures.append(Picture(png_path(path, entry.file_name), source=path))
        if self._counts_all:
            report.objects += len(entry.segments_info)

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
            self._roots[file.path] = next(chain(found, there), file.folders[0])
        return self._roots[file.path]

    # -- the whole -------------------------------------------------------------------------------------

    def conclude(self, reports: Iterable[CheckReport]) -> Iterator[Finding]:
        files: dict[str, Whole] = {}
        for report in reports:
            for path, facts in (report.facts or {}).items():
                files.setdefault(path, Whole()).take(facts)
        for file in self._files():
            told: list[Finding] = []
            self._judge_whole(file, files.setdefault(file.path, Whole()), reporter(told, file.path))
            yield from told
        yield from _empty_roles(self._files(), files)

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
            code = "C_COCO_PANOPTIC" if file.role == "panoptic" else "C_COCO_REF"
            for category in sorted(whole.category_ids - whole.categories.ids):
                report(code, "error", f"category_id {category} is not among the categories")
            _judge_point_counts(whole, whole.categories, report)
        if file.role in _SEGMENTED and whole.segmented and (whole.bare or whole.bare_crowds):
            self._report_mixed(whole, report)

    def _report_mixed(self, whole: Whole, report: Report) -> None:
        # A crowd box has no region by the rule of the format (formats, section 5.1): a warning, not a refusal.
        asked = _option(self.dataset.manifest, "boxes") == "empty"
        report(
            "C_COCO_MIXED",
            "error" if whole.bare and not asked else "warn",
            f"annotations without segmentation: {whole.bare + whole.bare_crowds}, with one: {whole.segmented}; "
            "'segm' evaluation stops at the first, boxes=separate keeps them apart",
        )


def _empty_roles(files: Sequence[RoleFile], wholes: Mapping[str, Whole]) -> Iterator[Finding]:
    """Roles without an annotation in any split, in a dataset that has annotations."""
    roles: dict[str, list[RoleFile]] = {}
    for file in files:
        roles.setdefault(file.role, []).append(file)
    empty = {role: own for role, own in roles.items() if all(wholes[file.path].is_empty for file in own)}
    for role, own in empty.items() if len(empty) < len(roles) else ():
        text = f"no split has any {_CALLED.get(role, 'annotation')}; nothing can be trained or measured on {role}_"
        yield Finding("C_EMPTY", "warn", text, own[0].path, consumer="pycocotools")


def _judge_point_counts(whole: Whole, categories: Categories, report: Report) -> None:
    """Rules 23 and 24: objects of a category have as many points as it names, and evaluation knows sigmas for 17."""
    for category, count in sorted(whole.point_counts):
        if count != categories.points.get(category, count):
            text = f"an object of the category {category} has {count} key points, not {categories.points[category]}"
            report("C_COCO_KPT", "error", text)
    counts = dict(whole.point_counts) | categories.points
    for category, count in sorted(counts.items()):
        if count != _PERSON_POINTS:
            text = f"the category {category} has {count} key points; the default sigmas of OKS are for {_PERSON_POINTS}"
            report("C_COCO_KPT17", "warn", text)


def _facts(report: CheckReport, path: str) -> FileFacts:
    facts: FileFacts = report.facts.setdefault(path, FileFacts())
    return facts


def _option(manifest: dict[str, Any] | None, key: str) -> Any:
    """What the writer of the dataset was asked for, where a manifest tells."""
    writer = (manifest or {}).get("writer")
    options = writer.get("options") if isinstance(writer, dict) else None
    return options.get(key) if isinstance(options, dict) else None
