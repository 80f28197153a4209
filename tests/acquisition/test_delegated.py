"""Jobs of the server are followed side by side, and left at once when somebody interrupts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from exportkit.acquisition import DelegatedHead, ExportOrder, IdRange, RunFacts, RunState
from exportkit.clients.client_errors import ClientError

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
        self.cancelled: list[str] = []
        self.async_jobs = SimpleNamespace(
            stream_progress=lambda _job_id: iter(()), retrieve=self._retrieve, cancel=self.cancelled.append
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


def made(jobs: Any, state: RunState, **more: Any) -> DelegatedHead:
    return DelegatedHead(jobs, ORDER, state, Patience(), **more)


def head_of(jobs: Any, state: RunState) -> DelegatedHead:
    head = made(jobs, state)
    head.enqueue(lambda _below: RANGES)
    return head


def test_jobs_that_are_over_are_told_of_one_by_one(state: RunState) -> None:
    head = head_of(Jobs(dict.fromkeys(["job-0", "job-5", "job-9"], completed)), state)
    told: list[int] = []

    results = head.follow(lambda job: told.append(job.shard))

    assert sorted(told) == [0, 1, 2]
    assert [result.job_id for result in results] == ["job-9", "job-5", "job-0"]


def test_a_run_that_goes_on_is_told_of_jobs_that_were_over_before(state: RunState) -> None:
    jobs = Jobs(dict.fromkeys(["job-0", "job-5", "job-9"], completed))
    head_of(jobs, state).follow()
    told: list[int] = []

    head_of(jobs, state).follow(lambda job: told.append(job.shard))

    assert sorted(told) == [0, 1, 2]
    assert sorted(jobs.asked) == ["job-0", "job-5", "job-9"]


def test_ranges_are_not_looked_for_when_the_run_has_its_jobs(state: RunState) -> None:
    head = head_of(Jobs({}), state)

    head.enqueue(lambda _below: pytest.fail("the ids were listed again"))

    assert len(state.jobs()) == 3


def test_jobs_are_asked_for_while_further_ranges_are_looked_for(state: RunState) -> None:
    jobs = Jobs({})
    asked: list[list[str]] = []

    def ranges(_below: int | None) -> Iterator[IdRange]:
        for shard in RANGES:
            asked.append(list(jobs.asked))
            yield shard

    made(jobs, state, parallel=2).enqueue(ranges)

    assert asked == [[], ["job-9"], ["job-9", "job-5"]]
    assert jobs.asked == ["job-9", "job-5"]


def test_a_further_job_is_asked_for_when_one_is_over_before_all_ranges_are_found(state: RunState) -> None:
    def is_gone() -> dict[str, Any]:
        raise ClientError(503, "it is busy")

    jobs = Jobs({"job-9": completed, "job-5": is_gone})
    asked: list[list[str]] = []

    def ranges(_below: int | None) -> Iterator[IdRange]:
        for shard in [*RANGES, IdRange(-5, 0)]:
            asked.append(list(jobs.asked))
            yield shard

    made(jobs, state, parallel=1).enqueue(ranges)

    assert asked == [[], ["job-9"], ["job-9", "job-5"], ["job-9", "job-5"]]
    assert [job.job_id for job in state.jobs()] == ["job-9", "job-5", None, None]


def test_a_run_that_ended_while_ranges_were_looked_for_goes_on_below_the_last(state: RunState) -> None:
    jobs = Jobs({})

    def ends(_below: int | None) -> Iterator[IdRange]:
        yield RANGES[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made(jobs, state).enqueue(ends)
    below: list[int | None] = []

    def goes_on(last: int | None) -> list[IdRange]:
        below.append(last)
        return RANGES[1:]

    made(jobs, state).enqueue(goes_on)

    assert below == [9]
    assert jobs.asked == ["job-9", "job-5", "job-0"]
    assert [job.filter for job in state.jobs()] == [shard.keys() for shard in RANGES]


def test_where_ids_cannot_be_listed_one_job_does_it_all(state: RunState) -> None:
    jobs = Jobs({})
    told: list[str] = []

    def fails(_below: int | None) -> Iterator[IdRange]:
        yield RANGES[0]
        raise ClientError(503, "it is busy")

    made(jobs, state, tell=told.append).enqueue(fails)

    assert jobs.cancelled == ["job-9"]
    assert jobs.asked == ["job-9", "job-all"]
    assert [job.filter for job in state.jobs()] == [{}]
    assert "it is busy" in told[0]


@pytest.mark.timeout(60)
def test_an_interrupt_does_not_wait_for_jobs_that_are_still_at_work(state: RunState) -> None:
    waiting = Event()

    def at_work() -> dict[str, Any]:
        waiting.set()
        return {"status": "RUNNING"}

    def interrupted() -> dict[str, Any]:
        waiting.wait()
        raise KeyboardInterrupt

    head = head_of(Jobs({"job-0": at_work, "job-5": interrupted, "job-9": at_work}), state)

    with pytest.raises(KeyboardInterrupt):
        head.follow()
