"""`exportkit convert --media copy` against `cp -r` of the same pictures, in one run.

Makes JPEGs of about 200 KB and a bundle over them, in each of the places ``--on``: a memory file system where nothing
else is named. `cp -r` of their folder, the conversion with its pictures, into a folder and into an archive, and the one
without them run in turn, several times, and the least wall time of each counts: the machine may be busy with other
things. What is copied is read once beforehand, so that nothing waits for a disk; where it is written to a disk, both
have brought it there when they end.

    python -m tests.benchmarks.media_against_cp [--pictures 20000] [--workers 2] [--on /dev/shm FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np
from tests.benchmarks.against_floor import Figures, measured
from tests.benchmarks.payloads import line_of
from tests.benchmarks.scenes import Scene, scenes

#: What a conversion with its pictures is to reach of `cp -r`.
AIM = 0.80
_SEED = 7
_BYTES = 200_000


def jpeg(scene: Scene, size: int = _BYTES) -> bytes:
    """A JPEG of the scene's size whose markers are those of a baseline picture; its entropy-coded data are drawn."""
    tables = b"\xff\xdb\x00\x43\x00" + b"\x01" * 64
    frame = (
        b"\xff\xc0\x00\x0b\x08" + scene.height.to_bytes(2, "big") + scene.width.to_bytes(2, "big") + b"\x01\x01\x11\0"
    )
    codes = b"\xff\xc4\x00\x14\x00\x01" + b"\0" * 15 + b"\x00"
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
    drawn = np.random.default_rng([_SEED, scene.number]).bytes(size).replace(b"\xff", b"\xff\0")
    return b"\xff\xd8" + tables + frame + codes + scan + drawn + b"\xff\xd9"


def write_bundle(bundle: Path, pictures: int) -> int:
    """Write the bundle with its pictures; their bytes."""
    bundle.mkdir(parents=True)
    written = 0
    with (bundle / "tasks.jsonl").open("wb") as file:
        for scene in islice(scenes("20k", _SEED), pictures):
            line = line_of(scene, "boxes", "seed", _SEED)
            place = bundle / line["files_manifest"]["image_1"]["bundle_path"]
            place.parent.mkdir(parents=True, exist_ok=True)
            written += place.write_bytes(jpeg(scene))
            file.write(msgspec.json.encode(line) + b"\n")
    (bundle / "manifest.json").write_text(json.dumps({"prefix": "bundle", "total": pictures}))
    return written


class Rivals:
    """The commands, each with a new folder that is removed behind it."""

    def __init__(self, bundle: Path, out: Path, workers: int) -> None:
        self._bundle = bundle
        self._out = out
        self._workers = workers

    def commands(self) -> Iterator[tuple[str, list[str]]]:
        """Titles and commands."""
        out = str(self._out)
        # A dataset is on the device before it is published; on a memory file system there is nothing to wait for.
        yield "cp -r", ["sh", "-c", 'cp -r "$0" "$1" && sync -f "$1"', str(self._bundle / "files"), out]
        for title, more in (
            ("convert, with pictures", ["--media", "copy"]),
            ("convert, into a tar", ["--media", "copy", "--sink", "tar"]),
            ("convert, without", ["--media", "none"]),
        ):
            words = ["--to", "yolo:task=detect", *more, "--workers", str(self._workers), "-q", "-o", out]
            yield title, [sys.executable, "-m", "exportkit", "convert", str(self._bundle), *words]

    def run(self, command: Sequence[str]) -> Figures:
        """One run."""
        try:
            return measured(command)
        finally:
            shutil.rmtree(self._out, ignore_errors=True)


def compare(rivals: Rivals, runs: int) -> None:
    """Print the least of several runs of each command, and the share of `cp -r` that is reached."""
    found: dict[str, list[Figures]] = {}
    for _ in range(runs):
        for title, command in rivals.commands():
            found.setdefault(title, []).append(rivals.run(command))
    best = {title: min(figures.wall for figures in own) for title, own in found.items()}
    print("| | wall s | CPU s | MiB | speed of cp |\n|---|---|---|---|---|")
    for title, own in found.items():
        cpu, memory = min(f.cpu for f in own), max(f.memory for f in own)
        print(f"| {title} | {best[title]:.2f} | {cpu:.2f} | {memory:.0f} | {best['cp -r'] / best[title]:.0%} |")
    reached = best["cp -r"] / best["convert, with pictures"]
    print(f"\n{reached:.0%} of cp -r where {AIM:.0%} are aimed at")


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--on", type=Path, nargs="+", default=[Path("/dev/shm")], help="where pictures and outputs lie")
    arguments = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; {time.strftime('%F')}")
    for folder in arguments.on:
        compare_on(folder, arguments)


def compare_on(folder: Path, arguments: argparse.Namespace) -> None:
    """Measure in one place, and leave nothing there."""
    place = Path(tempfile.mkdtemp(prefix="exportkit-media-", dir=folder))
    try:
        size = write_bundle(place / "bundle", arguments.pictures)
        on = f"on {file_system(place)}"
        print(f"\n{arguments.pictures} pictures, {size >> 20} MiB {on}, {arguments.workers} workers\n", flush=True)
        compare(Rivals(place / "bundle", place / "out", arguments.workers), arguments.runs)
    finally:
        shutil.rmtree(place)


def file_system(place: Path) -> str:
    """The kind of file system that holds a folder, by the longest mount point above it."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    above = [(point, kind) for point, kind in mounts if place.resolve().is_relative_to(point)]
    return max(above, key=lambda mount: len(mount[0]))[1]


if __name__ == "__main__":
    main()
