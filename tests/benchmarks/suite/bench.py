"""Which commands a run of the suite consists of, in which order."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tests.benchmarks.suite.cases import ALL_FOUR, ENGINES, PEERS, SCALES_OF_LINE, WORKS, Engine, Work
from tests.benchmarks.suite.machine import free_bytes, this_machine
from tests.benchmarks.suite.material import Material, pictures_of
from tests.benchmarks.suite.results import Kept, Measurement, Results
from tests.benchmarks.suite.runner import Contender, Outputs, take_turns

__all__ = ["OURS", "Bench", "Limits"]

OURS: Final = "exportkit"
#: Scales at which the others are run; the largest is for exportkit alone.
PEER_SCALES: Final = ("20k", "118k")
LARGEST: Final = "1m"
#: Bytes that a record takes on a file system: the most of one format, and of all four together.
_ONE_FORMAT, _FOUR_FORMATS = 12_000, 21_000
#: Seconds after which another tool is ended; the second is for the largest scale that they are run at.
_PATIENCE: Final = (120.0, 300.0)
#: A run of ours that takes too long is a finding, so this is for one that hangs.
_OWN_PATIENCE: Final = 3600.0


@dataclass(frozen=True)
class Limits:
    """What a run is limited to; empty is everything."""

    scales: Sequence[str] = ()
    works: Sequence[str] = ()
    tools: Sequence[str] = ()
    runs: int = 3
    line: bool = True

    @property
    def whole(self) -> bool:
        """Nothing is left out."""
        return self == Limits()

    def told(self) -> str:
        """What it is limited to, in words; empty for a whole run."""
        some = [", ".join(names) for names in (self.scales, self.works, self.tools) if names]
        once = [f"{self.runs} of 3 runs"] if self.runs != Limits.runs else []
        return "; ".join([*some, *once, *([] if self.line else ["no growth to 1m"])])

    def has(self, tool: str) -> bool:
        """Whether a tool takes part."""
        return not self.tools or tool in self.tools


class Bench:
    """One run of the suite; ``changed`` is called whenever results were added."""

    def __init__(self, material: Material, limits: Limits, changed: Callable[[Results], None]) -> None:
        self._material = material
        self._limits = limits
        self._changed = changed
        self._engines: list[Engine] = []
        self._results = Results(time.strftime("%Y-%m-%d"), this_machine(), limited_to=limits.told())

    def run(self, disk: Path) -> Results:
        """Measure all; ``disk`` is a folder on a real file system."""
        before = os.getloadavg()[0]
        self._take_stock()
        if self._limits.line and self._limits.has(OURS):
            self._line(disk)
        outputs = Outputs()
        try:
            for scale in self._limits.scales or ("1k", *PEER_SCALES, LARGEST):
                self._scale(scale, outputs)
        finally:
            outputs.close()
        self._results.load = (round(before, 1), round(os.getloadavg()[0], 1))
        self._changed(self._results)
        return self._results

    def _take_stock(self) -> None:
        """Who is here, in which version."""
        self._results.versions[OURS] = version(OURS)
        for engine in ENGINES:
            if engine.why_not:
                self._results.absent[f"{OURS} on {engine.name}"] = engine.why_not
            else:
                self._engines.append(engine)
        for peer in PEERS:
            if not self._limits.has(peer.name):
                continue
            if found := peer.version():
                self._results.versions[peer.name] = found
            else:
                self._results.absent[peer.name] = "not installed; `make bench-peers` installs it"

    def _scale(self, scale: str, outputs: Outputs) -> None:
        self._note_scale(scale)
        if scale != LARGEST:
            self._results.sources[scale] = self._material.source(scale).whole
        elif lack := _lack(outputs.place, "memory", _ONE_FORMAT * pictures_of(scale)):
            self._results.absent[f"{OURS} at {scale}"] = lack
            return
        for work in WORKS.values():
            if self._limits.works and work.name not in self._limits.works:
                continue
            if scale == LARGEST and not work.compared:
                continue
            contenders = [*self._ours(scale, work), *self._peers(scale, work)]
            self._add(take_turns(contenders, outputs, self._count))

    def _ours(self, scale: str, work: Work) -> Iterator[Contender]:
        if not self._limits.has(OURS):
            return
        bundle = self._material.bundle(scale, work.shape)
        for engine in self._engines:
            title = Measurement(scale=scale, work=work.name, tool=OURS, engine=engine.name)
            runs = 1 if scale == LARGEST else self._limits.runs
            yield _ours(engine, bundle, work, title, runs)

    def _peers(self, scale: str, work: Work) -> Iterator[Contender]:
        named = bool(self._limits.tools) and scale != LARGEST
        if not work.compared or not (named or scale in PEER_SCALES):
            return
        data = self._material.of_peers(scale)
        for peer in PEERS:
            if peer.name not in self._results.versions or work.name not in peer.works:
                continue
            title = Measurement(scale=scale, work=work.name, tool=peer.name)
            if foreseen := self._foreseen(title):
                self._add([foreseen])
                continue
            largest = scale == PEER_SCALES[-1]
            command = partial(peer.command, data, work.name)
            yield Contender(title, command, 1 if largest else self._limits.runs, seconds=_PATIENCE[largest])

    def _foreseen(self, title: Measurement) -> Measurement | None:
        """A run that would reach the limit, judged by the one at the smaller scale, is not begun."""
        if title.scale != PEER_SCALES[-1]:
            return None
        smaller = PEER_SCALES[0]
        before = self._results.find(smaller, title.work, title.tool)
        failed = any(
            one.left_out and (one.scale, one.work, one.tool) == (smaller, title.work, title.tool)
            for one in self._results.measurements
        )
        growth = pictures_of(title.scale) / pictures_of(smaller)
        if failed:
            reason = f"not run: it failed at {smaller}"
        elif before and before.wall * growth > _PATIENCE[-1]:
            reason = f"not run: {before.wall:.0f} s at {smaller}, so more than {_PATIENCE[-1]:.0f} s here"
        else:
            return None
        return Measurement(scale=title.scale, work=title.work, tool=title.tool, left_out=reason)

    def _count(self, contender: Contender, out: Path) -> Kept | None:
        title = contender.title
        # All engines give one tree, which the tests of parity prove.
        ours_again = title.tool == OURS and title.engine != self._engines[0].name
        if not WORKS[title.work].compared or title.scale == LARGEST or ours_again:
            return None
        return self._material.source(title.scale).kept(title.work, out)

    def _line(self, disk: Path) -> None:
        """All four formats in one pass at growing scales, on one file system; nothing is deleted until the end."""
        bundles = {scale: self._material.bundle(scale) for scale in SCALES_OF_LINE}
        if lack := _lack(disk, "the disk", _FOUR_FORMATS * sum(map(pictures_of, SCALES_OF_LINE))):
            self._results.absent[f"{OURS} from {SCALES_OF_LINE[0]} to {SCALES_OF_LINE[-1]}"] = lack
            return
        outputs = Outputs(disk)
        engine = self._engines[0]
        try:
            for scale, bundle in bundles.items():
                self._note_scale(scale)
                title = Measurement(scale=scale, work=ALL_FOUR.name, tool=OURS, engine=engine.name, on_disk=True)
                one = _ours(engine, bundle, ALL_FOUR, title, runs=1)
                self._add(take_turns([one], outputs, lambda *_: None, keep=True))
        finally:
            outputs.close()

    def _note_scale(self, scale: str) -> None:
        self._results.pictures[scale] = pictures_of(scale)

    def _add(self, measurements: Sequence[Measurement]) -> None:
        self._results.measurements += measurements
        self._changed(self._results)


def _ours(engine: Engine, bundle: Path, work: Work, title: Measurement, runs: int) -> Contender:
    def command(out: Path) -> list[str]:
        return engine.command(bundle, work, out / "dataset")

    return Contender(title, command, runs, engine.environment, _OWN_PATIENCE)


def _lack(place: Path, kind: str, needed: int) -> str:
    free = free_bytes(place)
    return "" if free >= needed else f"takes {needed / 1e9:.0f} GB of {kind}, of which {free / 1e9:.0f} GB are free"
