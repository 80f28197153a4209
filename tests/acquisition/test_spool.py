"""The spool: a bundle that grows by groups, and goes back to the last group after any end."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from exportkit.acquisition import RunFacts, RunState, Spool
from exportkit.acquisition.run_state import FileFacts
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


def groups_of(tmp_path: Path) -> list[tuple[int, int]]:
    """Of each committed group, where its lines begin and how many items have one."""
    query = "SELECT spool_offset, (SELECT count(*) FROM items WHERE chunk = number) FROM chunks ORDER BY number"
    with closing(sqlite3.connect(tmp_path / "state.db")) as database:
        return database.execute(query).fetchall()


def part(tmp_path: Path) -> bytes:
    return (tmp_path / "acquired" / "task" / "part-00001.jsonl").read_bytes()


def test_a_finished_spool_is_a_bundle(tmp_path: Path, state: RunState) -> None:
    spool = Spool(tmp_path / "acquired", "task", state)
    for number in (9, 8, 7):
        spool.store([number], line(number))
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
    spool.store([9], line(9))
    spool.end_chunk(9)
    spool.commit()
    spool.close()
    with (tmp_path / "acquired" / "task" / "part-00001.jsonl").open("ab") as file:
        file.write(b'{"id":8,"da')

    again = Spool(tmp_path / "acquired", "task", state)
    again.store([8], line(8))
    again.end_chunk(8)
    again.finish({})

    assert again.position == 8
    assert part(tmp_path) == line(9) + line(8)


def test_a_spool_that_lost_committed_bytes_is_refused(tmp_path: Path, state: RunState) -> None:
    spool = Spool(tmp_path / "acquired", "task", state)
    spool.store([9], line(9))
    spool.commit()
    spool.close()
    (tmp_path / "acquired" / "task" / "part-00001.jsonl").write_bytes(b"")

    with pytest.raises(LocalIOError, match="--restart"):
        Spool(tmp_path / "acquired", "task", state)


def test_a_group_ends_with_a_chunk_after_a_second_or_sixteen_mebibytes(tmp_path: Path, state: RunState) -> None:
    clock = Clock()
    spool = Spool(tmp_path / "acquired", "task", state, clock)

    spool.store([9], line(9))
    spool.end_chunk(9)
    clock.now = 1.0
    spool.store([8], line(8))
    spool.end_chunk(8)
    spool.store([7], b'{"id":7,"data":"%b"}\n' % (b"x" * (16 << 20)))
    spool.end_chunk(7)
    spool.store([6], line(6))
    spool.end_chunk(6)
    spool.close()

    assert groups_of(tmp_path) == [(0, 2), (len(line(9) + line(8)), 1)]
    assert state.position[0] == 7


def test_the_state_speaks_of_lines_only_when_they_are_on_the_disk(
    tmp_path: Path, state: RunState, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[int, dict[str, int]]] = []

    def fdatasync(descriptor: int) -> None:
        synced.append((os.fstat(descriptor).st_size, state.counts()))

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    spool = Spool(tmp_path / "acquired", "task", state)
    spool.store([9], line(9))
    spool.commit()
    spool.store([8], line(8))
    spool.commit()
    spool.close()

    assert synced == [(len(line(9)), {}), (len(line(9) + line(8)), {"stored": 1})]
    assert state.counts() == {"stored": 2}


def test_a_group_that_cannot_be_synced_is_not_committed_and_ends_the_run(
    tmp_path: Path, state: RunState, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fdatasync(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    clock = Clock()
    spool = Spool(tmp_path / "acquired", "task", state, clock)
    monkeypatch.setattr(os, "fdatasync", fdatasync)
    clock.now = 1.0
    spool.store([9], line(9))
    spool.end_chunk(9)
    spool.store([8], line(8))

    with pytest.raises(LocalIOError, match="part-00001"):
        spool.commit()
    spool.close()
    assert state.counts() == {}
    assert state.position == (None, 0)


def test_files_are_told_of_when_they_are_committed(tmp_path: Path, state: RunState) -> None:
    known: list[FileFacts | None] = []
    facts = FileFacts("files/9/a.jpg", 3, "bb", "http://host/a")
    spool = Spool(
        tmp_path / "acquired",
        "task",
        state,
        committed=lambda files: known.extend(state.file(one.path) for one in files),
    )
    spool.keep_file(facts)
    spool.store([9], line(9))
    spool.commit()
    spool.close()

    assert known == [facts]
