"""Where pictures, labels and the files that name them stand (formats, section 5.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from exportkit.records import Skeleton
from exportkit.writing import Fragments, OutputFile, Placement, Plan, RecordRun
from exportkit_yolo.data_yaml import PLACEHOLDER_CLASS, data_yaml
from exportkit_yolo.splits import split_folders, yaml_folders

__all__ = ["DarknetLayout", "Layout", "UltralyticsLayout", "is_one_line"]

#: A byte-order mark: at the start of a list of names some readers drop it, others take it for text.
_MARK = "\ufeff"

_DARKNET_FOLDER = "obj_train_data"
_DARKNET_LISTS = {"train": "train.txt", "val": "valid.txt"}


class Layout(Protocol):
    """Places and side files of a dataset that has a label file per picture."""

    def picture(self, placement: Placement) -> str:
        """Path of the picture."""

    def labels(self, placement: Placement) -> str:
        """Path of the label file."""

    def streams(self, placement: Placement) -> Mapping[str, bytes]:
        """What a record adds to lists of pictures."""

    def places(self, run: RecordRun, count: int) -> tuple[list[str], list[str]] | None:
        """Paths of pictures and of label files of the leading records; None where lists name them, too."""

    def files(self) -> Iterable[OutputFile]:
        """The files that name classes and pictures."""

    def folders(self) -> Iterable[str]:
        """Folders that exist even when nothing is in them."""


class UltralyticsLayout:
    """``images/<split>/<name>``, ``labels/<split>/<stem>.txt`` and ``data.yaml``."""

    def __init__(self, plan: Plan, skeleton: Skeleton | None) -> None:
        self._plan = plan
        self._skeleton = skeleton
        self._folders = split_folders(plan)
        self._label_folders = {split: f"labels/{folder}/" for split, folder in self._folders.items()}

    def picture(self, placement: Placement) -> str:
        """Below the split's folder."""
        return f"images/{self._folders[placement.split]}/{placement.name}"

    def labels(self, placement: Placement) -> str:
        """By the loader's rule: ``images`` becomes ``labels``, the extension ``txt``."""
        return f"{self._label_folders[placement.split]}{placement.stem}.txt"

    def streams(self, placement: Placement) -> Mapping[str, bytes]:
        """Nothing: the loader lists folders."""
        del placement
        return {}

    def places(self, run: RecordRun, count: int) -> tuple[list[str], list[str]]:
        """As of one placement after the other."""
        folders, labels, splits = self._folders, self._label_folders, run.splits[:count]
        return (
            [f"images/{folders[split]}/{name}" for split, name in zip(splits, run.names, strict=False)],
            [f"{labels[split]}{stem}.txt" for split, stem in zip(splits, run.stems, strict=False)],
        )

    def files(self) -> Iterable[OutputFile]:
        """``data.yaml``."""
        yield OutputFile("data.yaml", (data_yaml(yaml_folders(self._plan), self._plan.classes, self._skeleton),))

    def folders(self) -> Iterable[str]:
        """Every folder that ``data.yaml`` names, and its labels."""
        for folder in dict.fromkeys(yaml_folders(self._plan).values()):
            yield folder
            yield "labels" + folder.removeprefix("images")


def is_one_line(name: str) -> bool:
    """Whether ``obj.names`` can hold the name: one line, without blanks or a mark before it, and without NUL."""
    return name.strip().splitlines() == [name] and "\0" not in name and not name.startswith(_MARK)


class DarknetLayout:
    """``obj_train_data/`` with pictures beside their labels, ``obj.data``, ``obj.names`` and a list per split."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        names = [split.name for split in plan.splits if split.records]
        # The loader's own two lists stand in every dataset; a split called ``valid`` shares the list of ``val``.
        self._lists = {name: _DARKNET_LISTS.get(name, f"{name}.txt") for name in ("train", "val", *names)}

    def picture(self, placement: Placement) -> str:
        """All splits share a folder."""
        return f"{_DARKNET_FOLDER}/{placement.name}"

    def labels(self, placement: Placement) -> str:
        """Beside the picture."""
        return f"{_DARKNET_FOLDER}/{placement.stem}.txt"

    def streams(self, placement: Placement) -> Mapping[str, bytes]:
        """The picture's line in the list of its split; where pictures are written, none for a record without one."""
        # The loader opens every line. With --media none all of them are planned names.
        if not placement.has_media and self._plan.media_mode != "none":
            return {}
        return {f"{self._lists[placement.split]}#pictures": self.picture(placement).encode() + b"\n"}

    def places(self, run: RecordRun, count: int) -> None:
        """Every picture has a line in a list."""

    def files(self) -> Iterable[OutputFile]:
        """``obj.data``, ``obj.names``, and the lists of pictures, one a line, relative to the root."""
        # A name that no line holds keeps its number for the names behind it; it has no object.
        names = [name if is_one_line(name) else f"class_{index}" for index, name in enumerate(self._plan.classes)]
        classes = names or [PLACEHOLDER_CLASS]
        has_val = any(split.name == "val" and split.records for split in self._plan.splits)
        facts = (
            f"classes = {len(classes)}\ntrain = train.txt\nvalid = {'valid' if has_val else 'train'}.txt\n"
            "names = obj.names\nbackup = backup/\n"
        )
        yield OutputFile("obj.data", (facts.encode(),))
        yield OutputFile("obj.names", ("".join(f"{name}\n" for name in classes).encode(),))
        for path in dict.fromkeys(self._lists.values()):
            if has_val or path != "valid.txt":
                yield OutputFile(path, (Fragments(f"{path}#pictures"),))

    def folders(self) -> Iterable[str]:
        """The one folder of pictures and labels."""
        yield _DARKNET_FOLDER
