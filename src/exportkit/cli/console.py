"""Talk on stderr: progress on a terminal, plain lines otherwise."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Advance", "progress"]

Advance = Callable[[str, int, int], None]
_TITLES = {"survey": "Survey", "encode": "Convert"}


@contextmanager
def progress(*, quiet: bool) -> Iterator[Advance]:
    """A function that takes (stage, bytes just done, bytes in all) and shows it to a person."""
    if quiet:
        yield lambda _stage, _done, _total: None
    elif sys.stderr.isatty():
        with _bars() as advance:
            yield advance
    else:
        yield _lines()


@contextmanager
def _bars() -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description:8}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    bars = Progress(*columns, console=Console(stderr=True), transient=True)
    tasks: dict[str, TaskID] = {}

    def advance(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = bars.add_task(_TITLES.get(stage, stage), total=total)
            # Not before there is something to show: workers are forks only while this process has no other thread.
            bars.start()
        bars.advance(tasks[stage], done)

    try:
        yield advance
    finally:
        bars.stop()


def _lines() -> Advance:
    sums: dict[str, int] = {}
    said: dict[str, int] = {}

    def advance(stage: str, done: int, total: int) -> None:
        sums[stage] = sums.get(stage, 0) + done
        tenth = 10 * sums[stage] // total if total else 10
        if tenth > said.get(stage, 0) and total > 64 << 20:
            said[stage] = tenth
            sys.stderr.write(f"{_TITLES.get(stage, stage)}: {min(100, 10 * tenth)} %\n")

    return advance
