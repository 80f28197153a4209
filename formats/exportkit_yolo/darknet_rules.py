"""What the loader of darknet reads: ``obj.data``, ``obj.names`` and lists of pictures (formats, section 5.2)."""

from __future__ import annotations

from collections.abc import Iterator

from exportkit.writing import Dataset, Finding

__all__ = ["DARKNET_DATA", "DarknetRules", "label_beside"]

DARKNET_DATA = "obj.data"
_LIMIT = 16 << 20
_LIST_LIMIT = 512 << 20
_CONSUMER = "darknet"


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
                yield key, path

    def _own_splits(self) -> list[str]:
        """Names of the splits that exportkit says it has written."""
        splits = (self._dataset.manifest or {}).get("splits")
        names = [split.get("name") for split in splits if isinstance(split, dict)] if isinstance(splits, list) else []
        return [name for name in names if isinstance(name, str)]

    def pictures(self) -> Iterator[tuple[str, str]]:
        """Each listed picture and its list."""
        for _, path in self.lists():
            if self._dataset.exists(path):
                yield from ((line.strip(), path) for line in self._lines(path))

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
        # The general rules miss listed pictures that are not there, and know which never were.
        for picture, _ in self.pictures():
            yield from self._pair(picture)

    def _pair(self, picture: str) -> Iterator[Finding]:
        label = label_beside(picture)
        if not self._dataset.exists(label):
            yield Finding("C_YOLO_PAIR", "error", f"The picture has no label file {label[:120]!a}.", picture)
