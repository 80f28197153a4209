"""The Pascal VOC checker: would torchvision, detectron2 and the devkit take this directory?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

import msgspec

from exportkit.native import core
from exportkit.writing import Checker, CheckReport, Dataset, Finding, Picture, Piece
from exportkit_voc.file_rules import judge_file
from exportkit_voc.label_file import label_names
from exportkit_voc.plane_rules import CLASS_FOLDER, OBJECT_FOLDER, judge_classes, judge_planes
from exportkit_voc.set_rules import judge_segmentation_sets, judge_sets
from exportkit_voc.xml_file import Unreadable, VocFile, read_voc_file

__all__ = ["VocChecker"]

_ANNOTATIONS = "Annotations"
_PLANES = (CLASS_FOLDER, OBJECT_FOLDER)
_MAIN, _SEGMENTATION = "ImageSets/Main", "ImageSets/Segmentation"
_YEAR = re.compile(r"VOC(\d{4})/?\Z")
_LIST_LIMIT = 512 << 20
_LABEL_LIMIT = 1 << 20
_CONSUMERS = {_MAIN: "torchvision, detectron2", _SEGMENTATION: "torchvision VOCSegmentation"}

#: Root of the layout and id of a picture.
_Key = tuple[str, str]


class VocFacts(msgspec.Struct):
    """What a batch tells about the whole."""

    #: True where the batch held the lists' lines about its files, so that both were compared already.
    compared: bool = False
    #: Root of the layout → class name → id → whether one of its objects is not difficult.
    flags: dict[str, dict[str, dict[str, bool]]] = {}
    #: Root of the layout → class name and value in the class plane → a plane that has both.
    values: dict[str, dict[tuple[str, int], str]] = {}


class _Batch:
    """The pieces of a batch by what they are."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.annotations: dict[_Key, Piece] = {}
        #: Folder of planes → their bytes.
        self.planes: dict[_Key, dict[str, bytes]] = {}
        #: Folder of lists, with its root → word of the list → its lines.
        self.lists: dict[str, dict[str, bytes]] = {}
        for piece in pieces:
            folder, _, name = piece.path.rpartition("/")
            stem, _, extension = name.rpartition(".")
            root, kind = folder[: folder.rfind("/") + 1], folder[folder.rfind("/") + 1 :]
            if piece.section:
                self.lists.setdefault(folder, {})[stem] = piece.data
            elif kind == _ANNOTATIONS and extension == "xml":
                self.annotations[root, stem] = piece
            elif kind in _PLANES and extension == "png":
                self.planes.setdefault((root, stem), {})[kind] = piece.data

    def stems(self, root: str, of: Iterable[_Key]) -> list[str]:
        return [stem for own, stem in of if own == root]


class VocChecker(Checker):
    """Rules 38 to 47 of ``check`` (formats, section 7) for a devkit or a flat layout."""

    name: ClassVar[str] = "voc"

    @classmethod
    def recognises(cls, dataset: Dataset) -> bool:
        return bool(_roots(dataset))

    def pieces(self) -> Iterator[Piece]:
        for root in _roots(self.dataset):
            planes = {folder: self._ids(root, folder, ".png") for folder in _PLANES}
            annotations = self._ids(root, _ANNOTATIONS, ".xml")
            # Planes stand before the annotation file that they are compared with, in the same batch nearly always.
            for stem in (*annotations, *sorted(set().union(*planes.values()).difference(annotations))):
                for folder in _PLANES:
                    if stem in planes[folder]:
                        yield self._piece(f"{root}{folder}/{stem}.png")
                if stem in annotations:
                    yield self._piece(f"{root}{_ANNOTATIONS}/{stem}.xml")

    def _ids(self, root: str, folder: str, extension: str) -> dict[str, None]:
        """Ids of the files right in a folder, in order."""
        start = len(root) + len(folder) + 1
        paths = self.dataset.listing(f"{root}{folder}")
        return dict.fromkeys(path[start : -len(extension)] for path in paths if path.endswith(extension))

    def _piece(self, path: str) -> Piece:
        return Piece(path, self._read(path))

    def _read(self, path: str) -> bytes:
        """A file; nothing of one that cannot be read, which no rule takes for a whole one."""
        try:
            return self.dataset.read(path)
        except OSError:
            return b""

    def pictures(self) -> Iterator[Picture]:
        for root in _roots(self.dataset):
            for stem in self._ids(root, CLASS_FOLDER, ".png"):
                for folder in _PLANES:
                    if self.dataset.exists(f"{root}{folder}/{stem}.png"):
                        yield Picture(f"{root}{folder}/{stem}.png")

    # -- a batch ---------------------------------------------------------------------------------------

    def check_pieces(self, pieces: Sequence[Piece]) -> CheckReport:
        report = CheckReport([], [])
        batch = _Batch(pieces)
        facts = VocFacts(flags={}, values={})
        files: dict[_Key, VocFile] = {}
        for key, piece in batch.annotations.items():
            file = _check_file(piece, *key, facts.flags.setdefault(key[0], {}), report, plain=key not in batch.planes)
            if file is not None:
                files[key] = file
        for key, planes in batch.planes.items():
            self._check_planes(key, planes, files.get(key), facts, report)
        for folder, own in batch.lists.items():
            root = folder[: folder.rfind("ImageSets")]
            if folder.endswith(_SEGMENTATION):
                found = judge_segmentation_sets(folder, own, batch.stems(root, batch.planes))
            else:
                found = judge_sets(folder, own, batch.stems(root, batch.annotations), facts.flags.get(root, {}))
            report.findings.extend(found)
        report.facts = VocFacts(True, {}, facts.values) if batch.lists else facts
        return report

    def _check_planes(
        self, key: _Key, planes: dict[str, bytes], file: VocFile | None, facts: VocFacts, report: CheckReport
    ) -> None:
        """Judge the planes of a picture, where its class plane is in the batch or missing altogether."""
        root, stem = key
        paths = {folder: f"{root}{folder}/{stem}.png" for folder in _PLANES}
        for folder, path in paths.items():
            if folder not in planes and self.dataset.exists(path):
                if folder == CLASS_FOLDER:
                    return
                planes[folder] = self._read(path)
        missing = [folder for folder in _PLANES if folder not in planes and self.dataset.is_dir(f"{root}{folder}")]
        if missing or CLASS_FOLDER not in planes:
            message = f"The plane has no partner in {missing[0] if missing else CLASS_FOLDER}."
            report.findings.append(_plane_error(message, paths[next(iter(planes))]))
        if CLASS_FOLDER in planes:
            file = file or self._file_of(f"{root}{_ANNOTATIONS}/{stem}.xml")
            verdict = judge_planes({paths[folder]: planes[folder] for folder in _PLANES if folder in planes}, file)
            report.findings.extend(verdict.findings)
            values = facts.values.setdefault(root, {})
            for pair in verdict.classes:
                values.setdefault(pair, paths[CLASS_FOLDER])

    def _file_of(self, path: str) -> VocFile | None:
        try:
            return read_voc_file(self._read(path))
        except Unreadable:
            return None

    # -- the whole -------------------------------------------------------------------------------------

    def conclude(self, reports: Iterable[CheckReport]) -> Iterator[Finding]:
        facts = [report.facts for report in reports if report.facts is not None]
        compared = any(one.compared for one in facts)
        for root in _roots(self.dataset):
            has_planes = self.dataset.is_dir(f"{root}{CLASS_FOLDER}")
            for kind in (_MAIN, *((_SEGMENTATION,) if has_planes or self._lists(root, _SEGMENTATION) else ())):
                paths = self._lists(root, kind)
                if not paths:
                    message = "There is no id list, and loaders know pictures from lists only."
                    yield Finding("C_VOC_SET", "error", message, f"{root}{kind}", consumer=_CONSUMERS[kind])
                    continue
                if not compared:
                    yield from self._compare(root, kind, paths, facts)
                yield from self._year_findings(root, paths)
            yield from self._class_findings(root, facts)

    def _lists(self, root: str, kind: str) -> list[str]:
        return [path for path in self.dataset.listing(f"{root}{kind}") if path.endswith(".txt")]

    def _compare(self, root: str, kind: str, paths: list[str], facts: list[VocFacts]) -> Iterator[Finding]:
        """Compare whole lists with what the batches told; for a directory that is checked after the fact."""
        lists = {_word(path): self.dataset.read(path, _LIST_LIMIT).replace(b"\r\n", b"\n") for path in paths}
        if kind == _SEGMENTATION:
            ids = [*self._ids(root, CLASS_FOLDER, ".png")]
            yield from judge_segmentation_sets(f"{root}{kind}", lists, ids)
        else:
            ids = [*self._ids(root, _ANNOTATIONS, ".xml")]
            yield from judge_sets(f"{root}{kind}", lists, ids, _merged_flags(root, facts))
        if self.dataset.manifest is not None:
            return  # the general rules know from the manifest which pictures were never there
        pictures = (path.rpartition("/")[2].rpartition(".")[0] for path in self.dataset.listing(f"{root}JPEGImages"))
        for name in sorted(set(ids).difference(pictures)):
            message = f"The id {ascii(name)[:120]} has no picture."
            yield Finding("C_VOC_SET", "error", message, f"{root}JPEGImages", consumer=_CONSUMERS[kind])

    def _year_findings(self, root: str, paths: list[str]) -> Iterator[Finding]:
        year = _YEAR.search(root)
        if year is None:
            return
        offered = {"train", "val", "trainval", *(["test"] if year.group(1) == "2007" else [])}
        for path in paths:
            first = next(iter(self.dataset.stream(path, 4096)), b"").split(b"\n", 1)[0]
            if _word(path) not in offered and len(first.split()) < 2:
                message = f"torchvision offers no set '{_word(path)}' for {year.group(1)}."
                yield Finding("C_VOC_YEAR", "warn", message, path, consumer="torchvision")

    def _class_findings(self, root: str, facts: list[VocFacts]) -> Iterator[Finding]:
        path = next((path for path in (f"{root}labelmap.txt", "labelmap.txt") if self.dataset.exists(path)), None)
        if path is None:
            return
        seen: dict[tuple[str, int], str] = {}
        for one in facts:
            seen = {**one.values.get(root, {}), **seen}
        yield from judge_classes(label_names(self.dataset.read(path, _LABEL_LIMIT)), seen, path)


def _merged_flags(root: str, facts: Iterable[VocFacts]) -> Mapping[str, dict[str, bool]]:
    flags: dict[str, dict[str, bool]] = {}
    for one in facts:
        for name, own in one.flags.get(root, {}).items():
            flags.setdefault(name, {}).update(own)
    return flags


def _roots(dataset: Dataset) -> list[str]:
    """Folders that hold ``Annotations/``, with a trailing slash, or empty for the dataset itself."""
    if dataset.is_dir(_ANNOTATIONS):
        return [""]
    below = [f"VOCdevkit/{name}/" for name in dataset.folders("VOCdevkit")] if dataset.is_dir("VOCdevkit") else []
    below += [f"{name}/" for name in dataset.folders() if _YEAR.search(name)]
    return [root for root in below if dataset.is_dir(f"{root}{_ANNOTATIONS}")]


def _word(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".txt")


def _check_file(
    piece: Piece, root: str, stem: str, flags: dict[str, dict[str, bool]], report: CheckReport, *, plain: bool
) -> VocFile | None:
    """Judge an annotation file; returned is what it says, unless it was ``plain`` and could be judged quickly."""
    path = piece.path
    usual = core.judge_voc_file(piece.data, stem, flags) if core is not None and plain else None
    if usual is not None:
        width, height, objects = usual
        report.objects += objects
        report.pictures.append(Picture(f"{root}JPEGImages/{stem}.jpg", width, height, path))
        return None
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
