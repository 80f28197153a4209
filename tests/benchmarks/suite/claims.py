"""What is asked of exportkit beside other tools and at large scales, and whether a run of the suite bears it out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tests.benchmarks.suite.cases import ALL_FOUR, ONE_PROCESS, PEERS, SCALES_OF_LINE, TWO_WORKERS, WORKS
from tests.benchmarks.suite.results import Measurement, Results

__all__ = ["Claim", "claims", "fitted", "line_of_records", "straightness"]

OURS: Final = "exportkit"
#: How many times faster two workers have to be than another tool.
_FASTER: Final = {
    "yolo": {"datumaro": 18, "ultralytics": 12, "globox": 12, "labelformat": 9, "synapse-sdk": 9},
    "coco": {"datumaro": 20, "labelformat": 7, "globox": 7},
}
#: Of these, every work that they can do has to be done sooner.
_AHEAD_OF: Final = ("panlabel", "hotcoco")
_LESS_MEMORY: Final = 35
_MOST_BYTES: Final = 24
_LEAST_STRAIGHTNESS: Final = 0.99
#: Ratios are those of the largest scale at which both were measured. What is asked is asked at the first: at smaller
#: ones the start of the programs counts, and what others hold in memory is small.
_COMPARED_AT: Final = ("118k", "20k", "1k")


@dataclass(frozen=True)
class Claim:
    """One line of what is asked; ``holds`` is None where it was not measured, or not at the scale that is asked."""

    what: str
    asked: str
    found: str
    holds: bool | None


def claims(results: Results) -> list[Claim]:
    """All that is asked, in a fixed order."""
    return [*_speed(results), *_memory(results), *_scale(results)]


def pair(results: Results, work: str, tool: str, engine: str) -> tuple[Measurement, Measurement] | None:
    """A tool and exportkit at the largest scale at which both were measured."""
    for scale in _COMPARED_AT:
        theirs, ours = results.find(scale, work, tool), results.find(scale, work, OURS, engine)
        if theirs and ours:
            return theirs, ours
    return None


def _speed(results: Results) -> Iterator[Claim]:
    for work in WORKS.values():
        for peer in PEERS:
            least = _FASTER.get(work.name, {}).get(peer.name)
            if work.name not in peer.works or (least is None and peer.name not in _AHEAD_OF):
                continue
            what = f"{work.name}: wall time of {peer.name} over that of exportkit with 2 workers"
            asked = f"≥ {least}" if least else "> 1"
            found = pair(results, work.name, peer.name, TWO_WORKERS.name)
            if found is None:
                yield Claim(what, asked, "", None)
                continue
            theirs, ours = found
            ratio = theirs.wall / ours.wall
            shown = f"{ratio:.1f} at {ours.scale} (CPU {theirs.cpu / ours.cpu:.1f})"
            yield Claim(what, asked, shown, _judged(ours, ratio >= least if least else ratio > 1))


def _memory(results: Results) -> Iterator[Claim]:
    for peer in PEERS:
        if not peer.in_memory:
            continue
        what = f"memory of {peer.name} over that of exportkit in 1 process, at the least"
        found = [pair(results, work, peer.name, ONE_PROCESS.name) for work in peer.works]
        pairs = sorted(filter(None, found), key=lambda both: _COMPARED_AT.index(both[1].scale))
        if not pairs:
            yield Claim(what, f"≥ {_LESS_MEMORY}", "", None)
            continue
        largest = (both for both in pairs if both[1].scale == pairs[0][1].scale)
        ratio, ours = min(((theirs.memory / ours.memory, ours) for theirs, ours in largest), key=lambda one: one[0])
        shown = f"{ratio:.1f} at {ours.scale} ({ours.work})"
        yield Claim(what, f"≥ {_LESS_MEMORY}", shown, _judged(ours, ratio >= _LESS_MEMORY))


def _judged(ours: Measurement, holds: bool) -> bool | None:
    return holds if ours.scale == _COMPARED_AT[0] else None


def line_of_records(results: Results) -> list[Measurement]:
    """All four formats in one pass and one process, by growing scale."""
    line = (results.find(scale, ALL_FOUR.name, OURS, ONE_PROCESS.name, on_disk=True) for scale in SCALES_OF_LINE)
    return [one for one in line if one]


def _scale(results: Results) -> Iterator[Claim]:
    line = line_of_records(results)
    whole = len(line) == len(SCALES_OF_LINE)
    what = f"all four formats in one pass, from {SCALES_OF_LINE[0]} to {SCALES_OF_LINE[-1]}: "
    growth, fit = "", 0.0
    share = 0.0
    if whole:
        records = [results.pictures[one.scale] for one in line]
        share = (line[-1].memory - line[0].memory) * (1 << 20) / (records[-1] - records[0])
        growth = f"{share:.1f}"
        fit = straightness(records, [one.cpu for one in line])
    yield Claim(what + "bytes of memory a record", f"≤ {_MOST_BYTES}", growth, share <= _MOST_BYTES if whole else None)
    yield Claim(
        what + "R² of CPU over records",
        f"≥ {_LEAST_STRAIGHTNESS}",
        f"{fit:.4f}" if whole else "",
        fit >= _LEAST_STRAIGHTNESS if whole else None,
    )


def straightness(xs: Sequence[float], ys: Sequence[float]) -> float:
    """R² of the straight line of least squares."""
    slope, start = fitted(xs, ys)
    mean = sum(ys) / len(ys)
    rest = sum((y - start - slope * x) ** 2 for x, y in zip(xs, ys, strict=True))
    return 1 - rest / sum((y - mean) ** 2 for y in ys)


def fitted(xs: Sequence[float], ys: Sequence[float]) -> tuple[float, float]:
    """Slope and start of the straight line of least squares."""
    middle_x, middle_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - middle_x) ** 2 for x in xs)
    slope = sum((x - middle_x) * (y - middle_y) for x, y in zip(xs, ys, strict=True)) / spread
    return slope, middle_y - slope * middle_x
