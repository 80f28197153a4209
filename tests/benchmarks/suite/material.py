"""Bundles of the suite, and the same objects in the files that other tools read; each made once and kept."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.against_floor import bundle_of
from tests.benchmarks.bench_data import write_beginning, write_coco, write_pictures
from tests.benchmarks.scenes import SCALES
from tests.benchmarks.suite.kept import Source

__all__ = ["Material", "pictures_of"]

#: The beginning of a larger scale: a point between two that takes no time to draw.
_BEGINNINGS = {"500k": ("1m", 500_000)}


def pictures_of(scale: str) -> int:
    """How many records a scale has."""
    return _BEGINNINGS[scale][1] if scale in _BEGINNINGS else SCALES[scale][0]


class Material:
    """A folder of data, filled as it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sources: dict[str, Source] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def bundle(self, scale: str, shape: str = "outlines") -> Path:
        """The bundle of a scale."""
        if scale not in _BEGINNINGS:
            return bundle_of(scale, self._folder, shape)
        folder = self._folder / f"{scale}-{shape}-seed"
        if not (folder / "bundle" / "manifest.json").is_file():
            whole, records = _BEGINNINGS[scale]
            write_beginning(self.bundle(whole, shape), folder, records)
        return folder / "bundle"

    def of_peers(self, scale: str) -> Path:
        """A folder with bundle, annotations, boxes and images."""
        folder = self.bundle(scale).parent
        for kind, boxes_only in (("annotations", False), ("boxes", True)):
            if not (folder / kind / "instances_train.json").is_file():
                write_coco(folder, boxes_only)
        if not (folder / "images").is_dir():
            write_pictures(folder)
        return folder

    def source(self, scale: str) -> Source:
        """What there is to be kept."""
        if scale not in self._sources:
            self._sources[scale] = Source(self.bundle(scale))
        return self._sources[scale]
