"""Pictures of a YOLO dataset and the label files that belong to them."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache

from exportkit.writing import Dataset, Finding
from exportkit_yolo.dataset_yaml import DatasetYaml
from exportkit_yolo.picture_list import PictureList, is_hidden, is_seen
from exportkit_yolo.split_sources import SplitSource

__all__ = ["PictureFiles", "content_findings", "label_folder", "label_path"]

_HEAD = 32
_UNKNOWN = "The loader does not know this extension."
_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_MAGIC_JP2 = (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")


@lru_cache(maxsize=64)
def label_folder(folder: str) -> str:
    """The labels' folder by the loader's rule: the last component ``images`` becomes ``labels``."""
    parts = folder.split("/")
    for index in range(len(parts) - 1, -1, -1):
        if parts[index] == "images":
            return "/".join([*parts[:index], "labels", *parts[index + 1 :]])
    return folder


def label_path(picture: str) -> str:
    """The label file of a picture: last ``images`` → ``labels``, last extension → ``.txt``."""
    folder, _, name = picture.rpartition("/")
    stem = name.rsplit(".", 1)[0] + ".txt"
    return f"{label_folder(folder)}/{stem}" if folder else stem


def is_label_file(path: str) -> bool:
    """Whether a file in a folder of labels is one: tools put a list of classes beside them."""
    return path.endswith(".txt") and not path.endswith("/classes.txt")


class PictureFiles:
    """Rules 28 to 31 of ``check`` over the folders and lists that the yaml names."""

    def __init__(self, dataset: Dataset, yaml: DatasetYaml) -> None:
        self._dataset = dataset
        self._yaml = yaml
        #: Hashes of the label paths that pictures lead to; eight bytes a picture.
        self._partners = array("q")
        #: Hashes of the pictures so far, where lists may name one twice.
        self._known: set[int] | None = set() if any(one.path.endswith(".txt") for one in yaml.splits) else None
        #: Pictures of all splits, one in two splits counted twice.
        self._count = 0
        media = (dataset.manifest or {}).get("media")
        self._without_media = (media.get("mode") if isinstance(media, dict) else media) == "none"

    def found(self) -> Iterator[tuple[str, str, str]]:
        """Each picture that the loader finds in folders and lists: its path, the list that names it, its split.

        The list is empty for a folder, and the split where there is only one.
        """
        keys: dict[str, str] = {}
        for source in self._yaml.splits:
            keys.setdefault(source.path, source.key)
        for path, key in keys.items():
            split = key if len(keys) > 1 else ""
            if path.endswith(".txt"):
                yield from ((picture, path, split) for picture in PictureList(self._dataset, path).pictures)
            else:
                yield from ((picture, "", split) for picture in self._dataset.listing(path) if is_seen(picture))

    def labels(self) -> Iterator[str]:
        """Each label file in the folders of labels, and those of listed pictures."""
        sources = {source.path for source in self._yaml.splits}
        folders = {label_folder(path) for path in sources if not path.endswith(".txt")}
        for folder in sorted(folders if sources else {"labels"}):
            yield from filter(is_label_file, self._dataset.listing(folder))
        for source in sorted(path for path in sources if path.endswith(".txt")):
            for path in map(label_path, PictureList(self._dataset, source).pictures):
                if self._dataset.exists(path) and not any(path.startswith(f"{folder}/") for folder in folders):
                    yield path

    def findings(self) -> Iterator[Finding]:
        """Everything that is wrong with the pictures, and with labels that have none."""
        judged: dict[str, str] = {}
        empty: list[SplitSource] = []
        for source in self._yaml.splits:
            if source.path in judged:
                yield self._warn_twice(source, judged[source.path])
                continue
            judged[source.path] = source.key
            before = self._count
            if source.path.endswith(".txt"):
                yield from self._list(source)
            elif self._without_media:
                continue
            elif source.path and not self._dataset.is_dir(source.path):
                message = f"'{source.key}' names a folder that does not exist."
                yield _error("C_YOLO_SPLIT", message, self._yaml.path, source.line)
                continue
            else:
                for path in self._dataset.listing(source.path):
                    yield from self._picture(path)
            if self._count == before and not self._without_media:
                empty.append(source)
        yield from self._empty_splits(empty)
        yield from self._twice(judged)
        yield from self._without_picture(judged)

    def _list(self, source: SplitSource) -> Iterator[Finding]:
        if not self._dataset.exists(source.path):
            message = f"'{source.key}' names a list that does not exist."
            yield _error("C_YOLO_SPLIT", message, self._yaml.path, source.line)
            return
        listed = PictureList(self._dataset, source.path)
        yield from listed.findings
        for path in () if self._without_media else listed.pictures:
            if self._dataset.exists(path):
                yield from self._picture(path)
            else:
                self._is_new(path, label_path(path))  # the general rules name what is missing

    def _warn_twice(self, source: SplitSource, first: str) -> Finding:
        message = f"'{source.key}' is '{first}': it measures what was trained on."
        return Finding("C_YOLO_SPLIT", "warn", message, self._yaml.path, source.line, consumer="Ultralytics")

    def _empty_splits(self, empty: list[SplitSource]) -> Iterator[Finding]:
        # A dataset without any picture is no defect of a split: the general rules say so once (C_EMPTY).
        for source in empty if self._partners else ():
            what = "a list" if source.path.endswith(".txt") else "a folder"
            message = f"'{source.key}' names {what} without a picture."
            yield _error("C_YOLO_SPLIT", message, self._yaml.path, source.line)

    def _picture(self, path: str) -> Iterator[Finding]:
        if not is_seen(path):
            # Whatever else lies in the folder is no picture that the loader passes over.
            if self._dataset.exists(path) and _holds_picture(self._dataset, path):
                why = "The loader's search skips hidden names." if is_hidden(path) else _UNKNOWN
                yield _error("C_YOLO_NAME", why, path)
            return
        label = label_path(path)
        if not self._is_new(path, label):
            return
        if path.count("images") > 1 and path.split("/").count("images") > 1:
            yield _error("C_YOLO_PAIR", "Two folders on the way are called 'images', and readers differ.", path)
        if not self._dataset.exists(label):
            yield _error("C_YOLO_PAIR", f"The picture has no label file {label}.", path)
        yield from content_findings(self._dataset, path)

    def _is_new(self, path: str, label: str) -> bool:
        """Count a picture, and note its label file the first time."""
        self._count += 1
        if self._known is not None:
            if hash(path) in self._known:
                return False
            self._known.add(hash(path))
        self._partners.append(hash(label))
        return True

    def _twice(self, folders: dict[str, str]) -> Iterator[Finding]:
        self._partners = array("q", sorted(self._partners))
        twins = {one for one, other in zip(self._partners, self._partners[1:], strict=False) if one == other}
        for folder in folders if twins else ():
            listed = PictureList(self._dataset, folder).pictures if folder.endswith(".txt") else None
            for path in self._dataset.listing(folder) if listed is None else listed:
                if hash(label_path(path)) in twins:
                    yield _error("C_YOLO_PAIR", "Another picture has the same stem and so the same label file.", path)

    def _without_picture(self, folders: dict[str, str]) -> Iterator[Finding]:
        if self._without_media or not self._partners:
            return
        # Labels beside a list may belong to another list, so nothing is said about them.
        for folder in sorted({label_folder(folder) for folder in folders if not folder.endswith(".txt")}):
            for path in self._dataset.listing(folder) if self._dataset.is_dir(folder) else ():
                if is_label_file(path) and not self._has_picture(path):
                    yield Finding("C_STRAY", "warn", "The label file has no picture.", path)

    def _has_picture(self, path: str) -> bool:
        key = hash(path)
        at = bisect_left(self._partners, key)
        return at < len(self._partners) and self._partners[at] == key


def content_findings(dataset: Dataset, path: str) -> Iterator[Finding]:
    """What the loader dislikes about the content of a picture, told from its first and last bytes."""
    if dataset.is_known_jpeg(path):
        return
    try:
        head, tail = dataset.ends(path, _HEAD, 2)
    except OSError:
        what = (
            "This picture cannot be opened." if dataset.exists(path) else "This is no regular file, nor a link to one."
        )
        yield Finding("C_PATH", "error", what, path)
        return
    if not _is_taken(head):
        yield _error("C_YOLO_FORMAT", "The content is in no format that the loader takes.", path)
    elif head.startswith(b"\xff\xd8") and tail != b"\xff\xd9":
        message = "The JPEG does not end with its end marker, so the loader rewrites it."
        yield Finding("C_YOLO_FORMAT", "warn", message, path, consumer="Ultralytics")


def _holds_picture(dataset: Dataset, path: str) -> bool:
    try:
        return _is_taken(dataset.ends(path, _HEAD, 0)[0])
    except OSError:
        return False


def _is_taken(head: bytes) -> bool:
    if head[4:8] == b"ftyp":
        return any(brand in head[8:] for brand in _BRANDS)
    return head.startswith((*_MAGIC, *_MAGIC_JP2)) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def _error(code: str, message: str, path: str, line: int | None = None) -> Finding:
    return Finding(code, "error", message, path, line, consumer="Ultralytics")
