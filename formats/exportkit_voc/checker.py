"""The Pascal VOC checker: would torchvision, detectron2 and the devkit take this directory?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

import msgspec

from exportkit.native import core
from exportkit.writing import Checker, CheckReport, Dataset, Finding, Picture, Piece
from exportkit_voc.file_rules import judge_file
from exportkit_voc.set_rules import judge_sets
from exportkit_voc.xml_file import Unreadable, VocFile, read_voc_file

__all__ = ["VocChecker"]

_ANNOTATIONS = "Annotations/"
_MAIN = "ImageSets/Main"
_YEAR = re.compile(r"VOC(\d{4})/?\Z")
_LIST_LIMIT = 512 << 20


class VocFacts(msgspec.Struct):
    """What a batch tells about the whole."""

    #: True where the batch held the lists' lines about its files, so that both were compared already.
    compared: bool = False
    #: Root of the layout → class name → id → whether one of its objects is not difficult.
    flags: dict[str, dict[str, dict[str, bool]]] = {}


class VocChecker(Checker):
    """Rules 38 to 44, 46 and 47 of ``check`` (formats, section 7) for a devkit or a flat layout."""

    name: ClassVar[str] = "voc"

    @classmethod
    def recognises(cls, dataset: Dataset) -> bool:
        return bool(_roots(dataset))

    def pieces(self) -> Iterator[Piece]:
        for root in _roots(self.dataset):
            for path in self.dataset.listing(f"{root}Annotations"):
                if path.endswith(".xml"):
                    yield Piece(path, self.dataset.read(path))

    def check_pieces(self, pieces: Sequence[Piece]) -> CheckReport:
        report = CheckReport([], [])
        files: dict[str, list[str]] = {}
        lists: dict[str, dict[str, bytes]] = {}
        facts = VocFacts(flags={})
        for piece in pieces:
            path = piece.path
            if piece.section:
                root, _, name = path.rpartition(f"{_MAIN}/")
                lists.setdefault(root, {})[name.removesuffix(".txt")] = piece.data
            elif path.endswith(".xml"):
                root, _, name = path.rpartition(_ANNOTATIONS)
                stem = name.removesuffix(".xml")
                files.setdefault(root, []).append(stem)
                _check_file(piece, root, stem, facts.flags.setdefault(root, {}), report)
        if lists:
            for root, own in lists.items():
                found = judge_sets(f"{root}{_MAIN}", own, files.get(root, ()), facts.flags.get(root, {}))
                report.findings.extend(found)
            facts = VocFacts(compared=True)
        report.facts = facts
        return report

    def conclude(self, reports: Iterable[CheckReport]) -> Iterator[Finding]:
        facts = [report.facts for report in reports if report.facts is not None]
        compared = any(one.compared for one in facts)
        for root in _roots(self.dataset):
            words = [path for path in self.dataset.listing(f"{root}{_MAIN}") if path.endswith(".txt")]
            if not words:
                message = "There is no id list, and loaders know pictures from lists only."
                yield Finding("C_VOC_SET", "error", message, f"{root}{_MAIN}", consumer="torchvision, detectron2")
                continue
            if not compared:
                yield from self._compare(root, words, facts)
            yield from self._year_findings(root, words)

    def _compare(self, root: str, paths: list[str], facts: list[VocFacts]) -> Iterator[Finding]:
        """Compare whole lists with what the batches told; for a directory that is checked after the fact."""
        flags: dict[str, dict[str, bool]] = {}
        for one in facts:
            for name, own in one.flags.get(root, {}).items():
                flags.setdefault(name, {}).update(own)
        lists = {_word(path): self.dataset.read(path, _LIST_LIMIT).replace(b"\r\n", b"\n") for path in paths}
        files = self.dataset.listing(f"{root}Annotations")
        ids = [path.rpartition(_ANNOTATIONS)[2].removesuffix(".xml") for path in files if path.endswith(".xml")]
        yield from judge_sets(f"{root}{_MAIN}", lists, ids, flags)
        if self.dataset.manifest is not None:
            return  # the general rules know from the manifest which pictures were never there
        pictures = (path.rpartition("/")[2].rpartition(".")[0] for path in self.dataset.listing(f"{root}JPEGImages"))
        for name in sorted(set(ids).difference(pictures)):
            message = f"The id {ascii(name)[:120]} has no picture."
            yield Finding("C_VOC_SET", "error", message, f"{root}JPEGImages", consumer="torchvision, detectron2")

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


def _roots(dataset: Dataset) -> list[str]:
    """Folders that hold ``Annotations/``, with a trailing slash, or empty for the dataset itself."""
    if dataset.is_dir("Annotations"):
        return [""]
    below = [f"VOCdevkit/{name}/" for name in dataset.folders("VOCdevkit")] if dataset.is_dir("VOCdevkit") else []
    below += [f"{name}/" for name in dataset.folders() if _YEAR.search(name)]
    return [root for root in below if dataset.is_dir(f"{root}Annotations")]


def _word(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".txt")


def _check_file(piece: Piece, root: str, stem: str, flags: dict[str, dict[str, bool]], report: CheckReport) -> None:
    path = piece.path
    usual = core.judge_voc_file(piece.data, stem, flags) if core is not None else None
    if usual is not None:
        width, height, objects = usual
        report.objects += objects
        report.pictures.append(Picture(f"{root}JPEGImages/{stem}.jpg", width, height, path))
        return
    try:
        file = read_voc_file(piece.data)
    except Unreadable as reason:
        report.findings.append(
            Finding(
                "C_VOC_XML", "error", f"The file cannot be taken: {reason}.", path, consumer="supervision (defusedxml)"
            )
        )
        return
    report.findings.extend(judge_file(path, file))
    report.objects += len(file.words)
    if file.filename:
        report.pictures.append(_picture(f"{root}JPEGImages/{file.filename}", file, path))
    for name, _, _, difficult in set(file.words):
        if name:
            own = flags.setdefault(name, {})
            own[stem] = own.get(stem, False) or difficult == "0"


def _picture(path: str, file: VocFile, source: str) -> Picture:
    try:
        return Picture(path, int(file.width or 0), int(file.height or 0), source)
    except ValueError:
        return Picture(path, source=source)
