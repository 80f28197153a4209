"""The spool: a bundle that grows by groups, and goes back to the last group after any end."""

from __future__ import annotations

from pathlib import Path

import pytest

from exportkit.acquisition import RunFacts, RunState, Spool
from exportkit.bundles import Bundle
from exportkit.errors import LocalIOError


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def state(tmp_path: Path) -> RunState:
    state = RunState(tmp_path / "state.db")
    state.begin(RunFacts("hash", "versions"))
    return state


def line(number: int) -> bytes:
    return b'{"id":%d,"data":{"annotations":[]}}\n' % number


def part(tmp_path: Path) -> bytes:
    return (tmp_path / "acquired" / "task" / "part-00001.jsonl").read_bytes()


def test_a_finished_spool_is_a_bundle(tmp_path: Path, state: RunState) -> None:
    spool = Spool(tmp_path / "acquired", "task", state)
    for number in (9, 8, 7):
        spool.store(number, number, line(number))
    spool.end_chunk(7)
    spool.finish({"watermark": {"max_id": 9}})
    spool.close()

    bundle = Bundle.open(tmp_path / "acquired")

    assert state.is_complete
    assert part(tmp_path) == line(9) + line(8) + line(7)
    assert [(entry.path, entry.records) for entry in bundle.parts] == [("task/part-00001.jsonl", 3)]
    assert bundle.manifest is not None
    assert bundle.manifest.watermark == {"max_id": 9}
    bundle.verify_counts([3])


def test_a_spool_without_items_is_a_bundle_of_nothing(tmp_path: Path, state: RunState) -> None:
    spool = Spool(tmp_path / "acquired", "task", state)
    spool.finish({})

    assert Bundle.open(tmp_path / "acquired").parts == ()


def test_what_was_not_committed_is_cut_off_when_the_spool_is_opened_again(tmp_path: Path, state: RunState) -> None:
    spool = Spool(tmp_path / "acquired", "task", state)
    spool.store(9, 9, line(9))
    spool.end_chunk(9)
    spool.commit()
    spool.close()
    with (tmp_path / "acquired" / "task" / "part-00001.jsonl").open("ab") as file:
        file.write(b'{"id":8,"da')

    again = Spool(tmp_path / "acquired", "task", state)
    again.store(8, 8, line(8))
    again.end_chunk(8)
    again.finish({})

    assert again.position == 8
    assert part(tmp_path) == line(9) + line(8)


def test_a_spool_that_lost_committed_bytes_is_refused(tmp_path: Path, state: RunState) -> None:
    spool = Spool(tmp_path / "acquired", "task", state)
    spool.store(9, 9, line(9))
    spool.commit()
    spool.close()
    (tmp_path / "acquired" / "task" / "part-00001.jsonl").write_bytes(b"")

    with pytest.raises(LocalIOError, match="--restart"):
        Spool(tmp_path / "acquired", "task", state)


def test_a_group_ends_with_a_chunk_after_a_second_or_sixteen_mebibytes(tmp_path: Path, state: RunState) -> None:
    clock = Clock()
    spool = Spool(tmp_path / "acquired", "task", state, clock)

    spool.store(9, 9, line(9))
    assert not spool.end_chunk(9)
    assert state.counts() == {}
    clock.now = 1.0
    spool.store(8, 8, line(8))
    assert spool.end_chunk(8)
    assert state.position == (8, len(line(9) + line(8)))
    spool.store(7, 7, b'{"id":7,"data":"%b"}\n' % (b"x" * (16 << 20)))
    assert spool.end_chunk(7)
    assert state.counts() == {"stored": 3}
