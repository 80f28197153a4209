"""Pictures of a YOLO dataset and the label files that belong to them."""

from __future__ import annotations

import os
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import PurePosixPath

from exportkit.writing import Dataset, Finding
from exportkit_yolo.dataset_yaml import DatasetYaml

__all__ = ["PictureFiles", "content_findings", "is_seen", "label_folder", "label_path"]

#: Extensions that the loader's glob keeps.
_EXTENSIONS = frozenset(
    {"avif", "bmp", "dng", "heic", "heif", "jp2", "jpeg", "jpeg2000", "jpg", "mpo", "png", "tif", "tiff", "webp"}
)
_HEAD = 32
_LIST_LIMIT = 512 << 20
_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_MAGIC_JP2 = (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")


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


class PictureFiles:
    """Rules 28 to 31 of ``check`` over the folders that the yaml names."""

    def __init__(self, dataset: Dataset, yaml: DatasetYaml) -> None:
        self._dataset = dataset
        self._yaml = yaml
        #: Hashes of the label paths that pictures lead to; eight bytes a picture.
        self._partners = array("q")
        media = (dataset.manifest or {}).get("media")
        self._without_media = (media.get("mode") if isinstance(media, dict) else media) == "none"

    def found(self) -> Iterator[tuple[str, str, str]]:
        """Each picture that the loader finds in folders and lists, once: its path, the list that names it, its split.

        The list is empty for a folder, and the split where there is only one.
        """
        keys: dict[str, str] = {}
        for key, source in self._yaml.splits:
            keys.setdefault(source, key)
        for source, key in keys.items():
            split = key if len(keys) > 1 else ""
            if source.endswith(".txt"):
                yield from ((path, source, split) for path in self._listed(source))
            else:
                yield from ((path, "", split) for path in self._dataset.listing(source) if is_seen(path))

    def _listed(self, source: str) -> Iterator[str]:
        """Pictures of a list file by the loader's rule: ``./`` is the list's own folder."""
        if not self._dataset.exists(source):
            return
        folder = PurePosixPath(source).parent
        root = PurePosixPath(self._dataset.root)
        for line in self._dataset.read(source, _LIST_LIMIT).decode("utf-8", "replace").strip().splitlines():
            path = folder / line if line.startswith("./") else PurePosixPath(line)
            if path.is_absolute() and path.is_relative_to(root):
                path = path.relative_to(root)
            if is_seen(path.as_posix()) and not path.is_absolute() and ".." not in path.parts:
                yield path.as_posix()

    def findings(self) -> Iterator[Finding]:
        """Everything that is wrong with the pictures, and with labels that have none."""
        folders: dict[str, str] = {}
        empty: list[tuple[str, str]] = []
        for key, folder in self._yaml.splits:
            if folder in folders:
                yield self._warn_twice(key, folder, folders[folder])
                continue
            folders[folder] = key
            if folder.endswith(".txt") or self._without_media:
                continue
            if not self._dataset.is_dir(folder):
                yield _error("C_YOLO_SPLIT", f"'{key}' names a folder that does not exist.", folder)
                continue
            before = len(self._partners)
            for path in self._dataset.listing(folder):
                yield from self._picture(path)
            if len(self._partners) == before:
                empty.append((key, folder))
        yield from self._empty_splits(empty)
        yield from self._twice(folders)
        yield from self._without_picture(folders)

    def _warn_twice(self, key: str, folder: str, first: str) -> Finding:
        message = f"'{key}' is '{first}': it measures what was trained on."
        return Finding("C_YOLO_SPLIT", "warn", message, self._yaml.path, consumer="Ultralytics")

    def _empty_splits(self, empty: list[tuple[str, str]]) -> Iterator[Finding]:
        # A dataset without any picture is no defect of a split: the general rules say so once (C_EMPTY).
        for key, folder in empty if self._partners else ():
            yield _error("C_YOLO_SPLIT", f"'{key}' names a folder without a picture.", folder)

    def _picture(self, path: str) -> Iterator[Finding]:
        if _is_hidden(path):
            yield _error("C_YOLO_NAME", "The loader's search skips hidden names.", path)
            return
        if not _has_known_extension(path):
            yield _error("C_YOLO_NAME", "The loader does not know this extension.", path)
            return
        label = label_path(path)
        self._partners.append(hash(label))
        if path.split("/").count("images") > 1:
            yield _error("C_YOLO_PAIR", "Two folders on the way are called 'images', and readers differ.", path)
        if not self._dataset.exists(label):
            yield _error("C_YOLO_PAIR", f"The picture has no label file {label}.", path)
        yield from content_findings(self._dataset, path)

    def _twice(self, folders: dict[str, str]) -> Iterator[Finding]:
        self._partners = array("q", sorted(self._partners))
        twins = {one for one, other in zip(self._partners, self._partners[1:], strict=False) if one == other}
        for folder in folders if twins else ():
            for path in self._dataset.listing(folder):
                if hash(label_path(path)) in twins:
                    yield _error("C_YOLO_PAIR", "Another picture has the same stem and so the same label file.", path)

    def _without_picture(self, folders: dict[str, str]) -> Iterator[Finding]:
        if self._without_media or not self._partners:
            return
        for folder in sorted({label_folder(folder) for folder in folders}):
            for path in self._dataset.listing(folder) if self._dataset.is_dir(folder) else ():
                if path.endswith(".txt") and not self._has_picture(path):
                    yield Finding("C_STRAY", "warn", "The label file has no picture.", path)

    def _has_picture(self, path: str) -> bool:
        key = hash(path)
        at = bisect_left(self._partners, key)
        return at < len(self._partners) and self._partners[at] == key


def content_findings(dataset: Dataset, path: str) -> Iterator[Finding]:
    """What the loader dislikes about the content of a picture, told from its first and last bytes."""
    if not dataset.exists(path):
        yield Finding("C_PATH", "error", "This is no regular file, nor a link to one.", path)
        return
    with os.fdopen(dataset.open_picture(path), "rb") as file:
        head = file.read(_HEAD)
        if not _is_taken(head):
            yield _error("C_YOLO_FORMAT", "The content is in no format that the loader takes.", path)
        elif head.startswith(b"\xff\xd8"):
            file.seek(-2, 2)
            if file.read(2) != b"\xff\xd9":
                message = "The JPEG does not end with its end marker, so the loader rewrites it."
                yield Finding("C_YOLO_FORMAT", "warn", message, path, consumer="Ultralytics")
        elif head.startswith(b"\x89PNG") and min(head[16:20], head[20:24]) < (10).to_bytes(4, "big"):
            yield _error("C_YOLO_FORMAT", "A side is shorter than 10 pixels; the loader drops it.", path)


def is_seen(path: str) -> bool:
    """Whether the loader's search keeps a path."""
    return _has_known_extension(path) and not _is_hidden(path)


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") for part in path.split("/"))


def _has_known_extension(path: str) -> bool:
    name = path.rpartition("/")[2]
    return "." in name and name.rpartition(".")[2].lower() in _EXTENSIONS


def _is_taken(head: bytes) -> bool:
    if head[4:8] == b"ftyp":
        return any(brand in head[8:] for brand in _BRANDS)
    return head.startswith((*_MAGIC, *_MAGIC_JP2)) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def _error(code: str, message: str, path: str) -> Finding:
    return Finding(code, "error", message, path, consumer="Ultralytics")
