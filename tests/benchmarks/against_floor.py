"""CPU, wall and memory of `exportkit convert`, as ratios to the C floor program, in one run.

The generator and the floor program lie in a shared folder beside the checkout (``EXPORTKIT_SHARED_BENCH`` names
another). Timings are of whole process trees; compare figures of one run only. Run it by ``make bench``.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from exportkit.testing import tree_digest

CHECKOUT = Path(__file__).parents[2]
SPECS = ("yolo:task=detect", "voc", "csv:dialect=tfod")
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
    ran = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=True)
    status, cpu, wall, memory = ran.stdout.split()
    if int(status):
        raise SystemExit(f"{' '.join(command)} ended with {status}")
    return Figures(float(cpu), float(wall), float(memory) / 1024)


def shared_bench() -> Path:
    """The folder of the generator and the floor program."""
    found = Path(os.environ.get("EXPORTKIT_SHARED_BENCH", CHECKOUT.parent / "shared" / "bench"))
    if not (found / "gen.py").is_file():
        raise SystemExit(f"{found} holds no gen.py; name the folder in EXPORTKIT_SHARED_BENCH.")
    return found


def bundle_of(scale: str, data: Path, python: str) -> Path:
    """The bundle of a scale, made once."""
    folder = data / scale
    if not (folder / "bundle" / "manifest.json").is_file():
        subprocess.run([python, str(shared_bench() / "gen.py"), str(folder), "--scale", scale], check=True)
    return folder / "bundle"


def floor_program(data: Path) -> Path:
    """The C floor, compiled once."""
    program = data / "floor"
    if not program.is_file():
        source = str(shared_bench() / "floor.c")
        subprocess.run(["cc", "-O2", "-march=native", "-w", "-o", str(program), source], check=True)
    return program


def convert(bundle: Path, spec: str, out: Path, workers: int = 1) -> list[str]:
    """The command that is measured: everything on but the pictures."""
    words = ["--to", spec, "--media", "none", "--workers", str(workers), "-q", "-o", str(out)]
    return [sys.executable, "-m", "exportkit", "convert", str(bundle), *words]


class Bench:
    """Measures with new output folders on a memory file system."""

    def __init__(self, data: Path, runs: int, python: str) -> None:
        self._data = data
        self._runs = runs
        self._python = python
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

    def ratios(self, scale: str, specs: Sequence[str]) -> None:
        """Each format against the floor, in pairs; medians."""
        bundle = bundle_of(scale, self._data, self._python)
        print(f"\n| {scale} | CPU s | C floor s | ratio | MiB | wall s | 2 workers, wall s | faster |")
        print("|---|---|---|---|---|---|---|---|")
        for spec in specs:
            pairs = [(self._floor(bundle), self._convert(bundle, spec)) for _ in range(self._runs)]
            ours = [pair[1] for pair in pairs]
            ratio = statistics.median(own.cpu / floor.cpu for floor, own in pairs)
            two = [self._convert(bundle, spec, 2).wall for _ in range(self._runs)]
            wall, wall_of_two = statistics.median(own.wall for own in ours), statistics.median(two)
            print(
                f"| {spec} | {statistics.median(own.cpu for own in ours):.2f} "
                f"| {statistics.median(floor.cpu for floor, _ in pairs):.2f} | {ratio:.2f} "
                f"| {max(own.memory for own in ours):.0f} | {wall:.2f} | {wall_of_two:.2f} "
                f"| {wall / wall_of_two:.2f} |",
                flush=True,
            )

    def growth(self, specs: Sequence[str], small: str, large: str) -> None:
        """Bytes of peak memory per record between two scales."""
        records = {"1k": 1_000, "20k": 20_000, "118k": 118_000}
        print(f"\n| memory from {small} to {large} | MiB | MiB | bytes a record |")
        print("|---|---|---|---|")
        for spec in specs:
            low, high = (self._convert(bundle_of(s, self._data, self._python), spec).memory for s in (small, large))
            share = (high - low) * (1 << 20) / (records[large] - records[small])
            print(f"| {spec} | {low:.1f} | {high:.1f} | {share:.1f} |", flush=True)

    def parity(self, scale: str, specs: Sequence[str]) -> None:
        """One tree for every number of workers."""
        bundle = bundle_of(scale, self._data, self._python)
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
    parser.add_argument("--python", default=sys.executable, help="a Python with numpy and orjson, for the generator")
    parser.add_argument("--scale", default="20k", help="1k, 20k or 118k")
    parser.add_argument("--only", default=",".join(SPECS), help="formats, separated by blanks or '+'")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="ratios only")
    arguments = parser.parse_args()
    specs = arguments.only.replace("+", " ").split() if arguments.only != ",".join(SPECS) else list(SPECS)
    arguments.data.mkdir(parents=True, exist_ok=True)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; {time.strftime('%Y-%m-%d')}"
    )
    bench = Bench(arguments.data, arguments.runs, arguments.python)
    try:
        bench.ratios(arguments.scale, specs)
        if not arguments.quick:
            bench.growth(specs, "1k", arguments.scale)
            bench.parity(arguments.scale, specs)
    finally:
        bench.close()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"\n{used.ru_utime + used.ru_stime:.0f} CPU seconds in all")


if __name__ == "__main__":
    main()
