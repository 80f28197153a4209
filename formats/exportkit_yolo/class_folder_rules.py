"""Rule 37 of ``check``: the folders of a classification dataset (formats, section 7)."""

from __future__ import annotations

from collections.abc import Iterator

from exportkit.writing import Dataset, Finding
from exportkit_yolo.picture_files import content_findings
from exportkit_yolo.picture_list import is_seen

__all__ = ["ClassFolderRules"]

_SPLITS = ("train", "val", "test")
_CONSUMER = "Ultralytics check_cls_dataset, torchvision ImageFolder"


class ClassFolderRules:
    """``<split>/<class>/<picture>`` as its loaders read it."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._without_media = (dataset.manifest or {}).get("media") == "none"

    @classmethod
    def applies(cls, dataset: Dataset) -> bool:
        """Whether the directory has a training folder with nothing but folders in it, or its manifest says so."""
        own = ((dataset.manifest or {}).get("writer") or {}).get("options")
        if isinstance(own, dict) and own.get("task") == "classify":
            return True
        if not dataset.is_dir("train") or any(map(dataset.is_dir, ("images", "train/images", "train/labels"))):
            return False
        first = next(iter(dataset.listing("train")), None)
        return first is not None and first.count("/") == 2 and is_seen(first)

    def pictures(self) -> Iterator[str]:
        """Every picture of every split."""
        for split in self._splits():
            yield from (path for path in self._dataset.listing(split) if is_seen(path))

    def _splits(self) -> list[str]:
        return [split for split in _SPLITS if self._dataset.is_dir(split)]

    def findings(self) -> Iterator[Finding]:
        """What is wrong with splits, class folders and pictures."""
        splits = self._splits()
        if "train" not in splits:
            message = "There is no train folder, so there is nothing to train on; split with --split."
            yield Finding("C_YOLO_CLASSIFY", "error", message, "train", consumer=_CONSUMER)
        if not {"val", "test"} & set(splits):
            message = "There is neither a val nor a test folder, and a trainer needs one; split with --split."
            yield Finding("C_YOLO_CLASSIFY", "error", message, "train", consumer=_CONSUMER)
        classes: dict[str, set[str]] = {split: set(self._dataset.folders(split)) for split in splits}
        known = set().union(*classes.values())
        for split, own in classes.items():
            for name in sorted(known - own):
                message = f"'{split}' has no folder for the class {name!a}, so classes get other numbers there."
                yield Finding("C_YOLO_CLASSIFY", "error", message, f"{split}/{name}", consumer=_CONSUMER)
        if not self._without_media:
            for split in splits:
                yield from self._pictures(split)

    def _pictures(self, split: str) -> Iterator[Finding]:
        for path in self._dataset.listing(split):
            if path.count("/") != 2:
                message = "A picture stands in a class folder directly; loaders see no other."
                yield Finding("C_YOLO_CLASSIFY", "error", message, path, consumer=_CONSUMER)
            elif not is_seen(path):
                yield Finding("C_YOLO_NAME", "error", "The loader does not see this name.", path, consumer=_CONSUMER)
            else:
                yield from content_findings(self._dataset, path)
