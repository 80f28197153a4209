"""A small bundle with everything in it, made anew in a folder: pictures by their own bytes, lines in any order."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from exportkit.bundles import BundleWriter
from exportkit.testing.sample_annotations import HEIGHT, WIDTH
from exportkit.testing.sample_records import ODD_CLASSES

__all__ = ["ANNOTATIONS", "RECORDS", "Storage", "make_bundle", "png"]

#: How the same records are stored: in one part by id, the other way round, in no order, in several parts, or none.
Storage = Literal["ascending", "descending", "shuffled", "parts", "empty"]


class _Line(NamedTuple):
    identity: int
    annotations: Sequence[Mapping[str, Any]]
    name: str = ""
    #: Other members of the line.
    members: Mapping[str, Any] = {}
    with_file: bool = True


def png(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    """A plain RGB picture as PNG."""
    row = b"\0" + bytes(colour) * width
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(row * height, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def make_bundle(folder: Path, storage: Storage = "ascending") -> Path:
    """Write the bundle into a new folder and return it."""
    lines = [] if storage == "empty" else list(_lines())
    if storage == "descending":
        lines.reverse()
    elif storage == "shuffled":
        random.Random(5).shuffle(lines)  # noqa: S311 - any order will do, as long as it is the same one
    with BundleWriter(folder, prefix="sample", records_per_part=4 if storage == "parts" else 1000) as bundle:
        for line in lines:
            bundle.write(_row(bundle, line))
    return folder


def _row(bundle: BundleWriter, line: _Line) -> dict[str, Any]:
    row: dict[str, Any] = {"id": line.identity, "data": {"annotations": line.annotations}, **line.members}
    if line.with_file:
        stored = bundle.add_file(line.identity, "picture.png", png(WIDTH, HEIGHT, (line.identity * 9 % 256, 120, 60)))
        name = line.name or f"{line.identity}.png"
        row["files_manifest"] = {"image_1": {**stored, "file_name_original": name, "is_primary": True}}
    return row


def _lines() -> Iterator[_Line]:
    """Every line in ascending order of ids."""
    box = {"category": "cat", "bbox": [4, 6, 20, 10]}
    yield _Line(1, [box, {"category": "dog", "bbox": [10.5, 3.25, 8, 7.125], "id": 7}])
    yield _Line(2, [])
    yield _Line(3, list(_shapes()))
    yield _Line(4, list(_spoiled()), members={"split": "val"})
    yield _Line(5, [{"category": name, "bbox": [1 + place, 2, 9, 9]} for place, name in enumerate(_writable())])
    yield _Line(6, list(_without_extent()))
    flags = {"difficult": True, "score": 0.5, "group_id": "a"}
    yield _Line(7, [{**box, **flags}, {**box, "attributes": {"colour": 'r\u00f6t, "x"'}}])
    yield _Line(8, [box], with_file=False)
    yield _Line(9, [box], with_file=False, members={"data_unit": {"name": "far.png", "width": 64, "height": 48}})
    yield _Line(10, [box], "fol der/caf\u00e9 #1.png", {"split": "val"})
    yield _Line(11, [box], "one/same.png")
    yield _Line(12, [box], "two/same.png")
    yield _Line(13, [], "no_extension", {"split": "test"})
    yield _Line(14, [box], "10.png")
    yield _Line(15, [box], with_file=False, members={"data": {"annotations": "a text"}})
    yield _Line(16, [], members={"data": _of_a_video()}, with_file=False)
    yield _Line(17, [box], "../outside.png")
    yield _Line(18, [box], "last.png")


def _shapes() -> Iterator[dict[str, Any]]:
    pixels = [4 * HEIGHT + 6, 10, WIDTH * HEIGHT - 4 * HEIGHT - 16]
    yield {"category": "cat", "segmentation": [[4, 6, 24, 6, 24, 16]], "bbox": [4, 6, 20, 10], "area": 100}
    yield {"category": "dog", "segmentation": [[1, 1, 9, 1, 9, 9], [20.5, 20, 40, 20, 40, 40]]}
    yield {"category": "cat", "polygon": [2, 2, 30, 2, 30, 30, 2, 30], "holes": [[5, 5, 9, 5, 9, 9]]}
    yield {"category": "dog", "segmentation": {"size": [HEIGHT, WIDTH], "counts": pixels}}
    yield {"category": "dog", "segmentation": {"size": [HEIGHT, WIDTH], "counts": pixels}, "iscrowd": 1}
    yield {"category": "cat", "bbox": [20, 20, 20, 10], "rotation": 0.5}
    yield {"category": "cat", "keypoints": [5, 7, 2, 9, 11, 1, 0, 0, 0], "bbox": [4, 6, 20, 30]}
    yield {"category": "cat", "bbox": [-5, 6, 20, 10]}
    yield {"category": "cat", "bbox": [4, 6, 20, 10]}
    yield {"category": "cat", "bbox": [4, 6, 20, 10]}
    yield {"category": "cat", "bbox": [63.9999, 47.5, 0.0021, 0.5]}


def _spoiled() -> Iterator[dict[str, Any]]:
    yield {"category": "cat", "bbox": [30, 6, -20, 10]}
    yield {"category": "cat", "bbox": [4, 6, 20]}
    yield {"category": "cat", "bbox": [900, 6, 20, 10]}
    yield {"category": "cat", "bbox": ["4", 6, 20, 10]}
    yield {"category": "cat", "segmentation": [[4, 6, 24]], "bbox": [4, 6, 20, 10]}
    yield {"category": "dog", "segmentation": {"size": [HEIGHT, WIDTH], "counts": [1, 2]}}
    yield {"category": "", "bbox": [4, 6, 20, 10]}
    yield {"category": "cat"}
    yield {"category": "cat", "type": "of no known kind", "bbox": [4, 6, 20, 10]}


def _without_extent() -> Iterator[dict[str, Any]]:
    yield {"category": "night", "type": "classification"}
    yield {"caption": 'two, "cats"\nand a dog'}
    yield {"category": "lane", "type": "polyline", "polyline": [1, 2, 30, 40]}
    yield {"category": "eye", "type": "keypoint", "keypoints": [5, 7, 2]}
    yield {"type": "time_range", "section": {"startTime": 0, "endTime": 1.5}}


def _writable() -> list[str]:
    """Odd class names that a line of a bundle can hold as a class."""
    return [name for name in ODD_CLASSES if name.strip()]


def _of_a_video() -> dict[str, Any]:
    entry = {"id": "a", "tool": "bounding_box", "classification": {"class": "cat"}}
    place = {"id": "a", "coordinate": {"x": 1, "y": 2, "width": 3, "height": 4}}
    return {"annotations": {"video_1": [entry]}, "annotationsData": {"video_1": [place]}, "extra": {}}


def _counted(line: _Line) -> int:
    """Annotations of a line that can be read."""
    data = line.members.get("data")
    if data is None:
        return len(line.annotations)
    return sum(map(len, data["annotations"].values())) if isinstance(data["annotations"], dict) else 0


#: How many records the bundle lists, and how many annotations stand in its readable lines.
RECORDS = sum(1 for _ in _lines())
ANNOTATIONS = sum(map(_counted, _lines()))
