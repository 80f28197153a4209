"""Jobs of the server are followed side by side, and left at once when somebody interrupts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest

from exportkit.acquisition import DelegatedHead, ExportOrder, IdRange, RunFacts, RunState
from exportkit.clients.client_errors import ClientError
from exportkit.errors import LocalIOError

RANGES = [IdRange(9, 12), IdRange(5, 9), IdRange(0, 5)]
ORDER = ExportOrder(1, "exports", "task", include_original_files=False, requires_source=False, filter={})


@dataclass(frozen=True)
class Patience:
    activity_based: bool = True
    inactivity_deadline: float = 3600.0
    wall_clock_ceiling: float | None = None
    poll_interval: float = 3600.0
    poll_backoff: float = 1.0
    poll_max_interval: float = 3600.0
    poll_max_attempts: int = 3


class Jobs:
    """A server whose jobs have the states that a test gives them."""

    def __init__(self, states: dict[str, Any]) -> None:
        self._states = states
        self.asked: list[str] = []
        self.events: dict[str, list[dict[str, Any]]] = {}
        self.cancelled: list[str] = []
        self.async_jobs = SimpleNamespace(
            stream_progress=lambda job_id: iter(self.events.get(job_id, ())),
            retrieve=self._retrieve,
            cancel=self.cancelled.append,
        )
        self.plugin_exports = SimpleNamespace(create=self._create)

    def _create(self, *, filter: dict[str, Any] | None, **_: Any) -> dict[str, Any]:  # noqa: A002 - as the wire names it
        self.asked.append(f"job-{(filter or {}).get('_id_gte', 'all')}")
        return {"job_id": self.asked[-1]}

    def _retrieve(self, job_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self._states.get(job_id, at_work)()
        return found


def at_work() -> dict[str, Any]:
    return {"status": "RUNNING"}


def completed() -> dict[str, Any]:
    return {"status": "COMPLETED", "data": {"manifest": {"prefix": "p", "result_uri": "file:///p"}}}


@pytest.fixture
def state(tmp_path: Path) -> Iterator[RunState]:
    with RunState(tmp_path / "state.db") as made:
        made.begin(RunFacts("hash", "versions"))
        yield made


@pytest.fixture
def made(state: RunState) -> Iterator[Callable[..., DelegatedHead]]:
    """Make heads of the run, which are stopped in the end."""
    heads: list[DelegatedHead] = []

    def make(jobs: Any, **more: Any) -> DelegatedHead:
        heads.append(DelegatedHead(jobs, ORDER, state, Patience(), **more))
        return heads[-1]

    yield make
    for head in heads:
        head.stop()


def test_jobs_that_are_over_are_told_of_one_by_one(made: Callable[..., DelegatedHead]) -> None:
    head = made(Jobs(dict.fromkeys(["job-0", "job-5", "job-9"], completed)))
    told: list[int] = []

    head.enqueue(lambda _below: RANGES, lambda job: told.append(job.shard))
    results = head.follow()

    assert sorted(told) == [0, 1, 2]
    assert [result.job_id for result in results] == ["job-9", "job-5", "job-0"]


def test_a_run_that_goes_on_is_told_of_jobs_that_were_over_before(made: Callable[..., DelegatedHead]) -> None:
    jobs = Jobs(dict.fromkeys(["job-0", "job-5", "job-9"], completed))
    first, second = made(jobs), made(jobs)
    first.enqueue(lambda _below: RANGES)
    first.follow()
    told: list[int] = []

    second.enqueue(lambda _below: pytest.fail("the ids were listed again"), lambda job: told.append(job.shard))
    second.follow()

    assert sorted(told) == [0, 1, 2]
    assert sorted(jobs.asked) == ["job-0", "job-5", "job-9"]


def test_as_many_jobs_as_may_run_are_asked_for_while_further_ranges_are_looked_for(
    made: Callable[..., DelegatedHead],
) -> None:
    jobs = Jobs({})
    asked: list[list[str]] = []

    def ranges(_below: int | None) -> Iterator[IdRange]:
        for shard in RANGES:
            asked.append(list(jobs.asked))
            yield shard

    made(jobs, parallel=2).enqueue(ranges)

    assert asked == [[], ["job-9"], ["job-9", "job-5"]]
    assert jobs.asked == ["job-9", "job-5"]


@pytest.mark.timeout(60)
def test_jobs_are_followed_and_further_ones_asked_for_before_all_ranges_are_found(
    state: RunState, made: Callable[..., DelegatedHead]
) -> None:
    def is_gone() -> dict[str, Any]:
        is_asked.set()
        raise ClientError(503, "it is busy")

    is_asked, is_there = Event(), Event()
    jobs = Jobs({"job-9": completed, "job-5": is_gone})

    def ranges(_below: int | None) -> Iterator[IdRange]:
        yield RANGES[0]
        is_there.wait()
        yield RANGES[1]
        is_asked.wait()
        yield RANGES[2]

    made(jobs, parallel=1).enqueue(ranges, lambda _job: is_there.set())

    assert [job.job_id for job in state.jobs()] == ["job-9", "job-5", None]


@pytest.mark.timeout(60)
def test_progress_is_told_from_when_jobs_are_waited_for(made: Callable[..., DelegatedHead]) -> None:
    is_there = Event()
    jobs = Jobs(dict.fromkeys(["job-0", "job-5", "job-9"], completed))
    jobs.events = {"job-9": [{"processed_count": 3, "total_count": 3}]}
    told: list[tuple[int, int]] = []

    def ranges(_below: int | None) -> Iterator[IdRange]:
        yield RANGES[0]
        is_there.wait()
        yield from RANGES[1:]

    head = made(jobs, progress=lambda *counts: told.append(counts))
    head.enqueue(ranges, lambda _job: is_there.set())
    before = list(told)
    head.follow()

    assert (before, told) == ([], [(3, 3)])


def test_a_run_that_ended_while_ranges_were_looked_for_goes_on_below_the_last(
    state: RunState, made: Callable[..., DelegatedHead]
) -> None:
    jobs = Jobs({})

    def ends(_below: int | None) -> Iterator[IdRange]:
        yield RANGES[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made(jobs).enqueue(ends)
    below: list[int | None] = []

    def goes_on(last: int | None) -> list[IdRange]:
        below.append(last)
        return RANGES[1:]

    made(jobs).enqueue(goes_on)

    assert below == [9]
    assert jobs.asked == ["job-9", "job-5", "job-0"]
    assert [job.filter for job in state.jobs()] == [shard.keys() for shard in RANGES]


@pytest.mark.timeout(60)
def test_what_fails_otherwise_than_a_job_ends_the_plan(state: RunState, made: Callable[..., DelegatedHead]) -> None:
    is_failed = Event()

    def full(_job: object) -> None:
        is_failed.set()
        raise LocalIOError("the disk is full")

    def ranges(_below: int | None) -> Iterator[IdRange]:
        for number in range(10_000, 0, -1):
            yield IdRange(number, number + 1)
            is_failed.wait()

    with pytest.raises(LocalIOError, match="full"):
        made(Jobs({"job-10000": completed})).enqueue(ranges, full)
    assert not state.is_planned


@pytest.mark.timeout(60)
def test_a_job_that_is_over_after_somebody_cancelled_is_taken_no_note_of(
    state: RunState, made: Callable[..., DelegatedHead]
) -> None:
    is_asked, may_answer = Event(), Event()

    def late() -> dict[str, Any]:
        is_asked.set()
        may_answer.wait()
        return completed()

    head = made(Jobs({"job-9": late}))
    told: list[int] = []
    head.enqueue(lambda _below: RANGES, lambda job: told.append(job.shard))
    is_asked.wait()
    head.cancel()
    may_answer.set()
    with pytest.raises(BaseException, match=r".*"):
        head.follow()

    assert told == []
    assert [job.manifest for job in state.jobs()] == [None] * 3


def test_a_run_that_is_left_in_the_middle_closes_its_state_under_its_threads(tmp_path: Path) -> None:
    def interrupted(_below: int | None) -> Iterator[IdRange]:
        for number in range(60, 0, -1):
            yield IdRange(number, number + 1)
        raise KeyboardInterrupt

    for turn in range(10):
        with RunState(tmp_path / f"{turn}.db") as state:
            state.begin(RunFacts("hash", "versions"))
            jobs = Jobs({f"job-{number}": completed for number in range(1, 61)})
            head = DelegatedHead(jobs, ORDER, state, Patience(), parallel=8)  # type: ignore[arg-type]
            with pytest.raises(KeyboardInterrupt):
                head.enqueue(interrupted)


def test_where_ids_cannot_be_listed_one_job_does_it_all(state: RunState, made: Callable[..., DelegatedHead]) -> None:
    jobs = Jobs({"job-all": completed})
    told: list[str] = []

    def fails(_below: int | None) -> Iterator[IdRange]:
        yield from ()
        raise ClientError(503, "it is busy")

    head = made(jobs, tell=told.append)
    head.enqueue(fails)

    assert [result.job_id for result in head.follow()] == ["job-all"]
    assert jobs.asked == ["job-all"]
    assert [job.filter for job in state.jobs()] == [{}]
    assert "it is busy" in told[0]


def test_where_no_more_ids_can_be_listed_one_job_does_what_is_left(
    state: RunState, made: Callable[..., DelegatedHead]
) -> None:
    jobs = Jobs({"job-9": completed, "job-0": completed})
    told: list[str] = []

    def fails(_below: int | None) -> Iterator[IdRange]:
        yield RANGES[0]
        raise ClientError(503, "it is busy")

    head = made(jobs, tell=told.append)
    head.enqueue(fails)

    assert [result.job_id for result in head.follow()] == ["job-9", "job-0"]
    assert [job.filter for job in state.jobs()] == [RANGES[0].keys(), {"_id_gte": 0, "_id_lt": 9}]
    assert jobs.cancelled == []
    assert "it is busy" in told[0]


@pytest.mark.timeout(60)
def test_a_job_that_is_being_asked_for_is_cancelled_too(state: RunState, made: Callable[..., DelegatedHead]) -> None:
    is_asked, may_answer = Event(), Event()

    class Slow(Jobs):
        def _create(self, **order: Any) -> dict[str, Any]:
            found = super()._create(**order)
            if found["job_id"] == "job-5":
                is_asked.set()
                may_answer.wait()
            return found

    jobs = Slow({"job-9": completed})
    head = made(jobs, parallel=1)
    head.enqueue(lambda _below: RANGES)
    is_asked.wait()
    ending = Thread(target=head.cancel)
    ending.start()
    may_answer.set()
    ending.join()

    assert jobs.cancelled == ["job-5"]
    assert jobs.asked == ["job-9", "job-5"]


@pytest.mark.timeout(60)
def test_an_interrupt_does_not_wait_for_jobs_that_are_still_at_work(made: Callable[..., DelegatedHead]) -> None:
    waiting = Event()

    def at_work() -> dict[str, Any]:
        waiting.set()
        return {"status": "RUNNING"}

    def interrupted() -> dict[str, Any]:
        waiting.wait()
        raise KeyboardInterrupt

    head = made(Jobs({"job-0": at_work, "job-5": interrupted, "job-9": at_work}))

    def export() -> None:
        head.enqueue(lambda _below: RANGES)
        head.follow()

    with pytest.raises(KeyboardInterrupt):
        export()
