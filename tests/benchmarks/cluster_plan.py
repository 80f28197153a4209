"""An export on a cluster, on paper: how long it takes, what it costs, and what it waits for.

    python -m tests.benchmarks.cluster_plan
    python -m tests.benchmarks.cluster_plan --records 100000000 --machines 32 --files 5000 --format coco

Every shard is a job: a worker reads its lines, works, and writes; the first process takes the results in order, within
the window of the engine. Workers, the first process, and the storage (its bandwidth, and the files that it can make in
a second) are each busy with one thing at a time, and the busiest of them is the bottleneck. Costs of a record are those
of the conversion itself, measured on one core; those of the machines are assumptions, and options.
"""

from __future__ import annotations

import argparse
import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

__all__ = ["COSTS", "SCALES", "Costs", "Machines", "Plan", "planned", "table"]

#: Bytes of input in a shard, and of a line; pictures of 7.3 outlined objects (bench_data, ``outlines``).
_SHARD: Final = 4 << 20
_LINE: Final = 6_000
#: Keys of order and names, and the share of a record in what is kept of its shard.
_DRIVER_BYTES: Final = 24
_DRIVER_BASE: Final = 120 << 20
#: Bytes of a row of the survey, and of a line in the lists of files and pictures.
_ROW: Final = 150
_LISTED: Final = 280
#: Names that a job itself takes: its own, the mark of its machine, its result, and their removal.
_JOB_NAMES: Final = 8
#: Seconds in which the first process hands out a job and takes what is small of its result.
_TAKE: Final = 0.003
#: Microseconds a record of sorting keys and planning names.
_PLANNED: Final = 1.0
#: Bytes of pictures that a core copies and hashes in a second.
_HASHED: Final = 400e6
#: Seconds until a lost machine is seen to be lost.
_SEEN_AFTER: Final = 10.0
#: Shards of a round that are played.
_MOST: Final = 6_000


@dataclass(frozen=True)
class Costs:
    """What a record costs in one format: microseconds of one core, and bytes."""

    survey: float
    encode: float
    #: In the first process: taking the result of its shard, and its share of the last step.
    take: float
    finish: float
    #: Of the result that goes through the first process, and of the small files beside it.
    result: float
    files: float
    #: Small files that are made.
    made: int


#: CPU time of one core at 20,000 records, ``--media none``, on a machine that had other things to do as well.
COSTS: Final = {
    "yolo": Costs(survey=24, encode=193, take=2.3, finish=1.7, result=290, files=5_800, made=1),
    "voc": Costs(survey=23, encode=118, take=7.0, finish=1.3, result=1_630, files=5_450, made=1),
    "coco": Costs(survey=21, encode=136, take=8.5, finish=14.3, result=6_130, files=0, made=0),
}


@dataclass(frozen=True)
class Machines:
    """A cluster and its storage."""

    count: int
    cores: int = 4
    #: Dollars for an hour of one machine.
    price: float = 0.20
    #: Of the shared storage: bytes, and names made or moved, in a second.
    bandwidth: float = 1.25e9
    names: float = 20_000
    #: Bytes of one picture that are copied; 0 where pictures stay where they are.
    picture: float = 0
    #: Seconds in which one machine is lost, on average; 0: none is.
    loss_every: float = 24 * 3600
    #: What a task costs beside its work (measured), and the start and end of a cluster.
    task: float = 0.004
    start: float = 10


@dataclass(frozen=True)
class Plan:
    """What came of a simulation."""

    records: int
    format: str
    machines: int
    shards: int
    seconds: float
    #: Share of the time in which each part was busy.
    busy: dict[str, float]
    driver_bytes: float
    space: float
    dollars: float

    @property
    def bottleneck(self) -> str:
        return max(self.busy, key=lambda part: self.busy[part])


class _Line:
    """A part that does one thing after the other."""

    def __init__(self) -> None:
        self.free = 0.0
        self.busy = 0.0

    def take(self, ready: float, seconds: float) -> float:
        """When something is done that was ready at a moment and takes so long."""
        self.free = max(self.free, ready) + seconds
        self.busy += seconds
        return self.free


@dataclass(frozen=True)
class _Shard:
    """Seconds that a shard takes of each part."""

    read: float
    work: float
    write: float
    names: float
    take: float


class _Round:
    """All shards once, while time passes: workers, their storage, and the first process, which takes them in order."""

    def __init__(self, machines: Machines, shards: int, each: _Shard) -> None:
        self._each = each
        self._cores = machines.cores
        self._loss_every = machines.loss_every or float("inf")
        self._next_loss = self._loss_every
        self._shards = shards
        self._idle = machines.count * machines.cores
        self._room = 2 * self._idle + 2
        self._begun = self._taken = self._handed = 0
        self._done: set[int] = set()
        self._events: list[tuple[float, int, str]] = []
        self.workers = 0.0
        self.driver, self.bandwidth, self.names = _Line(), _Line(), _Line()

    def run(self) -> float:
        """The moment at which the last result was taken."""
        now = 0.0
        self._begin(now)
        while self._events:
            now, shard, what = heapq.heappop(self._events)
            getattr(self, f"_{what}")(now, shard)
        return now

    def _next(self, moment: float, shard: int, what: str) -> None:
        heapq.heappush(self._events, (moment, shard, what))

    def _begin(self, now: float) -> None:
        while self._idle and self._begun < self._shards and self._begun < self._taken + self._room:
            self._idle -= 1
            self._next(self.bandwidth.take(now, self._each.read), self._begun, "work")
            self._begun += 1

    def _work(self, now: float, shard: int) -> None:
        seconds = self._each.work
        if now > self._next_loss:
            # Every core of a machine does its shard again, half done on average, once the loss is seen.
            self._next_loss += self._loss_every
            self.workers += seconds / 2 * self._cores
            now += seconds / 2 + _SEEN_AFTER
        self.workers += seconds
        self._next(now + seconds, shard, "write")

    def _write(self, now: float, shard: int) -> None:
        self._next(self.bandwidth.take(now, self._each.write), shard, "name")

    def _name(self, now: float, shard: int) -> None:
        self._next(self.names.take(now, self._each.names), shard, "finish")

    def _finish(self, now: float, shard: int) -> None:
        self._idle += 1
        self._done.add(shard)
        while self._handed in self._done:
            self._done.remove(self._handed)
            self._next(self.driver.take(now, self._each.take), self._handed, "take")
            self._handed += 1
        self._begin(now)

    def _take(self, now: float, shard: int) -> None:
        self._taken = shard + 1
        self._begin(now)


class _Busy:
    """How long each part was busy in all rounds."""

    def __init__(self, machines: Machines) -> None:
        self._machines = machines
        self.seconds = dict.fromkeys(("processors", "first process", "bandwidth", "names"), 0.0)

    def round(self, shards: int, each: _Shard) -> float:
        """How long a round takes. Of a long one a part is played, which is as good as the whole."""
        played = min(shards, _MOST)
        found = _Round(self._machines, played, each)
        seconds, times = found.run(), shards / played
        cores = self._machines.count * self._machines.cores
        for part, busy in (
            ("processors", found.workers / cores),
            ("first process", found.driver.busy),
            ("bandwidth", found.bandwidth.busy),
            ("names", found.names.busy),
        ):
            self.seconds[part] += busy * times
        return seconds * times

    def alone(self, seconds: float) -> float:
        """The first process works while all others wait."""
        self.seconds["first process"] += seconds
        return seconds


def planned(records: int, format_: str, machines: Machines, costs: Costs | None = None) -> Plan:
    """Simulate survey and encoding of so many records, and the steps that the first process does alone."""
    each = costs or COSTS[format_]
    shards = max(1, -(-records * _LINE // _SHARD))
    in_shard = records / shards
    micro = in_shard * 1e-6
    written = each.files + each.result + machines.picture
    survey = _Shard(
        read=in_shard * _LINE / machines.bandwidth,
        work=each.survey * micro + machines.task,
        write=in_shard * _ROW / machines.bandwidth,
        names=_JOB_NAMES / machines.names,
        take=_TAKE,
    )
    encoding = _Shard(
        read=in_shard * (_LINE + _ROW + machines.picture) / machines.bandwidth,
        work=each.encode * micro + machines.picture * in_shard / _HASHED + machines.task,
        write=in_shard * written / machines.bandwidth,
        # A name in the folder of the attempt, and its move.
        names=(in_shard * 2 * (each.made + (machines.picture > 0)) + _JOB_NAMES) / machines.names,
        take=_TAKE + each.take * micro + in_shard * each.result * 2 / machines.bandwidth,
    )
    busy = _Busy(machines)
    end = 2 * machines.start + busy.round(shards, survey) + busy.alone(records * _PLANNED * 1e-6)
    end += busy.round(shards, encoding) + busy.alone(records * each.finish * 1e-6)
    return Plan(
        records=records,
        format=format_,
        machines=machines.count,
        shards=shards,
        seconds=end,
        busy={part: seconds / end for part, seconds in busy.seconds.items()},
        driver_bytes=_DRIVER_BASE + _DRIVER_BYTES * records,
        space=records * (written + _LISTED),
        dollars=end / 3600 * machines.count * machines.price,
    )


#: Records and machines.
SCALES: Final = (
    (1_000_000, 1),
    (10_000_000, 1),
    (10_000_000, 4),
    (100_000_000, 1),
    (100_000_000, 4),
    (100_000_000, 16),
)


def plans(machines: Machines, formats: Sequence[str] = ("coco", "yolo")) -> Iterator[Plan]:
    """Every scale in every format, then what changes at the largest one."""
    for records, count in SCALES:
        for format_ in formats:
            yield planned(records, format_, replace(machines, count=count))


def table(rows: Sequence[Plan]) -> str:
    """The plans as a table in Markdown."""
    head = "Records", "Format", "Machines", "Shards", "Hours", "Dollars", "First process", "Output", "Waits for"
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for plan in rows:
        busy = plan.busy[plan.bottleneck]
        cells = (
            f"{plan.records:,}", plan.format, str(plan.machines), f"{plan.shards:,}", f"{plan.seconds / 3600:.2f}",
            f"{plan.dollars:.2f}", f"{plan.driver_bytes / 1e9:.1f} GB", _size(plan.space),
            f"{plan.bottleneck} ({busy:.0%})",
        )  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _size(count: float) -> str:
    return f"{count / 1e12:.1f} TB" if count >= 1e12 else f"{count / 1e9:.0f} GB"


def what_if(machines: Machines) -> Iterator[tuple[str, Plan]]:
    """What changes at 100 million records on 16 machines."""
    base = replace(machines, count=16)
    cases = (
        ("as above", base),
        ("storage makes 2,000 names a second (one NFS server)", replace(base, names=2_000)),
        ("storage makes 100,000 names a second", replace(base, names=100_000)),
        ("pictures of 300 kB are copied", replace(base, picture=300_000)),
        ("… over 10 times the bandwidth", replace(base, picture=300_000, bandwidth=12.5e9)),
        ("a machine is lost every ten minutes", replace(base, loss_every=600)),
    )
    for name, changed in cases:
        yield name, planned(100_000_000, "yolo", changed)


def changes(machines: Machines) -> str:
    """The table of what changes."""
    lines = ["| 100 million records as YOLO, 16 machines | Hours | Dollars | Waits for |", "|---|---|---|---|"]
    for name, plan in what_if(machines):
        busy = f"{plan.bottleneck} ({plan.busy[plan.bottleneck]:.0%})"
        lines.append(f"| {name} | {plan.seconds / 3600:.2f} | {plan.dollars:.2f} | {busy} |")
    return "\n".join(lines)


def page_tables(machines: Machines | None = None) -> dict[str, str]:
    """The tables of the how-to page, by the names that it gives them."""
    assumed = machines or Machines(16)
    return {"scales": table([*plans(assumed)]), "changes": changes(assumed)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, help="with it one plan, else the tables of the page")
    parser.add_argument("--format", choices=sorted(COSTS), default="yolo")
    parser.add_argument("--machines", type=int, default=16)
    parser.add_argument("--cores", type=int, default=4)
    parser.add_argument("--price", type=float, default=0.20, help="dollars for an hour of one machine")
    parser.add_argument("--bandwidth", type=float, default=1.25e9, help="bytes a second of the shared storage")
    parser.add_argument("--files", type=float, default=20_000, help="names that it makes or moves in a second")
    parser.add_argument("--picture", type=float, default=0, help="bytes of each picture, where they are copied")
    given = parser.parse_args()
    machines = Machines(given.machines, given.cores, given.price, given.bandwidth, given.files, given.picture)
    if given.records:
        print(table([planned(given.records, given.format, machines)]))
    else:
        print(*page_tables(machines).values(), sep="\n\n")


if __name__ == "__main__":
    main()
