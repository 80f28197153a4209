"""Counts the instructions of small conversions and holds them against committed counts: ``make bench-gate``.

Time on a shared machine differs by half from run to run; the number of instructions that valgrind executes does not.
Two whole counts on a machine that had four times more to do than it has cores differ by 0.05 % at the most. What
differs between builds of Python and of the C library, compilers and processors is not known to be that small, so counts
are kept for each minor version of Python with the build and the processor that they are of; any other is told and not
judged.

The start is that of a conversion of one picture. Each format is counted without it, over 3,000 pictures: the first
1,000, which are looked through more closely, and the way that all others go.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tests.benchmarks.bench_data import write_beginning, write_bundle

from exportkit import native

COUNTS: Final = Path(__file__).with_name("instruction_counts.json")
#: Share by which a count may grow. Far above chance, below what a needless pass over the objects costs.
TOLERANCE: Final = 0.02
START: Final = "start"
SPECS: Final = ("yolo:task=detect", "yolo:task=segment", "voc", "csv:dialect=tfod", "coco")
_SCALE: Final = "3k"

Counts = dict[str, int]


def instructions(command: Sequence[str], folder: Path) -> int:
    """How many instructions the program executes, in its first process alone."""
    words = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", *command]
    # Names and values of the environment are copied at every start, and hashing decides the order of sets.
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"}
    ran = subprocess.run(words, capture_output=True, text=True, check=False, cwd=folder, env=environment)
    found = re.search(r"I\s+refs:\s+([\d,]+)", ran.stderr)
    if ran.returncode != 0 or found is None:
        raise SystemExit(f"{' '.join(command)} ended with {ran.returncode}: {ran.stderr[-500:]}")
    return int(found[1].replace(",", ""))


def counted() -> Counts:
    """Instructions of the start, and of each format beyond it."""
    with tempfile.TemporaryDirectory(prefix="exportkit-gate-", dir=_memory()) as name:
        folder = Path(name)
        write_bundle(folder / "whole", _SCALE)
        write_beginning(folder / "whole" / "bundle", folder / "first", 1)
        jobs = {START: _convert("first", SPECS[0], START)}
        jobs |= {spec: _convert("whole", spec, f"out-{number}") for number, spec in enumerate(SPECS)}
        # The first run of a checkout compiles its modules.
        subprocess.run(_convert("first", SPECS[0], "warm"), cwd=folder, check=True, capture_output=True, env=_bare())
        with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
            totals = dict(zip(jobs, pool.map(lambda job: instructions(job, folder), jobs.values()), strict=True))
    start = totals.pop(START)
    return {START: start, **{spec: total - start for spec, total in totals.items()}}


def _convert(of: str, spec: str, out: str) -> list[str]:
    words = ["--to", spec, "--media", "none", "--workers", "1", "-q", "-o", out]
    return [sys.executable, "-m", "exportkit", "convert", f"{of}/bundle", *words]


def _bare() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def build() -> str:
    """What the counts depend on beside this checkout and its locked packages."""
    compiler = shutil.which("cc") if native.core else None
    asked = [compiler, "-dumpfullversion"] if compiler else ["true"]
    core = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() or "nobody"
    python = f"Python {platform.python_version()} by {platform.python_compiler()}"
    libraries = f"{' '.join(platform.libc_ver())}, {platform.machine()} with {_abilities()}"
    return f"{python}, {libraries}, core by cc {core}"


def _abilities() -> str:
    """A short name of what the processor can do, by which libraries choose among their functions."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "unknown abilities"
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return f"abilities {hashlib.sha256(flags.encode()).hexdigest()[:8]}"


def grown(before: Mapping[str, int], now: Mapping[str, int]) -> list[str]:
    """Names of what takes more instructions than it may; what was never counted may take any."""
    return [name for name, count in now.items() if name in before and count > before[name] * (1 + TOLERANCE)]


def shrunk(before: Mapping[str, int], now: Mapping[str, int]) -> list[str]:
    """Names of what takes so much less that growing back would not be noticed."""
    return [name for name, count in now.items() if name in before and count < before[name] * (1 - TOLERANCE)]


def main() -> int:
    """Count and compare, or renew; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--renew", action="store_true", help="keep the counts of this Python as the committed ones")
    renew = parser.parse_args().renew
    if shutil.which("valgrind") is None:
        print("Instructions are not counted: valgrind is not installed.")
        return 0
    committed = json.loads(COUNTS.read_text(encoding="utf-8")) if COUNTS.is_file() else {}
    version, here = ".".join(platform.python_version_tuple()[:2]), build()
    known = committed.get(version, {"build": "", "counts": {}})
    if not renew and known["build"] != here:
        print(
            f"Instructions are not judged: the counts for {version} are of {known['build'] or 'no build'}, not {here}."
        )
        return 0
    now = counted()
    print(_table(known["counts"], now))
    if renew:
        committed[version] = {"build": here, "counts": now}
        COUNTS.write_text(json.dumps(committed, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        return 0
    if more := grown(known["counts"], now):
        print(
            f"More than {TOLERANCE:.0%} more instructions: {', '.join(more)}. If that is meant: make bench-gate-renew."
        )
        return 1
    if less := shrunk(known["counts"], now):
        print(f"More than {TOLERANCE:.0%} fewer: {', '.join(less)}. Keep it so with make bench-gate-renew.")
    return 0


def _table(before: Mapping[str, int], now: Mapping[str, int]) -> str:
    lines = ["| millions of instructions | committed | now | change |", "|---|---|---|---|"]
    for name, count in now.items():
        old = before.get(name)
        shown = ("–", "–") if old is None else (f"{old / 1e6:,.1f}", f"{count / old - 1:+.4%}")
        lines.append(f"| {name} | {shown[0]} | {count / 1e6:,.1f} | {shown[1]} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
