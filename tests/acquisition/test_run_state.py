"""What a run has committed is there for the next process, and for no other run."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from exportkit.acquisition.run_state import CommittedGroup, FileFacts, ItemFacts, JobFacts, RunFacts, RunState
from exportkit.errors import LocalIOError, UsageError

FACTS = RunFacts("hash", "versions")


@pytest.fixture
def state(tmp_path: Path) -> RunState:
    state = RunState(tmp_path / "state.db")
    state.begin(FACTS)
    return state


def reopened(state: RunState, path: Path) -> RunState:
    state.close()
    return RunState(path)


def test_what_was_committed_is_there_for_the_next_process(state: RunState, tmp_path: Path) -> None:
    missed = [ItemFacts(8, 8, "gone", error="deleted")]
    files = [FileFacts("files/9/a.jpg", 3, "bb", "http://host/a")]
    state.commit(CommittedGroup([9], missed, files, position=8, offset=0, end=120, sha256="aa"))

    state = reopened(state, tmp_path / "state.db")

    assert state.position == (8, 120)
    assert state.counts() == {"stored": 1, "gone": 1}
    assert state.known_keys([7, 8, 9]) == {8, 9}
    assert state.file("files/9/a.jpg") == FileFacts("files/9/a.jpg", 3, "bb", "http://host/a")
    assert state.file("files/8/a.jpg") is None


def test_the_same_run_goes_on_and_another_one_is_refused_with_the_way_out(state: RunState) -> None:
    state.begin(FACTS)

    with pytest.raises(UsageError, match=r"other parameters .* --restart"):
        state.begin(RunFacts("other", "versions"))
    with pytest.raises(UsageError, match=r"other versions .* --restart"):
        state.begin(RunFacts("hash", "other"))


def test_a_decision_is_frozen_by_the_first_who_takes_it(state: RunState, tmp_path: Path) -> None:
    assert state.decide("style", "bulk") == "bulk"
    assert state.decide("head", "delegated") == "delegated"
    state = reopened(state, tmp_path / "state.db")
    assert state.decide("style", "stream") == "bulk"
    assert state.decide("head", "in process") == "delegated"


def test_an_item_that_comes_twice_counts_once(state: RunState) -> None:
    state.commit(CommittedGroup([9], position=9, end=10))
    state.commit(CommittedGroup(missed=[ItemFacts(9, 9, "gone")], position=9, end=10))

    assert state.counts() == {"stored": 1}


def test_failures_come_in_the_order_of_their_keys(state: RunState) -> None:
    late, early = ItemFacts(9, "b", "failed", error="E_WRAPPER: no"), ItemFacts(3, "a", "failed", error="x")
    state.commit(CommittedGroup(missed=[late, early], position=3))

    assert list(state.failures()) == [("a", "x"), ("b", "E_WRAPPER: no")]


def test_jobs_keep_their_keys_until_they_are_renewed(state: RunState, tmp_path: Path) -> None:
    state.plan_job(JobFacts(0, {}, "k0"))
    state.plan_job(JobFacts(1, {"_id_gte": 5, "_id_lt": 9}, "k1"))
    state.record_job(0, "job", {"prefix": "p"})
    state.renew_job(1, "k2")

    assert reopened(state, tmp_path / "state.db").jobs() == [
        JobFacts(0, {}, "k0", "job", {"prefix": "p"}),
        JobFacts(1, {"_id_gte": 5, "_id_lt": 9}, "k2"),
    ]


def test_a_transaction_that_fails_leaves_nothing(state: RunState) -> None:
    with pytest.raises(AttributeError):
        state.commit(CommittedGroup([9], [None], position=9, end=10))  # type: ignore[list-item]

    assert state.counts() == {}
    assert state.position == (None, 0)


def test_a_file_that_is_no_state_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"not a database" * 100)

    with pytest.raises(LocalIOError, match="cannot be used"):
        RunState(tmp_path / "state.db")


def test_a_state_that_is_damaged_while_it_is_used_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with RunState(path) as state:
        state.begin(FACTS)
        state.commit(CommittedGroup(list(range(5000)), position=1))
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))

    with RunState(path) as state, pytest.raises(LocalIOError, match=r"state\.db' cannot be used: .* --restart"):
        state.counts()


def test_a_state_of_another_form_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    RunState(path).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")

    with pytest.raises(UsageError, match=r"Another version .* --restart"):
        RunState(path)


def test_every_commit_is_synced(state: RunState, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "state.db"):
        assert state._database.execute("PRAGMA synchronous").fetchone() == (2,)


def test_several_threads_write_at_once(state: RunState) -> None:
    for number in range(64):
        state.plan_job(JobFacts(number, {}, f"key-{number}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: state.record_job(number, f"job-{number}", {"n": number}), range(64)))

    assert [job.job_id for job in state.jobs()] == [f"job-{number}" for number in range(64)]
