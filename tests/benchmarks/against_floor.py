"""CPU, wall and memory of `exportkit convert`, as ratios to a C program that does the least, in one run.

Timings are of whole process trees. The machine may be busy with other things, so each command runs several times in
turn with the floor program, and the least CPU of each counts. Compare figures of one run only. ``make bench-floor``
runs it.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.bench_data import write_bundle
from tests.benchmarks.scenes import SCALES

from exportkit.testing import tree_digest

SPECS = ("yolo:task=detect", "voc", "csv:dialect=tfod")


class Case(NamedTuple):
    """One conversion: what the bundle holds, in which schema, and what is written."""

    shape: str
    schema: str
    spec: str

    @property
    def title(self) -> str:
        """The row's name in a table."""
        return f"{self.spec}, {self.shape}" + ("" if self.schema == "seed" else f", {self.schema}")


#: What nearly all datasets hold.
USUAL = (
    *(Case("outlines", "seed", spec) for spec in (*SPECS, "yolo:task=segment", "coco")),
    Case("keypoints", "seed", "yolo:task=pose"),
    Case("rotated", "seed", "yolo:task=obb"),
)
#: What takes drawing, hulls or seams for every object.
DRAWN = (
    Case("outlines", "seed", "yolo:task=obb"),
    Case("outlines", "seed", "voc:task=segment"),
    Case("masks", "seed", "coco"),
    Case("masks", "seed", "yolo:task=segment"),
    Case("holes", "seed", "yolo:task=segment"),
    Case("holes", "seed", "coco"),
)
#: The same objects in every schema.
SCHEMAS = tuple(
    Case(shape, schema, spec)
    for shape, spec in (("boxes", "yolo:task=detect"), ("single", "yolo:task=segment"))
    for schema in ("seed", "dm_v1", "dm_v2")
)
CASES = {"usual": USUAL, "drawn": DRAWN, "schemas": SCHEMAS}
WORKER_COUNTS = (1, 2, 3, 7)


class Figures(NamedTuple):
    """One run of a command: CPU and wall seconds, and the peak memory of its largest process in MiB."""

    cpu: float
    wall: float
    memory: float


def measured(command: Sequence[str]) -> Figures:
    """Run a command to its end in a process of its own, so that its children are counted and nobody else's."""
    code = (
        "import resource, subprocess, sys, time\n"
        "begun = time.perf_counter()\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(done.returncode, used.ru_utime + used.ru_stime, time.perf_counter() - begun, used.ru_maxrss)\n"
    )
    # Whoever asks for no byte code has every start compile all modules, which is not what is measured here.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    ran = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, check=True, env=environment
    )
    status, cpu, wall, memory = ran.stdout.split()
    if int(status):
        raise SystemExit(f"{' '.join(command)} ended with {status}")
    return Figures(float(cpu), float(wall), float(memory) / 1024)


def bundle_of(scale: str, data: Path, shape: str = "outlines", schema: str = "seed") -> Path:
    """The bundle of a scale, made once."""
    folder = data / f"{scale}-{shape}-{schema}"
    if not (folder / "bundle" / "manifest.json").is_file():
        write_bundle(folder, scale, shape, schema)
    return folder / "bundle"


def floor_program(data: Path) -> Path:
    """The C floor, compiled once."""
    program = data / "floor"
    if not program.is_file():
        source = str(Path(__file__).with_name("floor.c"))
        subprocess.run(["cc", "-O2", "-march=native", "-o", str(program), source], check=True)
    return program


def convert(bundle: Path, spec: str, out: Path, workers: int = 1) -> list[str]:
    """The command that is measured: everything on but the pictures."""
    words = ["--to", spec, "--media", "none", "--workers", str(workers), "-q", "-o", str(out)]
    return [sys.executable, "-m", "exportkit", "convert", str(bundle), *words]


class Bench:
    """Measures with new output folders on a memory file system."""

    def __init__(self, data: Path, runs: int) -> None:
        self._data = data
        self._runs = runs
        memory = Path("/dev/shm")
        self._out = Path(tempfile.mkdtemp(prefix="exportkit-bench-", dir=memory if memory.is_dir() else None))
        self._count = 0

    def close(self) -> None:
        """Remove every output."""
        shutil.rmtree(self._out, ignore_errors=True)

    def _new(self) -> Path:
        self._count += 1
        return self._out / str(self._count)

    def _floor(self, bundle: Path) -> Figures:
        out = self._new()
        out.mkdir()
        figures = measured([str(floor_program(self._data)), str(bundle / "tasks.jsonl"), str(out)])
        shutil.rmtree(out)
        return figures

    def _convert(self, bundle: Path, spec: str, workers: int = 1) -> Figures:
        out = self._new()
        figures = measured(convert(bundle, spec, out, workers))
        shutil.rmtree(out)
        return figures

    def ratios(self, scale: str, cases: Sequence[Case], workers: int) -> None:
        """Each case against the floor, in turn; the least CPU and wall of each."""
        beside = f"{workers} workers, wall s | faster |" if workers > 1 else ""
        print(f"\n| {scale} | CPU s | C floor s | ratio | MiB | wall s | {beside}")
        print("|---|---|---|---|---|---|" + ("---|---|" if workers > 1 else ""), flush=True)
        plain = bundle_of(scale, self._data)
        for case in cases:
            bundle = bundle_of(scale, self._data, case.shape, case.schema)
            pairs = [(self._floor(plain), self._convert(bundle, case.spec)) for _ in range(self._runs)]
            floor = min(pair[0].cpu for pair in pairs)
            ours = [pair[1] for pair in pairs]
            cpu, wall = min(own.cpu for own in ours), min(own.wall for own in ours)
            row = f"| {case.title} | {cpu:.2f} | {floor:.2f} | {cpu / floor:.2f} | {max(o.memory for o in ours):.0f} "
            row += f"| {wall:.2f} |"
            if workers > 1:
                several = min(self._convert(bundle, case.spec, workers).wall for _ in range(self._runs))
                row += f" {several:.2f} | {wall / several:.2f} |"
            print(row, flush=True)

    def growth(self, specs: Sequence[str], small: str, large: str) -> None:
        """Bytes of peak memory per record between two scales."""
        print(f"\n| memory from {small} to {large} | MiB | MiB | bytes a record |")
        print("|---|---|---|---|")
        for spec in specs:
            low, high = (self._convert(bundle_of(s, self._data), spec).memory for s in (small, large))
            share = (high - low) * (1 << 20) / (SCALES[large][0] - SCALES[small][0])
            print(f"| {spec} | {low:.1f} | {high:.1f} | {share:.1f} |", flush=True)

    def parity(self, scale: str, specs: Sequence[str]) -> None:
        """One tree for every number of workers."""
        bundle = bundle_of(scale, self._data)
        for spec in specs:
            digests = set()
            for workers in WORKER_COUNTS:
                out = self._new()
                measured(convert(bundle, spec, out, workers))
                digests.add(tree_digest(out))
                shutil.rmtree(out)
            verdict = "one tree" if len(digests) == 1 else f"{len(digests)} DIFFERENT TREES"
            print(f"{spec} with {', '.join(map(str, WORKER_COUNTS))} workers at {scale}: {verdict}", flush=True)


def main() -> None:
    """Measure what the arguments name and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder for generated data, made if absent")
    parser.add_argument("--scale", choices=SCALES, default="20k")
    parser.add_argument("--cases", default="usual", help="usual, drawn, schemas, separated by commas")
    parser.add_argument("--only", default="", help="of these cases those whose title holds this")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1, help="measure the wall time of several workers, too")
    parser.add_argument("--memory", action="store_true", help="growth of memory from 1k to the scale")
    parser.add_argument("--parity", action="store_true", help="compare the trees of 1, 2, 3 and 7 workers")
    arguments = parser.parse_args()
    arguments.data.mkdir(parents=True, exist_ok=True)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; {time.strftime('%Y-%m-%d')}"
    )
    bench = Bench(arguments.data, arguments.runs)
    try:
        for name in arguments.cases.split(","):
            cases = [case for case in CASES[name] if arguments.only in case.title]
            bench.ratios(arguments.scale, cases, arguments.workers)
        if arguments.memory:
            bench.growth(SPECS, "1k", arguments.scale)
        if arguments.parity:
            bench.parity(arguments.scale, SPECS)
    finally:
        bench.close()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"\n{used.ru_utime + used.ru_stime:.0f} CPU seconds in all")


if __name__ == "__main__":
    main()
