"""Writes a bundle for benchmarks; the same seed gives the same bytes everywhere.

    python -m tests.benchmarks.bench_data FOLDER --scale 20k [--shape outlines] [--schema seed] [--coco]

makes ``FOLDER/bundle`` (one file of JSON lines and a manifest) and, with ``--coco``, the same objects as COCO in
``FOLDER/annotations/instances_train.json`` for tools that read nothing else. Needs numpy.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from tests.benchmarks.payloads import SCHEMAS, SHAPES, line_of
from tests.benchmarks.scenes import CLASSES, SCALES, scenes

__all__ = ["write_bundle", "write_coco"]

#: Numbers that COCO leaves out, for categories like those of the original.
_GAPS = frozenset({12, 26, 29, 30, 45, 66, 68, 69, 71, 83})
_encode = msgspec.json.Encoder().encode


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
    (bundle / "manifest.json").write_text(json.dumps({"prefix": "bundle", "total": SCALES[scale][0]}, indent=1))
    return digest.hexdigest()


def write_coco(folder: Path, scale: str, seed: int = 7) -> None:
    """Write the shape ``outlines`` as one COCO file, without a blank."""
    numbers = [number for number in range(1, 91) if number not in _GAPS]
    number_of = dict(zip(CLASSES, numbers, strict=True))
    head = {
        "info": {"description": f"synthetic {scale} seed {seed}", "version": "1.0", "year": 2026},
        "licenses": [{"id": 1, "name": "none", "url": ""}],
        "categories": [{"supercategory": "thing", "id": n, "name": name} for name, n in number_of.items()],
    }
    path = folder / "annotations" / "instances_train.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(_encode(head)[:-1])
        for key, entries in (("images", _images(scale, seed)), ("annotations", _objects(scale, seed, number_of))):
            file.write(f',"{key}":['.encode())
            file.writelines(_joined(entries))
            file.write(b"]")
        file.write(b"}")


def _joined(entries: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    separator = b""
    for entry in entries:
        yield separator + _encode(entry)
        separator = b","


def _images(scale: str, seed: int) -> Iterator[dict[str, Any]]:
    for scene in scenes(scale, seed):
        size = {"height": scene.height, "width": scene.width}
        yield {"license": 1, "file_name": scene.name, **size, "id": scene.number + 1}


def _objects(scale: str, seed: int, number_of: dict[str, int]) -> Iterator[dict[str, Any]]:
    for scene in scenes(scale, seed):
        for entry in line_of(scene, "outlines", "seed", seed)["data"]["annotations"]:
            yield {**entry, "image_id": scene.number + 1, "category_id": number_of[entry.pop("category")]}


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
        write_coco(arguments.folder, arguments.scale, arguments.seed)
    size = (arguments.folder / "bundle" / "tasks.jsonl").stat().st_size
    print(f"{arguments.folder}: {size} bytes, sha256 {digest[:16]}, {time.perf_counter() - begun:.1f} s")


if __name__ == "__main__":
    main()
