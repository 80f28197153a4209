"""The how-to page about clusters has the figures of the simulation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.benchmarks.cluster_plan import COSTS, Machines, page_tables, planned


def test_the_tables_of_the_page_are_those_of_the_simulation(checkout: Path) -> None:
    page = (checkout / "docs/how-to/export-on-a-ray-cluster.md").read_text(encoding="utf-8")

    written = dict(re.findall(r"<!-- plan: (\w+) -->\n((?:\|.*\n)+)", page))

    assert {name: text.rstrip("\n") for name, text in written.items()} == page_tables(), (
        "run python -m tests.benchmarks.cluster_plan"
    )


@pytest.mark.parametrize("format_", sorted(COSTS))
def test_a_plan_keeps_what_cannot_be_otherwise(format_: str) -> None:
    few, many = (planned(10_000_000, format_, Machines(count)) for count in (1, 8))

    # Nothing is busy for longer than there is time, and nobody works for nothing.
    for plan in (few, many):
        assert all(0 < share <= 1 for share in plan.busy.values())
        work = 10_000_000 * (COSTS[format_].survey + COSTS[format_].encode) * 1e-6
        assert plan.seconds >= work / (plan.machines * 4)
    # More machines are never slower, and no more than so many times as fast.
    assert few.seconds / 8 <= many.seconds <= few.seconds * 1.01
