"""What the loader of darknet reads: ``obj.data``, ``obj.names`` and lists of pictures (formats, section 5.2)."""

from __future__ import annotations

from collections.abc import Iterator

from exportkit.writing import Dataset, Finding

__all__ = ["DARKNET_DATA", "DarknetRules"]

DARKNET_DATA = "obj.data"
_LIMIT = 16 << 20
_LIST_LIMIT = 512 << 20
_CONSUMER = "darknet"


def label_beside(picture: str) -> str:
    """The label file of a picture, in the same folder."""
    return picture.rpartition(".")[0] + ".txt"


class DarknetRules:
    """One dataset in the layout of darknet."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._facts = self._read_facts()
        path = self._facts.get("names", "obj.names")
        #: Class names in order.
        self.names: tuple[str, ...] = tuple(self._lines(path)) if dataset.exists(path) else ()

    def _read_facts(self) -> dict[str, str]:
        text = self._dataset.read(DARKNET_DATA, _LIMIT).decode("utf-8", "replace")
        pairs = (line.partition("=") for line in text.splitlines() if "=" in line and not line.startswith("#"))
        return {key.strip(): value.strip() for key, _, value in pairs}

    def _lines(self, path: str) -> list[str]:
        text = self._dataset.read(path, _LIST_LIMIT).decode("utf-8", "replace")
        return [line for line in text.split("\n") if line.strip()]

    def lists(self) -> Iterator[str]:
        """Path of each list of pictures: the two that ``obj.data`` has a key for, and those of our other splits."""
        splits = (self._dataset.manifest or {}).get("splits")
        entries = [split for split in splits if isinstance(split, dict)] if isinstance(splits, list) else []
        others = [f"{split.get('name')}.txt" for split in entries]
        for path in dict.fromkeys([self._facts.get("train", ""), self._facts.get("valid", ""), *others]):
            if path and self._dataset.exists(path):
                yield path

    def pictures(self) -> Iterator[tuple[str, str]]:
        """Each listed picture and its list."""
        for path in self.lists():
            yield from ((line.strip(), path) for line in self._lines(path))

    def labels(self) -> Iterator[str]:
        """Every label file: those beside listed pictures, and in their folders also those of no listed picture."""
        folders: set[str] = set()
        for picture, _ in self.pictures():
            folder = picture.rpartition("/")[0]
            if folder:
                folders.add(folder)
            elif self._dataset.exists(label := label_beside(picture)):
                yield label
        # A folder out of the dataset is none; that it is named is found where its pictures are judged.
        for folder in sorted(filter(self._dataset.is_dir, folders)):
            yield from (path for path in self._dataset.listing(folder) if path.endswith(".txt"))

    def findings(self) -> Iterator[Finding]:
        """What is wrong with the data file, the lists and the pairs of picture and label."""
        count = self._facts.get("classes", "")
        if not count.isdecimal() or int(count) != len(self.names) or not self.names:
            message = f"'classes' is {count[:20]!a}, and there are {len(self.names)} names."
            yield Finding("C_YOLO_YAML", "error", message, DARKNET_DATA, consumer=_CONSUMER)
        for key in ("train", "valid"):
            path = self._facts.get(key)
            if path is None or not self._dataset.exists(path):
                message = f"'{key}' names no list that exists."
                yield Finding("C_YOLO_SPLIT", "error", message, path or DARKNET_DATA, consumer=_CONSUMER)
        if self._facts.get("train") == self._facts.get("valid"):
            message = "'valid' is 'train': it measures what was trained on."
            yield Finding("C_YOLO_SPLIT", "warn", message, DARKNET_DATA, consumer=_CONSUMER)
        for picture, _ in self.pictures():
            yield from self._pair(picture)

    def _pair(self, picture: str) -> Iterator[Finding]:
        label = label_beside(picture)
        if not self._dataset.exists(label):
            yield Finding("C_YOLO_PAIR", "error", f"The picture has no label file {label[:120]!a}.", picture)
