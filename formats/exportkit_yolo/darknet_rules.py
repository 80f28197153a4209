"""What the loader of darknet reads: ``obj.data``, ``obj.names`` and lists of pictures (formats, section 5.2)."""

from __future__ import annotations

from collections.abc import Iterator

from exportkit.writing import Dataset, Finding
from exportkit.writing.text import text_findings

__all__ = ["DARKNET_DATA", "DarknetRules"]

DARKNET_DATA = "obj.data"
_LIST_LIMIT = 512 << 20
_CONSUMER = "darknet"


class DarknetRules:
    """One dataset in the layout of darknet."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._facts = self._read_facts()
        self._names_path = self._place(self._facts.get("names", "obj.names"))
        #: Class names in order.
        self.names: tuple[str, ...] = tuple(self._lines(self._names_path))

    def _read_facts(self) -> dict[str, str]:
        text = _text(self._dataset, DARKNET_DATA)
        pairs = (line.partition("=") for line in text.splitlines() if "=" in line and not line.startswith("#"))
        return {key.strip(): value.strip() for key, _, value in pairs}

    def _lines(self, path: str) -> list[str]:
        return [line for line in _text(self._dataset, path).split("\n") if line.strip()]

    def _place(self, path: str) -> str:
        """A path of the data file, relative to the dataset: many are written for a folder called ``data``."""
        shorter = path.removeprefix("data/")
        return path if shorter == path or self._dataset.exists(path) else shorter

    def lists(self) -> Iterator[tuple[str, str]]:
        """Key and path of each list of pictures, each path once."""
        seen: set[str] = set()
        for key in ("train", "valid"):
            path = self._facts.get(key, "")
            if path and path not in seen:
                seen.add(path)
                yield key, self._place(path)

    def pictures(self) -> Iterator[tuple[str, str]]:
        """Each listed picture and its list."""
        for _, path in self.lists():
            yield from ((self._place(line.strip()), path) for line in self._lines(path))

    def findings(self) -> Iterator[Finding]:
        """What is wrong with the data file, the lists and the pairs of picture and label."""
        count = self._facts.get("classes", "")
        if not count.isdecimal() or int(count) != len(self.names) or not self.names:
            message = f"'classes' is {count[:20]!a}, and there are {len(self.names)} names."
            yield Finding("C_YOLO_YAML", "error", message, DARKNET_DATA, consumer=_CONSUMER)
        for read in (DARKNET_DATA, self._names_path, *(listed for _, listed in self.lists())):
            yield from text_findings(_text(self._dataset, read).encode("utf-8", "surrogateescape"), read)
        for key in ("train", "valid"):
            path = self._facts.get(key)
            if (path is None and key == "train") or (path is not None and not self._dataset.exists(self._place(path))):
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
        label = picture.rpartition(".")[0] + ".txt"
        if not self._dataset.exists(label):
            message = f"The picture {picture[:120]!a} has no label file beside it."
            yield Finding("C_YOLO_PAIR", "error", message, source, consumer=_CONSUMER)


def _text(dataset: Dataset, path: str) -> str:
    """A text file, nothing of one that is none; bytes that are no UTF-8 stay as surrogates."""
    try:
        return dataset.read(path, _LIST_LIMIT).decode("utf-8", "surrogateescape")
    except OSError:
        return ""
