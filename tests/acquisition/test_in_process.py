"""The head that fetches by itself takes every listed row once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from exportkit.acquisition import InProcessHead, RowResolver, RunFacts, RunState, Spool
from exportkit.acquisition.sources import Chunk, Missed
from exportkit.clients import WireRow


class Listed:
    """A list whose pages are given."""

    def __init__(self, chunks: list[Chunk], *, falls: bool = True) -> None:
        self.falls = falls
        self.asked: list[int | None] = []
        self._chunks = chunks

    def chunks(self, after: int | None) -> Iterator[Chunk]:
        self.asked.append(after)
        yield from self._chunks


def chunk(*keys: int, missed: tuple[Missed, ...] = ()) -> Chunk:
    rows = [WireRow({"id": msgspec.Raw(b"%d" % key), "data": msgspec.Raw(b"{}")}) for key in keys]
    return Chunk(rows, list(keys), keys[-1], list(missed))


def stored_ids(folder: Path) -> list[int]:
    return [json.loads(line)["id"] for line in (folder / "task" / "part-00001.jsonl").read_bytes().splitlines()]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[RunState]:
    with RunState(tmp_path / "state.db") as made:
        made.begin(RunFacts("hash", "versions"))
        yield made


def acquire(tmp_path: Path, state: RunState, source: Listed) -> list[int]:
    spool = Spool(tmp_path / "acquired", "task", state)
    InProcessHead(source, spool, state, RowResolver(lambda row: row.raw("data"), None)).acquire()
    spool.close()
    return stored_ids(tmp_path / "acquired")


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk(9, 8, 8, 7)],
        [chunk(9, 8), chunk(8, 7)],
        [chunk(9, 8), chunk(7), chunk(9, 8, 7)],
    ],
)
def test_a_row_that_is_listed_twice_is_stored_once(tmp_path: Path, state: RunState, chunks: list[Chunk]) -> None:
    assert acquire(tmp_path, state, Listed(chunks)) == [9, 8, 7]
    assert state.counts() == {"stored": 3}


def test_a_list_that_rises_is_taken_as_it_comes(tmp_path: Path, state: RunState) -> None:
    assert acquire(tmp_path, state, Listed([chunk(1, 2), chunk(2, 3)], falls=False)) == [1, 2, 3]


def test_a_run_goes_on_behind_what_it_has_and_takes_nothing_twice(tmp_path: Path, state: RunState) -> None:
    gone = Missed(7, 7, "gone", "deleted")
    assert acquire(tmp_path, state, Listed([chunk(9, 8, missed=(gone,))])) == [9, 8]
    again = Listed([chunk(9, 8, 6)])
    assert acquire(tmp_path, state, again) == [9, 8, 6]
    assert again.asked == [8]
    assert state.counts() == {"stored": 3, "gone": 1}
