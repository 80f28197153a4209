"""What the loader of darknet reads: ``obj.data``, ``obj.names`` and lists of pictures (formats, section 5.2)."""

from __future__ import annotations

from collections.abc import Iterator

from exportkit.writing import Dataset, Finding
from exportkit.writing.text import text_findings

__all__ = ["DARKNET_DATA", "DarknetRules", "label_beside"]

DARKNET_DATA = "obj.data"
_LIST_LIMIT = 512 << 20
_CONSUMER = "darknet"
_MOST_DIGITS = 9


#: Where darknet's own documentation puts pictures and labels.
_USUAL_FOLDER = "obj_train_data"


def label_beside(picture: str) -> str:
    """The label file of a listed picture: beside it, with the last extension of its name replaced."""
    folder, slash, name = picture.rpartition("/")
    stem = name.rpartition(".")[0] or name
    return f"{folder}{slash}{stem}.txt"


class DarknetRules:
    """One dataset in the layout of darknet."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._facts = self._read_facts()
        self._names_path = self._place(self._facts.get("names", "obj.names"))
        #: Class names in order.
        self.names: tuple[str, ...] = tuple(self._lines(self._names_path))

    def _read_facts(self) -> dict[str, str]:
        text = self._bytes(DARKNET_DATA).decode("utf-8", "replace")
        pairs = (line.partition("=") for line in text.splitlines() if "=" in line and not line.startswith("#"))
        return {key.strip(): value.strip() for key, _, value in pairs}

    def _lines(self, path: str) -> list[str]:
        return [line for line in self._bytes(path).decode("utf-8", "replace").split("\n") if line.strip()]

    def _bytes(self, path: str) -> bytes:
        """A text file, nothing of one that is none."""
        try:
            return self._dataset.read(path, _LIST_LIMIT)
        except OSError:
            return b""

    def _place(self, path: str) -> str:
        """A path of the data file, relative to the dataset: many are written for a folder called ``data``."""
        shorter = path.removeprefix("data/")
        return path if shorter == path or self._dataset.exists(path) else shorter

    def lists(self) -> Iterator[tuple[str, str]]:
        """Key and path of each list of pictures, each path once: the loader's two, then those of other splits."""
        paths = {key: self._facts.get(key, "") for key in ("train", "valid")}
        for split in ("test", *self._own_splits()):
            if self._dataset.exists(f"{split}.txt"):
                paths.setdefault(split, f"{split}.txt")
        seen: set[str] = set()
        for key, path in paths.items():
            if path and path not in seen:
                seen.add(path)
                yield key, self._place(path)

    def _own_splits(self) -> list[str]:
        """Names of the splits that exportkit says it has written."""
        splits = (self._dataset.manifest or {}).get("splits")
        names = [split.get("name") for split in splits if isinstance(split, dict)] if isinstance(splits, list) else []
        return [name for name in names if isinstance(name, str)]

    def pictures(self) -> Iterator[tuple[str, str]]:
        """Each listed picture and its list."""
        for _, path in self.lists():
            yield from ((self._place(line.strip()), path) for line in self._lines(path))

    def labels(self) -> Iterator[str]:
        """Every label file: those beside listed pictures, and in their folders also those of no listed picture."""
        folders: set[str] = set()
        for picture, _ in self.pictures():
            folder = picture.rpartition("/")[0]
            if folder:
                folders.add(folder)
            elif self._dataset.exists(label := label_beside(picture)):
                yield label
        # Lists without a picture name no folder; labels lie in the usual one all the same.
        folders = folders or {_USUAL_FOLDER}
        # A folder out of the dataset is none; that it is named is found where its pictures are judged.
        for folder in sorted(filter(self._dataset.is_dir, folders)):
            yield from (path for path in self._dataset.listing(folder) if path.endswith(".txt"))

    def findings(self) -> Iterator[Finding]:
        """What is wrong with the data file, the lists and the pairs of picture and label."""
        count = self._facts.get("classes", "")
        if not count.isdecimal() or len(count) > _MOST_DIGITS or int(count) != len(self.names) or not self.names:
            message = f"'classes' is {count[:20]!a}, and there are {len(self.names)} names."
            yield Finding("C_YOLO_YAML", "error", message, DARKNET_DATA, consumer=_CONSUMER)
        for text in (DARKNET_DATA, self._names_path, *(path for _, path in self.lists())):
            yield from text_findings(self._bytes(text), text)
        for key in ("train", "valid"):
            path = self._facts.get(key, "")
            if (path or key == "train") and not self._dataset.exists(self._place(path)):
                message = f"'{key}' names no list that exists."
                yield Finding("C_YOLO_SPLIT", "error", message, DARKNET_DATA, consumer=_CONSUMER)
        # The loader takes the list of training for validation where there is none.
        if self._facts.get("train") == self._facts.get("valid", self._facts.get("train")):
            message = "'valid' is 'train': it measures what was trained on."
            yield Finding("C_YOLO_SPLIT", "warn", message, DARKNET_DATA, consumer=_CONSUMER)
        # The general rules miss listed pictures that are not there, and know which never were.
        for picture, source in self.pictures():
            yield from self._pair(picture, source)

    def _pair(self, picture: str, source: str) -> Iterator[Finding]:
        label = label_beside(picture)
        if not self._dataset.exists(label):
            message = f"The picture {picture[:120]!a} has no label file beside it."
            yield Finding("C_YOLO_PAIR", "error", message, source, consumer=_CONSUMER)
