"""What of a bundle a dataset has kept, by counting what is in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from tests.benchmarks.suite.found_objects import READERS, Box, Found
from tests.benchmarks.suite.results import Kept

__all__ = ["Source"]

#: Pixels by which a side may differ and still be the same: rounding to whole numbers, and counting from one.
_NEAR: Final = 2.0


class Source:
    """A bundle of the shape ``outlines``: what there is to be kept, and which boxes are crowds."""

    def __init__(self, bundle: Path) -> None:
        self.sizes: dict[str, tuple[int, int]] = {}
        self._crowds: dict[str, list[Box]] = defaultdict(list)
        self._attributes: frozenset[str] = frozenset()
        objects = polygons = attributes = crowds = 0
        for line in _lines(bundle):
            unit = line["data_unit"]
            stem = Path(unit["name"]).stem
            self.sizes[stem] = unit["width"], unit["height"]
            for thing in line["data"]["annotations"]:
                objects += 1
                attributes += len(thing["attributes"])
                self._attributes |= thing["attributes"].keys()
                if thing["iscrowd"]:
                    crowds += 1
                    x, y, w, h = thing["bbox"]
                    self._crowds[stem].append((x, y, x + w, y + h))
                else:
                    polygons += 1
        self.whole = Kept(objects, polygons, attributes, crowds, crowds)

    def kept(self, work: str, folder: Path) -> Kept:
        """Read the dataset of a work and count what it has of this bundle."""
        return self.counted(READERS[work](folder, self.sizes))

    def counted(self, found: Iterable[Found]) -> Kept:
        """Count objects.

        An attribute that has one value in the whole dataset is a constant of the tool and counts as nothing. A crowd
        counts as kept where an object has its box, to two pixels.
        """
        objects = polygons = crowds = marked = 0
        values: dict[str, Counter[str]] = defaultdict(Counter)
        ahead = {stem: list(boxes) for stem, boxes in self._crowds.items()}
        for thing in found:
            objects += 1
            polygons += thing.polygon
            for name in self._attributes & thing.attributes.keys():
                values[name][str(thing.attributes[name])] += 1
            boxes = ahead.get(thing.picture, ())
            if boxes and (same := next((box for box in boxes if _same(box, thing.box)), None)):
                ahead[thing.picture].remove(same)
                crowds += 1
                marked += thing.crowd
        attributes = sum(counts.total() for counts in values.values() if len(counts) > 1)
        return Kept(objects, polygons, attributes, crowds, marked)


def _same(one: Box, other: Box) -> bool:
    return all(abs(a - b) <= _NEAR for a, b in zip(one, other, strict=True))


def _lines(bundle: Path) -> Iterator[dict[str, Any]]:
    read = msgspec.json.Decoder().decode
    with (bundle / "tasks.jsonl").open("rb") as lines:
        for line in lines:
            yield read(line)
