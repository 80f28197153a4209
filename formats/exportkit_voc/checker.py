"""The Pascal VOC checker: would torchvision, detectron2 and the devkit take this directory?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

import msgspec

from exportkit.native import core
from exportkit.writing import Checker, CheckReport, Dataset, Finding, Picture, Piece
from exportkit.writing.text import text_findings
from exportkit_voc.file_rules import judge_file
from exportkit_voc.label_file import label_names
from exportkit_voc.layout import (
    ANNOTATIONS,
    CLASSES,
    MAIN,
    PLANES,
    SEGMENTATION,
    Batch,
    Key,
    is_annotation_file,
    list_files,
    picture_ids,
    roots,
    year_of,
)
from exportkit_voc.plane_rules import judge_classes, judge_planes
from exportkit_voc.set_rules import is_class_list, judge_segmentation_sets, judge_sets
from exportkit_voc.xml_file import Unreadable, VocFile, read_voc_file

__all__ = ["VocChecker"]

_FILE_LIMIT = 64 << 20
_LIST_LIMIT = 512 << 20
_CONSUMERS = {MAIN: "torchvision, detectron2", SEGMENTATION: "torchvision VOCSegmentation"}


class VocFacts(msgspec.Struct):
    """What a batch tells about the whole."""

    #: True where the batch held the lists' lines about its files, so that both were compared already.
    compared: bool = False
    #: Root of the layout → class name → id → whether one of its objects is not difficult.
    flags: dict[str, dict[str, dict[str, bool]]] = {}
    #: Root of the layout → class name and value in the class plane → a plane that has both.
    values: dict[str, dict[tuple[str, int], str]] = {}


class VocChecker(Checker):
    """Rules 38 to 47 of ``check`` (formats, section 7) for a devkit or a flat layout."""

    name: ClassVar[str] = "voc"
    single_files: ClassVar[bool] = True

    @classmethod
    def recognises(cls, dataset: Dataset) -> bool:
        return bool(roots(dataset))

    @classmethod
    def recognises_file(cls, dataset: Dataset, path: str) -> bool:
        return path.lower().endswith(".xml") and is_annotation_file(dataset, path)

    def pieces(self) -> Iterator[Piece]:
        if self.file:
            yield self._piece(self.file)
            return
        for root in roots(self.dataset):
            planes = {folder: picture_ids(self.dataset, root, folder, ".png") for folder in PLANES}
            annotations = picture_ids(self.dataset, root, ANNOTATIONS, ".xml")
            # Planes stand before the annotation file that they are compared with, in the same batch nearly always.
            for stem in (*annotations, *sorted(set().union(*planes.values()).difference(annotations))):
                for folder in PLANES:
                    if stem in planes[folder]:
                        yield self._piece(f"{root}{folder}/{stem}.png")
                if stem in annotations:
                    yield self._piece(f"{root}{ANNOTATIONS}/{stem}.xml")

    def _piece(self, path: str) -> Piece:
        return Piece(path, self._read(path))

    def _read(self, path: str, limit: int = _FILE_LIMIT) -> bytes:
        """A file; nothing of one that cannot be read, which no rule takes for a whole one."""
        try:
            return self.dataset.read(path, limit)
        except OSError:
            return b""

    def _start_of(self, path: str) -> bytes:
        try:
            return next(iter(self.dataset.stream(path, 4096)), b"")
        except OSError:
            return b""

    def pictures(self) -> Iterator[Picture]:
        for root in roots(self.dataset):
            for stem in picture_ids(self.dataset, root, CLASSES, ".png"):
                for folder in PLANES:
                    if self.dataset.exists(f"{root}{folder}/{stem}.png"):
                        yield Picture(f"{root}{folder}/{stem}.png")

    # -- a batch ---------------------------------------------------------------------------------------

    def check_pieces(self, pieces: Sequence[Piece]) -> CheckReport:
        report = CheckReport([], [])
        if self.file:
            for piece in pieces:
                _check_file(piece, "", piece.path.rpartition("/")[2].rpartition(".")[0], {}, report)
            if not self.dataset.is_dir("JPEGImages"):
                report.pictures = []  # which folder they lie in, a single file does not tell
            return report
        batch = Batch(pieces)
        facts = VocFacts(flags={}, values={})
        files: dict[Key, VocFile] = {}
        for root, own in batch.annotations.items():
            flags = facts.flags.setdefault(root, {})
            plain = [stem for stem in own if (root, stem) not in batch.planes] if batch.planes else [*own]
            usual = _judge_usual(plain, own, flags, report)
            for stem, piece in own.items():
                size = usual.get(stem)
                if size is None:
                    file = _check_file(piece, root, stem, flags, report)
                    if file is not None:
                        files[root, stem] = file
                elif self.names_pictures:
                    report.pictures.append(Picture(f"{root}JPEGImages/{stem}.jpg", *size, piece.path))
        for key, planes in batch.planes.items():
            self._check_planes(key, planes, files.get(key), facts, report)
        for folder, lists in batch.lists.items():
            root = folder[: folder.rfind("ImageSets")]
            if folder.endswith(SEGMENTATION):
                found = judge_segmentation_sets(folder, lists, [stem for place, stem in batch.planes if place == root])
            else:
                found = judge_sets(folder, lists, [*batch.annotations.get(root, ())], facts.flags.get(root, {}))
            report.findings.extend(found)
        report.facts = VocFacts(True, {}, facts.values) if batch.lists else facts
        return report

    def _check_planes(
        self, key: Key, planes: dict[str, bytes], file: VocFile | None, facts: VocFacts, report: CheckReport
    ) -> None:
        """Judge the planes of a picture, where its class plane is in the batch or missing altogether."""
        root, stem = key
        paths = {folder: f"{root}{folder}/{stem}.png" for folder in PLANES}
        for folder, path in paths.items():
            if folder not in planes and self.dataset.exists(path):
                if folder == CLASSES:
                    return
                planes[folder] = self._read(path)
        missing = [folder for folder in PLANES if folder not in planes and self.dataset.is_dir(f"{root}{folder}")]
        if missing or CLASSES not in planes:
            message = f"The plane has no partner in {missing[0] if missing else CLASSES}."
            report.findings.append(_plane_error(message, paths[next(iter(planes))]))
        if CLASSES in planes:
            file = file or self._file_of(f"{root}{ANNOTATIONS}/{stem}.xml")
            verdict = judge_planes({paths[folder]: planes[folder] for folder in PLANES if folder in planes}, file)
            report.findings.extend(verdict.findings)
            values = facts.values.setdefault(root, {})
            for pair in verdict.classes:
                values.setdefault(pair, paths[CLASSES])

    def _file_of(self, path: str) -> VocFile | None:
        try:
            return read_voc_file(self._read(path))
        except Unreadable:
            return None

    # -- the whole -------------------------------------------------------------------------------------

    def conclude(self, reports: Iterable[CheckReport]) -> Iterator[Finding]:
        if self.file:
            return
        facts = [report.facts for report in reports if report.facts is not None]
        compared = any(one.compared for one in facts)
        for root in roots(self.dataset):
            has_planes = self.dataset.is_dir(f"{root}{CLASSES}")
            for kind in (
                MAIN,
                *((SEGMENTATION,) if has_planes or list_files(self.dataset, root, SEGMENTATION) else ()),
            ):
                paths = list_files(self.dataset, root, kind)
                if not paths and self._needs_no_lists(root):
                    continue
                if not paths:
                    message = "There is no id list, and loaders know pictures from lists only."
                    yield Finding("C_VOC_SET", "error", message, f"{root}{kind}", consumer=_CONSUMERS[kind])
                    continue
                if not compared:
                    yield from self._compare(root, kind, paths, facts)
                yield from self._year_findings(root, paths)
            yield from self._class_findings(root, facts)

    def _needs_no_lists(self, root: str) -> bool:
        """Whether somebody's flat folder has no ``ImageSets``: no loader that wants lists reads it, all others do."""
        return not root and self.dataset.manifest is None and not self.dataset.is_dir("ImageSets")

    def _compare(self, root: str, kind: str, paths: list[str], facts: list[VocFacts]) -> Iterator[Finding]:
        """Compare whole lists with what the batches told; for a directory that is checked after the fact."""
        data = {path: self._read(path, _LIST_LIMIT) for path in paths}
        for path in paths:
            yield from text_findings(data[path], path)
        lists = {_word(path): data[path].replace(b"\r\n", b"\n") for path in paths}
        folder, extension = (CLASSES, ".png") if kind == SEGMENTATION else (ANNOTATIONS, ".xml")
        known = [*picture_ids(self.dataset, root, folder, extension)]
        if kind == SEGMENTATION:
            yield from judge_segmentation_sets(f"{root}{kind}", lists, known)
        else:
            yield from judge_sets(f"{root}{kind}", lists, known, _merged_flags(root, facts))
        if self.dataset.manifest is not None:
            return  # the general rules know from the manifest which pictures were never there
        pictures = (path.rpartition("/")[2].rpartition(".")[0] for path in self.dataset.listing(f"{root}JPEGImages"))
        for name in sorted(set(known).difference(pictures)):
            message = f"The id {ascii(name)[:120]} has no picture."
            yield Finding("C_VOC_SET", "error", message, f"{root}JPEGImages", consumer=_CONSUMERS[kind])

    def _year_findings(self, root: str, paths: list[str]) -> Iterator[Finding]:
        year = year_of(root)
        if year is None:
            return
        offered = {"train", "val", "trainval", *(["test"] if year == "2007" else [])}
        for path in paths:
            if _word(path) not in offered and not is_class_list(self._start_of(path)):
                message = f"torchvision offers no set '{_word(path)}' for {year}."
                yield Finding("C_VOC_YEAR", "warn", message, path, consumer="torchvision")

    def _class_findings(self, root: str, facts: list[VocFacts]) -> Iterator[Finding]:
        path = next((path for path in (f"{root}labelmap.txt", "labelmap.txt") if self.dataset.exists(path)), None)
        if path is None:
            return
        seen: dict[tuple[str, int], str] = {}
        for one in facts:
            seen = {**one.values.get(root, {}), **seen}
        data = self._read(path)
        yield from text_findings(data, path)
        yield from judge_classes(label_names(data), seen, path)


def _merged_flags(root: str, facts: Iterable[VocFacts]) -> Mapping[str, dict[str, bool]]:
    flags: dict[str, dict[str, bool]] = {}
    for one in facts:
        for name, own in one.flags.get(root, {}).items():
            flags.setdefault(name, {}).update(own)
    return flags


def _word(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".txt")


def _judge_usual(
    stems: list[str], pieces: Mapping[str, Piece], flags: dict[str, dict[str, bool]], report: CheckReport
) -> dict[str, tuple[int, int] | None]:
    """Width and height of the pictures of files that have the usual form and no fault; None for any other."""
    if core is None:
        return {}
    objects, sizes = core.judge_voc_files(stems, [pieces[stem].data for stem in stems], flags)
    report.objects += objects
    return dict(zip(stems, sizes, strict=True))


def _check_file(
    piece: Piece, root: str, stem: str, flags: dict[str, dict[str, bool]], report: CheckReport
) -> VocFile | None:
    """Judge an annotation file and return what it says."""
    path = piece.path
    try:
        file = read_voc_file(piece.data)
    except Unreadable as reason:
        message = f"The file cannot be taken: {reason}."
        report.findings.append(Finding("C_VOC_XML", "error", message, path, consumer="supervision (defusedxml)"))
        return None
    report.findings.extend(judge_file(path, file))
    report.objects += len(file.words)
    if file.filename:
        report.pictures.append(_picture(f"{root}JPEGImages/{file.filename}", file, path))
    for name, _, _, difficult in set(file.words):
        if name:
            own = flags.setdefault(name, {})
            own[stem] = own.get(stem, False) or difficult == "0"
    return file


def _picture(path: str, file: VocFile, source: str) -> Picture:
    try:
        return Picture(path, int(file.width or 0), int(file.height or 0), source)
    except ValueError:
        return Picture(path, source=source)


def _plane_error(message: str, path: str) -> Finding:
    return Finding("C_VOC_PLANE", "error", message, path, consumer="torchvision VOCSegmentation")
