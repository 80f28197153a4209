"""Measures exportkit in all formats, engines and sizes, other tools beside it, and writes a page of it.

    python -m tests.benchmarks.suite --data FOLDER [--scale 20k] [--work yolo,coco] [--tool exportkit,datumaro]

A whole run writes results, page and plots into docs/explanation/performance; a limited one into dist/bench, since its
figures are not those of one run. ``--page-only`` writes page and plots anew from the results that are there.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.suite.bench import OURS, Bench, Limits
from tests.benchmarks.suite.cases import PEERS, WORKS
from tests.benchmarks.suite.material import Material
from tests.benchmarks.suite.page import files_of, table_of_claims
from tests.benchmarks.suite.results import Results, load, save

CHECKOUT = Path(__file__).resolve().parents[3]
PUBLISHED = CHECKOUT / "docs" / "explanation" / "performance"
SCALES = ("1k", "20k", "118k", "1m")


def main() -> None:
    """Run what the arguments name."""
    # However it is stopped, it removes what it has written.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    arguments = _parser().parse_args()
    limits = Limits(arguments.scale, arguments.work, arguments.tool, arguments.runs, not arguments.no_line)
    into: Path = arguments.into or (PUBLISHED if limits.whole or arguments.page_only else CHECKOUT / "dist" / "bench")
    if sys.platform != "linux":
        raise SystemExit("What a process tree uses is read from /proc, which only Linux has.")
    if arguments.page_only:
        if not (into / "results.json").is_file():
            raise SystemExit(f"{into} holds no results.json to write a page of; --into names another folder.")
        _write(load(into / "results.json"), into)
        return
    # What is measured stays, should a later command fail.
    bench = Bench(Material(arguments.data), limits, changed=lambda found: save(found, into / "results.json"))
    results = bench.run(disk=arguments.data)
    _write(results, into)
    print(table_of_claims(results))
    for name, why in results.absent.items():
        print(f"Left out: {name}: {why}.")
    print(f"The whole page is {into / 'measured.md'}.")


def _write(results: Results, into: Path) -> None:
    for old in into.glob("*.svg"):
        old.unlink()
    for name, text in files_of(results).items():
        (into / name).write_text(text, encoding="utf-8")


def _some_of(names: Sequence[str]) -> argparse._ArgumentTypeConverter:  # type: ignore[name-defined]
    def chosen(text: str) -> tuple[str, ...]:
        words = tuple(text.split(","))
        if unknown := sorted(set(words) - set(names)):
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of: {', '.join(names)}")
        return words

    return chosen


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder for generated data, made if absent; on a disk")
    parser.add_argument("--scale", type=_some_of(SCALES), default=(), help="of 1k, 20k, 118k, 1m; all if not given")
    parser.add_argument("--work", type=_some_of(list(WORKS)), default=(), help=f"of {', '.join(WORKS)}")
    tools = [OURS, *(peer.name for peer in PEERS)]
    parser.add_argument("--tool", type=_some_of(tools), default=(), help=f"of {', '.join(tools)}")
    parser.add_argument("--runs", type=int, default=3, help="of which the median counts")
    parser.add_argument("--no-line", action="store_true", help="leave out the growth from 20k to 1m")
    parser.add_argument("--into", type=Path, help="folder of results, page and plots")
    parser.add_argument("--page-only", action="store_true", help="measure nothing")
    return parser


if __name__ == "__main__":
    main()
