"""Where the files of a Pascal VOC dataset lie, as a stranger finds them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from exportkit.writing import Dataset, Piece

__all__ = [
    "ANNOTATIONS",
    "CLASSES",
    "MAIN",
    "PLANES",
    "SEGMENTATION",
    "Batch",
    "Key",
    "is_annotation_file",
    "list_files",
    "picture_ids",
    "roots",
    "year_of",
]

ANNOTATIONS = "Annotations"
#: Folders of the class planes and the object planes.
CLASSES, _OBJECTS = "SegmentationClass", "SegmentationObject"
PLANES = (CLASSES, _OBJECTS)
#: Folders of the lists of all pictures, and of those with planes.
MAIN, SEGMENTATION = "ImageSets/Main", "ImageSets/Segmentation"
_YEAR = re.compile(r"VOC(\d{4})/?\Z")

#: What may stand before the first element.
_FIRST_ELEMENT = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?.*?\?>\s*|<!.*?>\s*)*<annotation[\s>]", re.DOTALL)

#: Root of the layout, with a trailing slash or empty, and id of a picture.
Key = tuple[str, str]


def roots(dataset: Dataset) -> list[str]:
    """Folders that hold ``Annotations/``, with a trailing slash, or empty for the dataset itself."""
    if dataset.is_dir(ANNOTATIONS):
        return [""]
    below = [f"VOCdevkit/{name}/" for name in dataset.folders("VOCdevkit")] if dataset.is_dir("VOCdevkit") else []
    below += [f"{name}/" for name in dataset.folders() if _YEAR.search(name)]
    return [root for root in below if dataset.is_dir(f"{root}{ANNOTATIONS}")]


def is_annotation_file(dataset: Dataset, path: str) -> bool:
    """Whether the first element of an XML file is ``annotation``."""
    try:
        head = next(dataset.stream(path, 4096), b"")
    except OSError:
        return False
    return _FIRST_ELEMENT.search(head) is not None


def year_of(root: str) -> str | None:
    """The year that the name of a root tells."""
    found = _YEAR.search(root)
    return found.group(1) if found else None


def picture_ids(dataset: Dataset, root: str, folder: str, extension: str) -> dict[str, None]:
    """Ids of the files in a folder that have this extension, in order."""
    start = len(root) + len(folder) + 1
    paths = dataset.listing(f"{root}{folder}")
    return dict.fromkeys(path[start : -len(extension)] for path in paths if path.endswith(extension))


def list_files(dataset: Dataset, root: str, kind: str) -> list[str]:
    """Paths of the lists of one kind."""
    return [path for path in dataset.listing(f"{root}{kind}") if path.endswith(".txt")]


class Batch:
    """The pieces of a batch by what they are."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        #: Root of the layout → id → annotation file.
        self.annotations: dict[str, dict[str, Piece]] = {}
        #: Bytes of the planes of a picture by their folder.
        self.planes: dict[Key, dict[str, bytes]] = {}
        #: Folder of lists, with its root → word of the list → its lines.
        self.lists: dict[str, dict[str, bytes]] = {}
        folder, kind, root = "", "", ""
        for piece in pieces:
            path = piece.path
            cut, dot = path.rfind("/") + 1, path.rfind(".")
            # Neighbours nearly always lie in one folder.
            if path[:cut] != folder:
                folder = path[:cut]
                start = folder.rfind("/", 0, -1) + 1
                root, kind = folder[:start], folder[start:-1]
            if piece.section:
                self.lists.setdefault(folder[:-1], {})[path[cut:dot]] = piece.data
            elif kind == ANNOTATIONS and path.endswith(".xml"):
                self.annotations.setdefault(root, {})[path[cut:dot]] = piece
            elif kind in PLANES and path.endswith(".png"):
                self.planes.setdefault((root, path[cut:dot]), {})[kind] = piece.data
