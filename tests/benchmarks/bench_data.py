"""Writes a bundle for benchmarks; the same seed gives the same bytes everywhere.

    python -m tests.benchmarks.bench_data FOLDER --scale 20k [--shape outlines] [--schema seed] [--coco]

makes ``FOLDER/bundle`` (one file of JSON lines and a manifest) and, with ``--coco``, the same objects as COCO in
``FOLDER/annotations/instances_train.json`` for tools that read nothing else. Needs numpy.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from tests.benchmarks.payloads import SCHEMAS, SHAPES, line_of
from tests.benchmarks.scenes import CLASSES, SCALES, scenes

__all__ = ["write_beginning", "write_bundle", "write_coco", "write_pictures"]

#: Numbers that COCO leaves out, for categories like those of the original.
_GAPS = frozenset({12, 26, 29, 30, 45, 66, 68, 69, 71, 83})
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def write_bundle(folder: Path, scale: str, shape: str = "outlines", schema: str = "seed", seed: int = 7) -> str:
    """Write ``folder/bundle``; the SHA-256 of its lines."""
    bundle = folder / "bundle"
    bundle.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with (bundle / "tasks.jsonl").open("wb") as file:
        for scene in scenes(scale, seed):
            line = _encode(line_of(scene, shape, schema, seed)) + b"\n"
            digest.update(line)
            file.write(line)
    _write_manifest(bundle, SCALES[scale][0])
    return digest.hexdigest()


def write_coco(folder: Path, boxes_only: bool = False) -> None:
    """Write the objects of ``folder/bundle``, of the shape ``outlines``, as one COCO file without a blank.

    It is ``annotations/instances_train.json``, or, without outlines, ``boxes/instances_train.json``.
    """
    numbers = [number for number in range(1, 91) if number not in _GAPS]
    number_of = dict(zip(CLASSES, numbers, strict=True))
    head = {
        "info": {"description": "synthetic", "version": "1.0", "year": 2026},
        "licenses": [{"id": 1, "name": "none", "url": ""}],
        "categories": [{"supercategory": "thing", "id": n, "name": name} for name, n in number_of.items()],
    }
    bundle = folder / "bundle"
    path = folder / ("boxes" if boxes_only else "annotations") / "instances_train.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with _whole_or_not(path) as file:
        file.write(_encode(head)[:-1])
        for key, entries in (("images", _images(bundle)), ("annotations", _objects(bundle, number_of, boxes_only))):
            file.write(f',"{key}":['.encode())
            file.writelines(_joined(entries))
            file.write(b"]")
        file.write(b"}")


def write_pictures(folder: Path) -> None:
    """Write the pictures of ``folder/bundle`` into ``folder/images``: grey, of the right size, one file a size.

    The pictures are further names of these few files: what opens them reads from memory.
    """
    from PIL import Image

    masters = folder / "masters"
    masters.mkdir(parents=True, exist_ok=True)
    new = folder / "images.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    for line in _lines(folder / "bundle"):
        unit = line["data_unit"]
        master = masters / f"{unit['width']}x{unit['height']}.jpg"
        if not master.is_file():
            Image.new("L", (unit["width"], unit["height"]), 128).save(master)
        (new / unit["name"]).hardlink_to(master)
    new.rename(folder / "images")


def write_beginning(whole: Path, folder: Path, records: int) -> None:
    """Write the first records of the bundle ``whole`` as ``folder/bundle``."""
    bundle = folder / "bundle"
    bundle.mkdir(parents=True, exist_ok=True)
    with (whole / "tasks.jsonl").open("rb") as lines, (bundle / "tasks.jsonl").open("wb") as file:
        file.writelines(islice(lines, records))
    _write_manifest(bundle, records)


def _write_manifest(bundle: Path, records: int) -> None:
    """The last file of a bundle: where it is, the bundle is whole."""
    (bundle / "manifest.json").write_text(json.dumps({"prefix": "bundle", "total": records}, indent=1))


@contextmanager
def _whole_or_not(path: Path) -> Iterator[BinaryIO]:
    """A file that has its name only once it is whole."""
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        yield file
    new.rename(path)


def _joined(entries: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    separator = b""
    for entry in entries:
        yield separator + _encode(entry)
        separator = b","


def _lines(bundle: Path) -> Iterator[dict[str, Any]]:
    with (bundle / "tasks.jsonl").open("rb") as lines:
        yield from map(_decode, lines)


def _images(bundle: Path) -> Iterator[dict[str, Any]]:
    for line in _lines(bundle):
        unit = line["data_unit"]
        size = {"height": unit["height"], "width": unit["width"]}
        yield {"license": 1, "file_name": unit["name"], **size, "id": unit["id"]}


def _objects(bundle: Path, number_of: dict[str, int], boxes_only: bool) -> Iterator[dict[str, Any]]:
    for line in _lines(bundle):
        for entry in line["data"]["annotations"]:
            number = number_of[entry.pop("category")]
            if boxes_only:
                del entry["segmentation"]
            yield {**entry, "image_id": line["data_unit"]["id"], "category_id": number}


def main() -> None:
    """Write what the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scale", choices=SCALES, default="1k")
    parser.add_argument("--shape", choices=SHAPES, default="outlines")
    parser.add_argument("--schema", choices=SCHEMAS, default="seed")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--coco", action="store_true", help="write the COCO file too")
    arguments = parser.parse_args()
    begun = time.perf_counter()
    digest = write_bundle(arguments.folder, arguments.scale, arguments.shape, arguments.schema, arguments.seed)
    if arguments.coco:
        write_coco(arguments.folder)
    size = (arguments.folder / "bundle" / "tasks.jsonl").stat().st_size
    print(f"{arguments.folder}: {size} bytes, sha256 {digest[:16]}, {time.perf_counter() - begun:.1f} s")


if __name__ == "__main__":
    main()
