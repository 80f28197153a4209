"""CPU and memory of the format exporter, as ratios to `exportkit convert` of the same bundle, in one run.

Both choose the number of their workers by themselves, as they do for users. Start-up is measured with a bundle of one
item and taken off, so that what counts is from the first item to publication. The commands run in turn, several times,
and the least CPU of each counts. ``make bench-floor`` runs it.
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
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.against_floor import bundle_of, convert, measured
from tests.benchmarks.scenes import SCALES

from exportkit.testing import tree_digest

#: How often the CPU of ``exportkit convert`` an export may take, and how far its memory may grow with an item.
LIMITS = {"in place": 1.10, "convert_data": 2.50}
MOST_BYTES = 24

_PLUGIN = """
from exportkit.actions import FormatExporter

class Same(FormatExporter):
    def convert_data(self, data):
        return data
"""
_CONFIG = "name: same\ncode: same\nversion: 1.0.0\ncategory: export\nactions: {export: {entrypoint: 'same:Same'}}\n"


class Way(NamedTuple):
    """One way from a bundle to the same dataset."""

    title: str
    plugin: Path | None


def export(bundle: Path, format_name: str, out: Path, plugin: Path | None) -> list[str]:
    """The command of an export; its dataset lies in ``out/a/b``."""
    name, _, options = format_name.partition(":")
    chosen = {"name": name, **dict(option.split("=") for option in options.split(",") if option)}
    params = {
        "name": "b",
        "path": "a",
        "storage": 1,
        "target": "task",
        "filter": {"project": 1},
        "save_original_file": False,
        "formats": [chosen],
    }
    words = ["--source", str(bundle), "-o", str(out), "--params", json.dumps(params), "-q"]
    if plugin is not None:
        words += ["--plugin", str(plugin)]
    return [sys.executable, "-m", "exportkit", "run", "export", *words]


class Rivals:
    """Runs both programs with new folders on a memory file system."""

    def __init__(self, data: Path, runs: int) -> None:
        memory = Path("/dev/shm")
        self._data = data
        self._runs = runs
        self._out = Path(tempfile.mkdtemp(prefix="exportkit-bench-", dir=memory if memory.is_dir() else None))
        plugin = self._out / "plugin"
        plugin.mkdir()
        (plugin / "same.py").write_text(_PLUGIN, encoding="utf-8")
        (plugin / "config.yaml").write_text(_CONFIG, encoding="utf-8")
        self._ways = (Way("convert", None), Way("in place", None), Way("convert_data", plugin))
        self._one = self._out / "one"
        self._one.mkdir()

    def close(self) -> None:
        """Remove every output."""
        shutil.rmtree(self._out, ignore_errors=True)

    def compare(self, scale: str, small: str, format_name: str) -> bool:
        """One row for each way; whether all keep their limits and make the same tree."""
        bundle, fewer = bundle_of(scale, self._data), bundle_of(small, self._data)
        self._take_one_item(bundle)
        items = SCALES[scale][0] - SCALES[small][0]
        cpu = {way.title: [float("inf"), float("inf")] for way in self._ways}
        growth: dict[str, float] = {}
        trees = {}
        for number in range(self._runs):
            for way in self._ways:
                start, whole = self._run(way, self._one, format_name), self._run(way, bundle, format_name)
                if number == 0:
                    low = self._run(way, fewer, format_name)
                    growth[way.title] = (whole[1] - low[1]) * (1 << 20) / items
                trees[way.title] = whole[2]
                cpu[way.title] = [min(cpu[way.title][0], start[0]), min(cpu[way.title][1], whole[0])]
        print(f"\n| {format_name}, {scale} | CPU s | start-up s | ratio | at most | bytes an item from {small} |")
        print("|---|---|---|---|---|---|")
        kept = len(set(trees.values())) == 1
        base = cpu["convert"][1] - cpu["convert"][0]
        for title, (start_up, all_of_it) in cpu.items():
            ratio, limit = (all_of_it - start_up) / base, LIMITS.get(title)
            kept = kept and (limit is None or (ratio <= limit and growth[title] <= MOST_BYTES))
            words = f"{limit:.2f}" if limit is not None else ""
            print(f"| {title} | {all_of_it:.2f} | {start_up:.2f} | {ratio:.2f} | {words} | {growth[title]:.1f} |")
        print("one tree" if len(set(trees.values())) == 1 else "DIFFERENT TREES", flush=True)
        return kept

    def _run(self, way: Way, bundle: Path, format_name: str) -> tuple[float, float, str]:
        """CPU seconds, peak memory in MiB and the tree."""
        out = self._out / "out"
        command = convert(bundle, format_name, out / "a" / "b", workers=0)
        if way.title != "convert":
            command = export(bundle, format_name, out, way.plugin)
        figures = measured(command)
        digest = tree_digest(out / "a" / "b")
        shutil.rmtree(out)
        return figures.cpu, figures.memory, digest

    def _take_one_item(self, bundle: Path) -> None:
        """A bundle of the first line of another."""
        with (bundle / "tasks.jsonl").open("rb") as file:
            (self._one / "tasks.jsonl").write_bytes(file.readline())


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print Markdown; 1 if a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder for generated data, made if absent")
    parser.add_argument("--scale", choices=SCALES, default="118k")
    parser.add_argument("--small", choices=SCALES, default="20k", help="where the growth of memory begins")
    parser.add_argument("--formats", default="yolo:task=detect coco", help="separated by blanks")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args(arguments)
    given.data.mkdir(parents=True, exist_ok=True)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; {time.strftime('%Y-%m-%d')}"
    )
    rivals = Rivals(given.data, given.runs)
    try:
        kept = [rivals.compare(given.scale, given.small, name) for name in given.formats.split()]
    finally:
        rivals.close()
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
