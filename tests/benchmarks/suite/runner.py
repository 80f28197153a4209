"""Runs commands in turn, each with a new folder for its output, and makes one measurement of the runs of each."""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from tests.benchmarks.suite.results import Kept, Measurement

__all__ = ["Contender", "Outputs", "Reading", "measured", "take_turns"]

#: Seconds and MiB at which a run is ended: a tool that needs more is named, and does not hold up the others.
MOST_SECONDS: Final = 300.0
MOST_MEBIBYTES: Final = 12 * 1024.0
_PATH: Final = re.compile(r"(?<![\w.])/[^\s'\"]+")
#: Who took longer once is not asked again: chance matters less the longer a run takes.
_LONG: Final = 10.0


class Reading(NamedTuple):
    """One run of a command: seconds and MiB of its whole process tree, and why it failed, if it did."""

    cpu: float
    wall: float
    memory: float
    failed: str


class Outputs:
    """New folders, on a memory file system unless another place is named; all gone in the end.

    A folder is never used twice: some file systems are slow where much has just been deleted.
    """

    def __init__(self, place: Path | None = None) -> None:
        memory = Path("/dev/shm")
        self.place = place or (memory if memory.is_dir() else Path(tempfile.gettempdir()))
        self._folder = Path(tempfile.mkdtemp(prefix="exportkit-bench-", dir=self.place))
        self._count = 0

    def new(self) -> Path:
        """An empty folder."""
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        return folder

    def close(self) -> None:
        """Remove them all."""
        shutil.rmtree(self._folder, ignore_errors=True)


@dataclass(frozen=True)
class Contender:
    """Who does a work, and how often it is asked."""

    #: What the measurement is filled into: scale, work, tool, engine.
    title: Measurement
    command: Callable[[Path], Sequence[str]]
    runs: int = 3
    environment: Mapping[str, str] = field(default_factory=dict)
    seconds: float = MOST_SECONDS


def measured(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    seconds: float = MOST_SECONDS,
    mebibytes: float = MOST_MEBIBYTES,
) -> Reading:
    """Run a command to its end, or to a limit."""
    script = str(Path(__file__).with_name("process_tree.py"))
    # Whoever asks for no byte code has every start compile all modules, which is not what is measured here.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    ran = subprocess.run(
        [sys.executable, "-I", "-S", script, str(seconds), str(mebibytes), *command],
        capture_output=True,
        text=True,
        errors="replace",
        check=True,
        env={**kept, **(environment or {})},
    )
    answer = json.loads(ran.stdout.splitlines()[-1])
    failed = ""
    if answer["stopped"]:
        failed = f"over {seconds:.0f} s" if answer["stopped"] == "time" else f"over {mebibytes / 1024:.0f} GiB"
    elif answer["status"]:
        told = (ran.stderr.strip().splitlines() or [""])[-1]
        # Where things lie on this machine is nothing for a page.
        failed = f"ended with {answer['status']}: {_PATH.sub('…', told)[:200]}"
    return Reading(answer["cpu"], answer["wall"], answer["memory"], failed)


def take_turns(
    contenders: Sequence[Contender],
    outputs: Outputs,
    kept: Callable[[Contender, Path], Kept | None],
    keep: bool = False,
) -> list[Measurement]:
    """Measure all, round by round, so that what else the machine does meets all alike.

    ``kept`` counts what is in the first output of each. Outputs are removed at once unless they are to be kept.
    """
    readings: dict[int, list[Reading]] = {at: [] for at in range(len(contenders))}
    written: dict[int, tuple[int, int, Kept | None]] = {}
    for turn in range(max((one.runs for one in contenders), default=0)):
        for at, one in enumerate(contenders):
            before = readings[at]
            if turn >= one.runs or (before and (before[0].failed or before[0].wall > _LONG)):
                continue
            out = outputs.new()
            reading = measured(one.command(out), one.environment, one.seconds)
            before.append(reading)
            if not reading.failed and at not in written:
                written[at] = (*_size(out), kept(one, out))
            if not keep:
                shutil.rmtree(out)
            _tell(one.title, reading)
    return [
        _summary(one.title, readings[at], written[at]) if at in written else _failure(one.title, readings[at])
        for at, one in enumerate(contenders)
    ]


def _size(folder: Path) -> tuple[int, int]:
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return len(sizes), sum(sizes)


def _summary(title: Measurement, all_readings: Sequence[Reading], written: tuple[int, int, Kept | None]) -> Measurement:
    readings = [reading for reading in all_readings if not reading.failed]
    files, size, kept = written
    return Measurement(
        scale=title.scale,
        work=title.work,
        tool=title.tool,
        engine=title.engine,
        on_disk=title.on_disk,
        runs=len(readings),
        cpu=round(statistics.median(reading.cpu for reading in readings), 3),
        wall=round(statistics.median(reading.wall for reading in readings), 3),
        memory=round(statistics.median(reading.memory for reading in readings), 2),
        files=files,
        bytes=size,
        kept=kept,
    )


def _failure(title: Measurement, readings: Sequence[Reading]) -> Measurement:
    return Measurement(
        scale=title.scale,
        work=title.work,
        tool=title.tool,
        engine=title.engine,
        on_disk=title.on_disk,
        left_out=readings[0].failed if readings else "not run",
    )


def _tell(title: Measurement, reading: Reading) -> None:
    figures = f"{reading.cpu:.2f} CPU s, {reading.wall:.2f} s, {reading.memory:.0f} MiB"
    name = " ".join(filter(None, (title.scale, title.work + ":", title.tool, title.engine)))
    print(f"{name} {reading.failed or figures}", file=sys.stderr, flush=True)
