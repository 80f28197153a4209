"""Files of ``ImageSets``: id lists of the splits, and one list per class and split."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import msgspec

from exportkit.writing import Plan
from exportkit.writing.names import class_word

__all__ = ["IdLists", "ImageSets", "plan_image_sets", "renaming_table"]

#: More classes than this would make thousands of files (formats, section 5.3).
_MOST_CLASSES = 256


class IdLists(msgspec.Struct, frozen=True):
    """Lists of ids: one of each split, and one of train and val together, which is always there."""

    splits: dict[str, str]
    trainval: str

    @property
    def paths(self) -> tuple[str, ...]:
        """All list files."""
        return (*self.splits.values(), self.trainval)

    def of(self, split: str) -> tuple[str, ...]:
        """The list files that a picture of this split stands in."""
        own = self.splits[split]
        return (own, self.trainval) if split in {"train", "val"} else (own,)


class ImageSets(msgspec.Struct, frozen=True):
    """Which list files there are; paths are relative to the dataset."""

    #: All pictures.
    main: IdLists
    #: Those with segmentation planes.
    segmentation: IdLists
    #: Split → a file for each class in index order; empty where class files are omitted.
    class_files: dict[str, tuple[str, ...]]
    #: Why there are no class files, or None.
    omitted: str | None = None
    #: Classes whose file is not called by their name: (class name, name in the file).
    renamed: tuple[tuple[str, str], ...] = ()


def plan_image_sets(plan: Plan, folder: str) -> ImageSets:
    """Decide the list files below ``folder`` (``…/ImageSets``) for every split that holds a record."""
    splits = [split.name for split in plan.splits if split.records] or ["train"]
    main = f"{folder}/Main"
    lists, segmentation = _id_lists(main, splits), _id_lists(f"{folder}/Segmentation", splits)
    names = [class_word(name, index) for index, name in enumerate(plan.classes)]
    files = {split: tuple(f"{main}/{name}_{split}.txt" for name in names) for split in splits}
    paths = [*lists.paths, *(path for own in files.values() for path in own)]
    omitted = None
    if len(names) > _MOST_CLASSES:
        omitted = f"there are {len(names)} classes, more than {_MOST_CLASSES}"
    elif len({_key(path) for path in paths}) < len(paths):
        omitted = "two of them would have the same name"
    if omitted is not None:
        return ImageSets(lists, segmentation, dict.fromkeys(splits, ()), omitted)
    renamed = tuple((name, word) for name, word in zip(plan.classes, names, strict=True) if name != word)
    return ImageSets(lists, segmentation, files, None, renamed)


def _id_lists(folder: str, splits: Sequence[str]) -> IdLists:
    # ``trainval`` is the devkit's own list, so a split of that name steps aside.
    own = {split: f"{folder}/{split}{'_' * (split.lower() == 'trainval')}.txt" for split in splits}
    return IdLists(own, f"{folder}/trainval.txt")


def _key(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def renaming_table(renamed: Sequence[tuple[str, str]]) -> str:
    """``'name' → word`` pairs for a message."""
    return ", ".join(f"{name!a} → {word!a}" for name, word in renamed)
