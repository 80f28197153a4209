"""A text file of pictures, as the loader of Ultralytics reads it."""

from __future__ import annotations

from array import array
from pathlib import PurePosixPath

from exportkit.writing import Dataset, Finding
from exportkit.writing.text import text_findings
from exportkit_yolo.split_sources import inside

__all__ = ["PictureList", "has_known_extension", "is_hidden", "is_seen"]

#: Extensions that the loader keeps.
_EXTENSIONS = frozenset(
    {"avif", "bmp", "dng", "heic", "heif", "jp2", "jpeg", "jpeg2000", "jpg", "mpo", "png", "tif", "tiff", "webp"}
)
_LIMIT = 512 << 20


class PictureList:
    """The pictures of a list, and what is wrong with its lines. A leading ``./`` means the list's own folder."""

    def __init__(self, dataset: Dataset, path: str) -> None:
        #: Relative to the dataset, in the order of the lines.
        self.pictures: list[str] = []
        self.findings: list[Finding] = []
        self._path = path
        try:
            data = dataset.read(path, _LIMIT)
        except OSError:
            return  # that it is missing is said where it is named
        self.findings.extend(text_findings(data, path))
        outside, unsteady = array("L"), array("L")
        for number, line in enumerate(data.decode("utf-8-sig", "replace").splitlines(), 1):
            if not has_known_extension(line):
                continue
            place = str(PurePosixPath(path).parent / line) if line.startswith("./") else line
            found = inside(dataset, "", place)
            if found is None:
                outside.append(number)
                continue
            if not line.startswith(("./", "/")):
                unsteady.append(number)
            self.pictures.append(found)
        self._add("C_PATH", "lead out of the dataset", outside)
        self._add(
            "C_YOLO_SPLIT",
            "are found from one working directory only; begin them with './' for the list's",
            unsteady,
        )

    def _add(self, code: str, what: str, lines: array[int]) -> None:
        if lines:
            message = f"{len(lines)} lines of the list {what}."
            self.findings.append(Finding(code, "error", message, self._path, lines[0], consumer="Ultralytics"))


def is_seen(path: str) -> bool:
    """Whether the loader's search keeps a path."""
    return has_known_extension(path) and not is_hidden(path)


def is_hidden(path: str) -> bool:
    """Whether the loader's search passes over a path for a leading point of one of its parts."""
    return path.startswith(".") or "/." in path


def has_known_extension(path: str) -> bool:
    """Whether the loader takes the extension for one of a picture."""
    # An extension has no slash, so that of a folder is none here.
    return "." in path and path[path.rfind(".") + 1 :].lower() in _EXTENSIONS
