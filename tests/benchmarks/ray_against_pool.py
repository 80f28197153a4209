"""Wall clock of two workers on a Ray cluster of the run's own, as a ratio to a pool of two local processes, in one run.

What Ray takes to start and to end is the difference of both for a bundle of one item, and is taken off. The machine may
be busy with other things, so the commands run in turn, several times, and the least of each counts. ``make test-ray``
installs the Ray that is measured.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.against_floor import bundle_of
from tests.benchmarks.scenes import SCALES
from tests.benchmarks.suite.cases import ENGINES, TWO_WORKERS, WORKS, Engine, Work
from tests.benchmarks.suite.runner import Outputs, measured

from exportkit.testing import tree_digest

#: How often the time of the pool Ray may take, its start aside.
LIMIT = 1.5
_POOL = TWO_WORKERS
(_RAY,) = (engine for engine in ENGINES if engine.name == "Ray")


class Rivals:
    """Runs both engines with new folders on a memory file system."""

    def __init__(self, bundle: Path, runs: int) -> None:
        self._outputs = Outputs()
        self._runs = runs
        self._whole = bundle
        self._one = self._outputs.new()
        with (bundle / "tasks.jsonl").open("rb") as file:
            (self._one / "tasks.jsonl").write_bytes(file.readline())

    def close(self) -> None:
        """Remove every output."""
        self._outputs.close()

    def compare(self, work: Work) -> bool:
        """Print a row; whether Ray keeps its limit and gives the tree of the pool."""
        walls: dict[tuple[str, Path], list[float]] = {}
        trees = set()
        for _ in range(self._runs):
            for engine in (_POOL, _RAY):
                for bundle in (self._one, self._whole):
                    wall, tree = self._run(engine, bundle, work)
                    walls.setdefault((engine.name, bundle), []).append(wall)
                    if bundle == self._whole:
                        trees.add(tree)
        least = {key: min(found) for key, found in walls.items()}
        pool, ray = least[_POOL.name, self._whole], least[_RAY.name, self._whole]
        start = least[_RAY.name, self._one] - least[_POOL.name, self._one]
        ratio = (ray - start) / pool
        kept = "one tree" if len(trees) == 1 else "DIFFERENT TREES"
        print(
            f"| {work.name} | {pool:.2f} | {ray:.2f} | {start:.2f} | {ray - start:.2f} | {ratio:.2f} | {kept} |",
            flush=True,
        )
        return ratio <= LIMIT and len(trees) == 1

    def _run(self, engine: Engine, bundle: Path, work: Work) -> tuple[float, str]:
        """Seconds, and the tree."""
        out = self._outputs.new()
        reading = measured(engine.command(bundle, work, out), engine.environment)
        if reading.failed:
            raise SystemExit(f"{engine.name}: {reading.failed}")
        tree = tree_digest(out)
        shutil.rmtree(out)
        return reading.wall, tree


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print Markdown; 1 if the limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder for generated data, made if absent")
    parser.add_argument("--scale", choices=SCALES, default="118k")
    parser.add_argument("--works", default="yolo,csv,coco", help="separated by commas")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args(arguments)
    if _RAY.why_not:
        raise SystemExit(f"{_RAY.why_not}; make test-ray installs it")
    given.data.mkdir(parents=True, exist_ok=True)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; {time.strftime('%Y-%m-%d')}"
    )
    print(f"\n| {given.scale} | pool s | Ray s | its start s | Ray without it s | ratio (at most {LIMIT}) | |")
    print("|---|---|---|---|---|---|---|")
    rivals = Rivals(bundle_of(given.scale, given.data), given.runs)
    try:
        kept = [rivals.compare(WORKS[name]) for name in given.works.split(",")]
    finally:
        rivals.close()
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
