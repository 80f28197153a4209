"""What both heads of an export cost, as ratios in one run: to a bare loop, to the server's own scan, to synapse-sdk.

A server of this checkout is filled with rows that have payloads of 2 KB and no originals, and asked over loopback:

* the in-process head against a loop with aiohttp that fetches the same and throws it away;
* the in-process head, and a whole export with an exporter, against the in-process export of synapse-sdk with the same
  exporter, which is measured on fewer rows and scaled;
* the delegated head, from the order to the bundle in the run's folder, against the server's scan into JSON lines;
* the memory of either process, and what three times the rows add to it. Fewer rows would not do for that: their lists
  and jobs are over before all threads and connections are in use, which then looks like growth.

A second server has every payload behind a signed URL, which takes bulk answers, for a stream holds its payloads
itself; no bound is set for it. Where the time goes
is told by the CPU of client and server. synapse-sdk and aiohttp come in an environment of their own (made once).
``python -m tests.benchmarks.heads_against_sdk --data FOLDER``; 1 if a limit is broken.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.sdk.environment import sdk_python
from tests.sdk.existing import ExistingSdk, options_of
from tests.server.served import Announced, start

HERE = Path(__file__).parent
RECORDER = HERE.parents[1] / "fixtures" / "item_recorder"
#: How often the time of the other one each may take; growth is bytes a record, memory MiB.
LIMITS = {"in process / bare loop": 1.5, "delegated / scan": 2.0}
LEAST_SPEEDUP = 20.0
MOST_MEMORY, MOST_GROWTH = 150.0, 24.0
_MORE_ROWS = 3
_PAYLOAD_BYTES = 2048
_TICKS = os.sysconf("SC_CLK_TCK")


def write_bundle(folder: Path, records: int) -> Path:
    """A bundle of so many tasks, made once."""
    if not (folder / "manifest.json").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "tasks.jsonl").open("w", encoding="utf-8") as file:
            for number in range(1, records + 1):
                file.write(json.dumps(_row(number), separators=(",", ":")) + "\n")
        (folder / "manifest.json").write_text(json.dumps({"prefix": folder.name}), encoding="utf-8")
    return folder


def _row(number: int) -> dict[str, Any]:
    boxes: list[dict[str, Any]] = []
    payload = {"annotations": boxes}
    while len(json.dumps(payload, separators=(",", ":"))) < _PAYLOAD_BYTES:
        place = [number % 997 + 0.25, len(boxes) * 3, 14.5 + len(boxes), 20]
        boxes.append({"id": len(boxes) + 1, "category": f"class_{(number + len(boxes)) % 20}", "bbox": place})
    unit = {"id": number, "name": f"{number:07}.jpg", "width": 1920, "height": 1080}
    return {"id": number, "data": payload, "data_unit": unit}


@dataclass
class Cost:
    """One run: wall and CPU seconds of the client, CPU seconds of the server meanwhile, peak bytes of both."""

    seconds: float
    cpu: float
    peak: int
    server_cpu: float = 0.0
    server_peak: int = 0

    @property
    def limit(self) -> str:
        """What the time is limited by: whoever computes for most of it, else the wire between them."""
        client, server = self.cpu / self.seconds, self.server_cpu / self.seconds
        busiest = "client" if client > server else "server"
        word = busiest if max(client, server) > 0.7 else "waiting for the disk, the wire, or other programs"
        return f"{word} (client {client:.0%}, server {server:.0%} of one core)"


class Served:
    """A running server, and what its processes cost."""

    def __init__(self, backend: Announced, records: int, data: Path) -> None:
        self.backend = backend
        self.records = records
        self.data = data
        self._name = f"--data\0{data}\0".encode()
        self.loading_peak = self.peak

    def _pids(self) -> list[int]:
        """The server and its workers, which are its children."""
        stats = {}
        servers = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if self._name in (folder / "cmdline").read_bytes():
                    servers.append(int(folder.name))
                stats[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
        return servers + [pid for pid, parent in stats.items() if parent in servers and pid not in servers]

    @property
    def cpu(self) -> float:
        fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self._pids()]
        return sum(int(field[11]) + int(field[12]) for field in fields) / _TICKS

    @property
    def peak(self) -> int:
        """Bytes of its largest process since it was last forgotten."""
        lines = [line for pid in self._pids() for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
        return max(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))

    def forget_peak(self) -> None:
        """Let the peak begin anew, so that it is not that of loading the bundle."""
        for pid in self._pids():
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def measured(self, command: Sequence[str | Path], asked: dict[str, Any]) -> Cost:
        """Run a program that tells when it begins, and at its end its own cost; that of the server is added."""
        # Whoever asks for no byte code has every start compile all modules, which is not what is measured here.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        words = [str(word) for word in command]
        process = subprocess.Popen(words, stdin=-1, stdout=-1, text=True, env=environment)
        assert process.stdin is not None
        assert process.stdout is not None
        with process:
            process.stdin.write(json.dumps(asked))
            process.stdin.close()
            process.stdout.readline()  # it begins now
            self.forget_peak()
            before = self.cpu
            told = process.stdout.readline()
            server_cpu = self.cpu - before
        if process.returncode:
            raise SystemExit(f"{command[-1]} ended with {process.returncode}")
        found = json.loads(told)
        return Cost(found["seconds"], found["cpu"], found["peak"], server_cpu, self.peak)

    def params(self, path: str) -> dict[str, Any]:
        return {
            "name": "all",
            "path": path,
            "storage": self.backend.storage_id,
            "target": "task",
            "filter": self.backend.scope("task"),
            "save_original_file": False,
        }

    def head(self, *, delegated: bool, style: str = "auto") -> Cost:
        params = self.params("heads") | {"extra_params": {"export_acquisition": style}}
        asked = {"connection": asdict(self.backend), "params": params, "delegated": delegated}
        try:
            return self.measured([sys.executable, "-m", "tests.benchmarks.head_alone"], asked)
        finally:
            # A head alone publishes nothing, so that its run would be gone on with.
            shutil.rmtree(self.data / "storage" / "1" / "heads", ignore_errors=True)

    def bare_loop(self, *, presigned: bool) -> Cost:
        asked = {"connection": asdict(self.backend), "presigned": presigned}
        return self.measured([sdk_python(), "-I", HERE / "bare_loop.py"], asked)

    def scan(self) -> Cost:
        settings = {"data": str(self.data), "database": f"sqlite:///{self.data / 'exportkit.db'}"}
        out = self.data / "scan.jsonl"
        asked = {"settings": settings, "project_id": self.backend.project_id, "out": str(out)}
        try:
            return self.measured([sys.executable, "-m", "tests.benchmarks.server_scan"], asked)
        finally:
            out.unlink(missing_ok=True)

    def whole_export(self) -> float:
        """Seconds of a whole in-process export with the exporter that synapse-sdk is measured with."""
        backend = self.backend
        environment = {"SYNAPSE_HOST": backend.url, "SYNAPSE_ACCESS_TOKEN": backend.token}
        environment |= {"SYNAPSE_PLUGIN_RUN_TENANT": backend.tenant, "SYNAPSE_EXPORT_DISABLE_ASYNC_DELEGATE": "1"}
        words = ["run", "export", "--plugin", RECORDER, "-q", "--params", json.dumps(self.params("whole"))]
        begun = time.perf_counter()
        command = [sys.executable, "-m", "exportkit", *map(str, words)]
        subprocess.run(command, env=os.environ | environment, check=True, capture_output=True)
        seconds = time.perf_counter() - begun
        shutil.rmtree(self.data / "storage" / "1" / "whole")
        return seconds

    def sdk_export(self, sdk: ExistingSdk, records: int) -> float:
        """Seconds of an in-process export of the first rows by synapse-sdk."""
        params = self.params("sdk")
        params["filter"] |= {"ids": f"1-{records}"}
        options = options_of(self.backend)
        begun = time.perf_counter()
        result = sdk.do(
            "export", options=options, v2_options=options, plugin=str(RECORDER), params=params, delegated=False
        )
        seconds = time.perf_counter() - begun
        assert result["exported_count"] == records
        shutil.rmtree(self.data / "storage" / "1" / "sdk")
        return seconds


@contextmanager
def served(folder: Path, records: int, *, inline: int = 65_536) -> Iterator[Served]:
    """A server with so many rows, whose data stay in `folder`; payloads above `inline` bytes come behind URLs."""
    bundle = write_bundle(folder / f"bundle-{records}", records)
    environment = {"TASK_INLINE_MAX_BYTES": str(inline)}
    with (
        tempfile.TemporaryDirectory(prefix="exportkit-bench-", dir=folder) as data,
        start("--load", bundle, "--data", data, environment=environment) as served,
    ):
        yield Served(served.announced, records, Path(data))


def _programs(server: Served, rounds: int) -> list[Cost]:
    """The bare loop, the head in process, the scan and the delegated head, in turns."""
    turns = [
        (server.bare_loop(presigned=False), server.head(delegated=False), server.scan(), server.head(delegated=True))
        for _ in range(rounds)
    ]
    return [_least(costs) for costs in zip(*turns, strict=True)]


def compare_inline(server: Served, larger: Served, rounds: int) -> bool:
    """Print the rows of the first run; whether every limit is kept."""
    bare, near, scan, far = _programs(server, rounds)
    print("\n| | s | CPU s | CPU s of the server | limit |\n|---|---|---|---|---|")
    for title, cost in (("bare loop", bare), ("in process", near), ("scan", scan), ("delegated", far)):
        print(f"| {title} | {cost.seconds:.2f} | {cost.cpu:.2f} | {cost.server_cpu:.2f} | {cost.limit} |")
    ratios = {"in process / bare loop": near.seconds / bare.seconds, "delegated / scan": far.seconds / scan.seconds}
    print("\n| ratio | | at most |\n|---|---|---|")
    for title, ratio in ratios.items():
        print(f"| {title} | {ratio:.2f} | {LIMITS[title]} |")
    kept = all(ratio <= LIMITS[title] for title, ratio in ratios.items())
    print(f"\nThe server's peak while it loaded {server.records:,} rows: {server.loading_peak / 2**20:.0f} MiB")
    print("\n| memory | MiB | at most | bytes a record | at most |\n|---|---|---|---|---|")
    # A server grows with what it has done, too, so both do the same.
    _, near_more, _, far_more = _programs(larger, rounds)
    for title, many, more in (("in process", near, near_more), ("delegated", far, far_more)):
        for side, low, high in (("client", many.peak, more.peak), ("server", many.server_peak, more.server_peak)):
            growth = (high - low) / (larger.records - server.records)
            print(f"| {title}, {side} | {low / 2**20:.0f} | {MOST_MEMORY:.0f} | {growth:.1f} | {MOST_GROWTH:.0f} |")
            kept = kept and low / 2**20 <= MOST_MEMORY and growth <= MOST_GROWTH
    return kept


def compare_sdk(server: Served, head: float, records: int) -> bool:
    """Print the rows about synapse-sdk; whether the head is as much faster as it has to be."""
    with ExistingSdk.started(sdk_python()) as sdk:
        seconds = server.sdk_export(sdk, records)
    scaled = seconds * server.records / records
    print(f"\nsynapse-sdk exports {records:,} rows in {seconds:.1f} s, scaled to {server.records:,}: {scaled:.0f} s\n")
    print("| synapse-sdk in process / | times | at least |\n|---|---|---|")
    print(f"| our head | {scaled / head:.1f} | {LEAST_SPEEDUP:.0f} |")
    print(f"| our whole export with the same exporter | {scaled / server.whole_export():.1f} | |", flush=True)
    return scaled / head >= LEAST_SPEEDUP


def show_presigned(server: Served) -> None:
    """Print what it costs to fetch every payload by itself."""
    bare, near = server.bare_loop(presigned=True), server.head(delegated=False, style="bulk")
    print("\n| all payloads presigned | s | CPU s | CPU s of the server | limit |\n|---|---|---|---|---|")
    for title, cost in (("bare loop", bare), ("in process", near)):
        print(f"| {title} | {cost.seconds:.2f} | {cost.cpu:.2f} | {cost.server_cpu:.2f} | {cost.limit} |")
    print(f"\nin process / bare loop: {near.seconds / bare.seconds:.2f}", flush=True)


def _least(costs: Sequence[Cost]) -> Cost:
    """The run that was disturbed least; memory is that of the hungriest."""
    found = min(costs, key=lambda cost: cost.seconds)
    found.peak, found.server_peak = max(cost.peak for cost in costs), max(cost.server_peak for cost in costs)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print Markdown; 1 if a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder for generated data, made if absent")
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--sdk-records", type=int, default=5_000, help="rows that synapse-sdk exports")
    parser.add_argument("--presigned-records", type=int, default=100_000, help="0 leaves the second run out")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args(arguments)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; {time.strftime('%Y-%m-%d')}"
    )
    print(
        f"{given.records:,} rows, payloads of 2 KB inline, no originals; the best of {given.rounds} rounds", flush=True
    )
    with served(given.data, given.records) as many, served(given.data, given.records * _MORE_ROWS) as more:
        kept = compare_inline(many, more, given.rounds)
        kept = compare_sdk(many, many.head(delegated=False).seconds, given.sdk_records) and kept
    if given.presigned_records:
        with served(given.data, given.presigned_records, inline=0) as signed:
            show_presigned(signed)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
