"""The page and the plots of a run of the suite: nothing but its results in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from tests.benchmarks.suite.cases import TWO_WORKERS
from tests.benchmarks.suite.claims import claims, fitted, line_of_records, straightness
from tests.benchmarks.suite.plots import Bar, Group, bars, points
from tests.benchmarks.suite.results import Kept, Measurement, Results

__all__ = ["files_of", "table_of_claims"]

OURS: Final = "exportkit"
PAGE: Final = "measured.md"
_COMPARED: Final = ("yolo", "voc", "csv", "coco")
#: The load of a machine that does nothing else.
_IDLE: Final = 0.5
_PEER_SCALES: Final = ("118k", "20k", "1k")

_HEAD: Final = """# Measured

`make bench` wrote this page and its plots from [results.json](results.json); [Performance](../performance.md) tells how
the data are made and where the time goes. Figures of another run or another machine are not comparable; those of one
tool and another in this one are.

CPU and memory are those of the whole process tree, memory at its peak. Figures are medians; where a run takes longer
than ten seconds, and of other tools at the largest scale, it is one run. Everything is written to a memory file system
unless a disk is named. exportkit runs with everything on but the pictures: accounting, checks of what it wrote,
manifest with hashes. It reads the bundle; the others, but synapse-sdk, read the same objects as one COCO file.
"""
_KEPT: Final = """What is kept is counted by reading the datasets: objects, outlines, values of attributes (three an
object), and crowds, with how many of them are marked as such. YOLO detect and `tfod` have no place for outlines, for
attributes, or for a mark of crowds: exportkit leaves crowds out there and says so, since a trainer would take each for
one object.
"""


def files_of(results: Results) -> dict[str, str]:
    """Text of the page and of each plot, by file name."""
    plots = dict(_plots(results))
    return {PAGE: _page(results, plots), **plots}


def _page(results: Results, plots: Iterable[str]) -> str:
    blocks = [_HEAD, _circumstances(results), "## What is asked\n", table_of_claims(results)]
    scales = _scales_with_peers(results)
    if scales:
        blocks += ["## Side by side\n", _KEPT]
    for scale in scales:
        blocks += [f"### {results.pictures[scale]:,} pictures\n"]
        blocks += [f"![{name}]({name})\n" for name in plots if name.endswith(f"-{scale}.svg")]
        blocks += [table for work in _COMPARED if (table := _side_by_side(results, scale, work))]
    blocks += ["## exportkit alone\n", _alone(results)]
    if "records.svg" in plots:
        blocks += ["## From records to records\n", _line(results), "![records.svg](records.svg)\n"]
    return "\n".join(blocks)


def _circumstances(results: Results) -> str:
    machine = results.machine
    versions = ", ".join(f"{name} {number}" for name, number in results.versions.items())
    before, after = results.load
    busy = ": it was busy with other things" if before > _IDLE else ""
    place = f"{machine.processor}, {machine.cores} cores, {machine.memory}; {machine.system}; Python {machine.python}"
    lines = [
        f"{results.date}; {place}.",
        f"Load of the machine before the run {before}, at its end {after}{busy}.",
        f"{versions}.",
        *([f"**Not a whole run**, but one limited to: {results.limited_to}."] if results.limited_to else []),
        *(f"Left out: {name}: {why}." for name, why in results.absent.items()),
    ]
    return "".join(f"* {line}\n" for line in lines)


def table_of_claims(results: Results) -> str:
    """What is asked, what was found, and whether that is enough."""
    verdict: dict[bool | None, str] = {True: "yes", False: "**no**"}
    rows = [
        (
            one.what,
            one.asked,
            one.found or "–",
            verdict.get(one.holds, "asked at 118k" if one.found else "not measured"),
        )
        for one in claims(results)
    ]
    return _table(("", "asked", "found", "holds"), rows)


def _scales_with_peers(results: Results) -> list[str]:
    with_peers = {one.scale for one in results.measurements if one.tool != OURS and one.runs}
    return [scale for scale in _PEER_SCALES if scale in with_peers]


def _at(results: Results, scale: str, work: str) -> list[Measurement]:
    """exportkit first, the others from the fastest to the slowest, then those without figures."""
    found = [one for one in results.measurements if (one.scale, one.work, one.on_disk) == (scale, work, False)]
    return sorted(found, key=lambda one: (one.tool != OURS, not one.runs, one.wall))


def _name(one: Measurement) -> str:
    return f"{one.tool}, {one.engine}" if one.engine else one.tool


def _side_by_side(results: Results, scale: str, work: str) -> str:
    found = _at(results, scale, work)
    source = results.sources.get(scale)
    if not found or source is None:
        return ""
    ours = results.find(scale, work, OURS, TWO_WORKERS.name)
    rows = []
    for one in found:
        if not one.runs:
            rows.append((_name(one), one.left_out, *[""] * 9))
            continue
        times = f"{one.wall / ours.wall:.1f}" if ours else ""
        figures = (f"{one.cpu:.2f}", f"{one.wall:.2f}", times, f"{one.memory:,.0f}", f"{one.files:,}", _mb(one))
        rows.append((_name(one), *figures, *_kept(one.kept)))
    there = ("", "", "", "", "", "", *_kept(source))
    heads = ("CPU s", "wall s", "× 2 workers", "MiB", "files", "MB", "objects", "outlines", "attributes", "crowds")
    return _table((work, *heads), [("*the source*", *there), *rows])


def _kept(kept: Kept | None) -> tuple[str, str, str, str]:
    if kept is None:
        return "", "", "", ""
    crowds = f"{kept.crowds:,}" + (f", {kept.marked:,} marked" if kept.crowds else "")
    return f"{kept.objects:,}", f"{kept.polygons:,}", f"{kept.attributes:,}", crowds


def _mb(one: Measurement) -> str:
    return f"{one.bytes / 1e6:,.1f}"


def _alone(results: Results) -> str:
    ours = [one for one in results.measurements if one.tool == OURS]
    rows = []
    for one in ours:
        if not one.runs:
            rows.append((one.work, one.scale, one.engine, one.left_out, *[""] * 5))
            continue
        records = results.pictures[one.scale]
        place = one.engine + (", on a disk" if one.on_disk else "")
        figures = (f"{one.cpu:.2f}", f"{one.wall:.2f}", f"{records / one.wall:,.0f}", f"{one.memory:,.0f}")
        rows.append((one.work, one.scale, place, *figures, f"{one.files:,}", _mb(one)))
    return _table(("", "scale", "engine", "CPU s", "wall s", "records/s", "MiB", "files", "MB"), rows)


def _line(results: Results) -> str:
    line = line_of_records(results)
    records, cpu = [results.pictures[one.scale] for one in line], [one.cpu for one in line]
    slope, start = fitted(records, cpu)
    return (
        f"All four formats in one pass and one process: {start:.1f} s and {slope * 1e6:.0f} µs of CPU a record, "
        f"R² {straightness(records, cpu):.4f}.\n"
    )


def _plots(results: Results) -> Iterator[tuple[str, str]]:
    for scale in _scales_with_peers(results):
        pictures = f"{results.pictures[scale]:,} pictures"
        yield f"wall-{scale}.svg", bars(f"Wall time, {pictures}", "seconds", _groups(results, scale, "wall"))
        yield f"memory-{scale}.svg", bars(f"Peak memory, {pictures}", "MiB", _groups(results, scale, "memory"))
    line = line_of_records(results)
    if len(line) > 2:
        places = [(float(results.pictures[one.scale]), one.cpu) for one in line]
        fit = fitted([x for x, _ in places], [y for _, y in places])
        yield "records.svg", points("Four formats in one pass, one process", "records", "CPU s", places, fit)


def _groups(results: Results, scale: str, figure: str) -> list[Group]:
    groups = []
    for work in _COMPARED:
        found = [one for one in _at(results, scale, work) if one.runs]
        drawn = [Bar(_name(one), float(getattr(one, figure)), one.tool == OURS) for one in found]
        if drawn:
            groups.append(Group(work, drawn))
    return groups


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines) + "\n"
