"""The YOLO checker: would Ultralytics take this directory without dropping a picture or a row?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import ClassVar

import msgspec

from exportkit.writing import Checker, CheckReport, Dataset, Finding, Picture, PictureLimits, Piece
from exportkit_yolo.class_folder_rules import ClassFolderRules
from exportkit_yolo.darknet_rules import DARKNET_DATA, DarknetRules
from exportkit_yolo.dataset_yaml import DatasetYaml, looks_like_dataset_yaml, read_dataset_yaml, yaml_path
from exportkit_yolo.label_file import has_key_point, judge_labels
from exportkit_yolo.picture_files import PictureFiles, label_folder

__all__ = ["YoloChecker"]

_CONSUMER = "Ultralytics verify_image_label"
#: What its check of pictures demands; above twice its limit Pillow refuses to open one.
_LIMITS = PictureLimits("C_YOLO_FORMAT", "Ultralytics", 10)


class LabelFacts(msgspec.Struct):
    """What a batch of label files tells about the dataset."""

    #: Form of rows → (files that have it, the first of them, line).
    forms: dict[str, tuple[int, str, int]] = {}
    #: Highest class number, and where it stands.
    top: tuple[int, str, int] = (-1, "", 0)
    #: Folder of label files → rows in them.
    rows: dict[str, int] = {}
    #: Whether a row has a key point that is labelled.
    pointed: bool = False


class YoloChecker(Checker):
    """Rules 26 to 37 of ``check`` (formats, section 7), for any directory in the layout of Ultralytics or darknet."""

    name: ClassVar[str] = "yolo"
    single_files: ClassVar[bool] = True

    def __init__(self, dataset: Dataset) -> None:
        super().__init__(dataset)
        self._unreadable: dict[str, str] = {}

    @classmethod
    def recognises(cls, dataset: Dataset) -> bool:
        return (
            yaml_path(dataset) is not None
            or (dataset.is_dir("images") and dataset.is_dir("labels"))
            or dataset.exists(DARKNET_DATA)
            or ClassFolderRules.applies(dataset)
        )

    @classmethod
    def recognises_file(cls, dataset: Dataset, path: str) -> bool:
        return path == DARKNET_DATA or (path.endswith((".yaml", ".yml")) and looks_like_dataset_yaml(dataset, path))

    @cached_property
    def _yaml(self) -> DatasetYaml:
        return read_dataset_yaml(self.dataset, self.file)

    @cached_property
    def _kpt_shape(self) -> tuple[int, int] | None:
        path = self.file or yaml_path(self.dataset)
        # Reading a yaml takes longer than judging a hundred label files, and most datasets have no key points.
        return self._yaml.kpt_shape if path is not None and b"kpt_shape" in self._read(path) else None

    @cached_property
    def _darknet(self) -> DarknetRules | None:
        wanted = self.file == DARKNET_DATA if self.file else self.dataset.exists(DARKNET_DATA)
        return DarknetRules(self.dataset) if wanted else None

    @cached_property
    def _class_folders(self) -> ClassFolderRules | None:
        if self.file or yaml_path(self.dataset) is not None or not ClassFolderRules.applies(self.dataset):
            return None
        return ClassFolderRules(self.dataset)

    def pieces(self) -> Iterator[Piece]:
        if self._class_folders is not None:
            yield from (Piece(path, b"") for path in self._class_folders.pictures())
        for path in self._label_paths():
            yield Piece(path, self._read(path))

    def _read(self, path: str) -> bytes:
        """A file; nothing of one that cannot be read, which :meth:`conclude` names."""
        try:
            return self.dataset.read(path)
        except OSError as error:
            self._unreadable[path] = str(error)
            return b""

    def _label_paths(self) -> Iterator[str]:
        if self._class_folders is not None:
            return
        if self._darknet is not None:
            yield from self._darknet.labels()
            return
        yield from PictureFiles(self.dataset, self._yaml).labels()

    def pictures(self) -> Iterator[Picture]:
        """Every picture that the loader finds; label files themselves name none."""
        if self._class_folders is not None:
            for path in self._class_folders.pictures():
                yield Picture(path, split=path.partition("/")[0], limits=_LIMITS)
            return
        if self._darknet is not None:
            yield from (Picture(path, source=source, split=source) for path, source in self._darknet.pictures())
            return
        for path, source, split in PictureFiles(self.dataset, self._yaml).found():
            yield Picture(path, source=source, split=split, limits=_LIMITS)

    def check_pieces(self, pieces: Sequence[Piece]) -> CheckReport:
        if self._class_folders is not None:
            return CheckReport([], objects=len(pieces))
        shape = self._kpt_shape
        facts = LabelFacts()
        findings: list[Finding] = []
        objects = 0
        for piece in pieces:
            path = piece.path
            if piece.section or not path.endswith(".txt"):
                continue
            labels = judge_labels(piece.data, shape)
            objects += labels.rows
            if labels.rows:
                folder = path[: path.rfind("/") + 1]
                facts.rows[folder] = facts.rows.get(folder, 0) + labels.rows
                facts.pointed = facts.pointed or (shape is not None and has_key_point(piece.data, shape))
            if labels.top_class > facts.top[0]:
                facts.top = (labels.top_class, path, labels.top_line)
            for form, line in labels.forms:
                files, first, first_line = facts.forms.get(form, (0, path, line))
                facts.forms[form] = (files + 1, first, first_line)
            findings.extend(
                Finding(fault.code, fault.severity, fault.message, path, fault.line, consumer=_CONSUMER)
                for fault in labels.faults
            )
        return CheckReport(findings, facts=facts, objects=objects)

    def conclude(self, reports: Iterable[CheckReport]) -> Iterator[Finding]:
        facts = LabelFacts()
        for report in reports:
            _merge(facts, report.facts)
        if self._class_folders is not None:
            yield from self._class_folders.findings()
            return
        for path, why in self._unreadable.items():
            yield Finding("C_PATH", "error", f"The label file {why}.", path, consumer=_CONSUMER)
        yield from _form_findings(facts)
        if self._darknet is not None:
            yield from self._darknet.findings()
            yield from _class_findings(facts, self._darknet.names)
            return
        yaml = read_dataset_yaml(self.dataset, self.file)
        yield from yaml.findings
        yield from _class_findings(facts, yaml.names)
        if self.dataset.is_dir("masks"):
            message = "A folder 'masks' beside the yaml makes the loader look for masks instead of labels."
            yield Finding("C_YOLO_MASKS", "error", message, "masks", consumer="Ultralytics")
        yield from _empty_splits(facts, yaml)
        if yaml.kpt_shape is not None and facts.rows and not facts.pointed:
            message = "No row has a labelled key point, so there is nothing to learn a pose from."
            yield Finding("C_EMPTY", "warn", message, yaml.path, consumer="Ultralytics")
        yield from PictureFiles(self.dataset, yaml).findings()


def _merge(facts: LabelFacts, others: LabelFacts | None) -> None:
    if others is None:
        return
    facts.top = max(facts.top, others.top, key=lambda top: top[0])
    facts.pointed = facts.pointed or others.pointed
    for folder, rows in others.rows.items():
        facts.rows[folder] = facts.rows.get(folder, 0) + rows
    for form, (files, path, line) in others.forms.items():
        known, first, first_line = facts.forms.get(form, (0, path, line))
        facts.forms[form] = (known + files, first, first_line)


def _class_findings(facts: LabelFacts, names: Sequence[str]) -> Iterator[Finding]:
    number, path, line = facts.top
    if names and number >= len(names):
        message = f"Class {number} is not among the {len(names)} names; it is the highest one in the dataset."
        yield Finding("C_YOLO_ROW", "error", message, path, line, consumer=_CONSUMER)


def _empty_splits(facts: LabelFacts, yaml: DatasetYaml) -> Iterator[Finding]:
    """Splits without a row, in a dataset that has some."""
    for source in yaml.splits if facts.rows else ():
        folder = f"{label_folder(source.path)}/"
        if not source.path.endswith(".txt") and not any(place.startswith(folder) for place in facts.rows):
            message = f"'{source.key}' has no annotation, and the loader warns of missing labels."
            yield Finding("C_EMPTY", "warn", message, yaml.path, source.line, consumer="Ultralytics")


def _form_findings(facts: LabelFacts) -> Iterator[Finding]:
    if len(facts.forms) < 2:
        return
    common = max(facts.forms, key=lambda form: facts.forms[form][0])
    for form, (files, path, line) in facts.forms.items():
        if form != common:
            message = (
                f"Rows '{form}' stand in {files} files, while the dataset has rows '{common}'; one form is allowed."
            )
            yield Finding("C_YOLO_ROW", "error", message, path, line, consumer=_CONSUMER)
