"""The queue on both databases: one holder at a time, fenced, and every job comes to its end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from exportkit.server.database import Database
from exportkit.server.job_queue import Claim, JobQueue, LeaseLost
from exportkit.server.principals import tenant_account
from exportkit.server.tables import job, job_event

LEASE = 3600.0


@pytest.fixture
def put(database: Database) -> Callable[[str], None]:
    """Puts a waiting job into the queue."""
    with database.writing() as connection:
        caller = tenant_account(connection, "t")

    def put_job(job_id: str) -> None:
        now = database.now
        values: dict[str, Any] = {"id": job_id, "tenant_id": caller.tenant_id, "account_id": caller.account_id}
        values |= {"type": "plugin_export", "status": "PENDING", "request": "{}", "created": now}
        values |= {"progress_updated": now, "processed_count": 0, "attempts": 0, "fence": 0}
        with database.writing() as connection:
            connection.execute(insert(job).values(values))

    return put_job


def state(database: Database, job_id: str) -> Any:
    with database.reading() as connection:
        return connection.execute(select(job).where(job.c.id == job_id)).one()


def expire(database: Database, job_id: str) -> None:
    """Let the lease run out, as if its worker had been silent for long."""
    with database.writing() as connection:
        connection.execute(update(job).where(job.c.id == job_id).values(lease_until=database.now - 1))


def claimed(queue: JobQueue, worker: str) -> Claim:
    found = queue.claim(worker)
    assert found is not None
    return found


def test_jobs_are_taken_in_the_order_in_which_they_came(database: Database, put: Callable[[str], None]) -> None:
    queue = JobQueue(database, LEASE, 3)
    assert queue.claim("w") is None
    for name in ("a", "b"):
        put(name)
    assert [claimed(queue, "w").job_id, claimed(queue, "w").job_id] == ["a", "b"]
    assert queue.claim("w") is None


def test_many_workers_never_hold_one_job_together(database: Database, put: Callable[[str], None]) -> None:
    names = [f"job-{number:02d}" for number in range(24)]
    for name in names:
        put(name)
    taken: list[str] = []
    begin = threading.Barrier(6)

    def work(worker: str) -> None:
        queue = JobQueue(database, LEASE, 3)
        begin.wait()
        while (found := queue.claim(worker)) is not None:
            taken.append(found.job_id)
            queue.complete(found, {"count": 0}, 0)

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # A worker that finds every waiting job locked gives up early; whoever holds one finishes it.
    assert sorted(taken) == names
    assert {state(database, name).status for name in names} == {"COMPLETED"}


def test_whoever_lost_its_lease_can_write_nothing_any_more(database: Database, put: Callable[[str], None]) -> None:
    queue = JobQueue(database, LEASE, 3)
    put("a")
    first = claimed(queue, "first")
    expire(database, "a")
    second = claimed(queue, "second")
    assert second.fence == first.fence + 1
    writes: list[Callable[[], None]] = [
        lambda: queue.renew(first),
        lambda: queue.progress(first, 5, 9),
        lambda: queue.complete(first, {"count": 9}, 9),
        lambda: queue.fail(first, "no"),
        lambda: queue.hand_back(first),
    ]
    for write in writes:
        with pytest.raises(LeaseLost):
            write()
    found = state(database, "a")
    assert (found.status, found.worker, found.processed_count, found.result) == ("PROCESSING", "second", 0, None)
    queue.complete(second, {"count": 1}, 1)
    assert state(database, "a").status == "COMPLETED"
    with pytest.raises(LeaseLost):
        queue.complete(second, {"count": 2}, 2)


def test_a_holder_that_renews_in_time_keeps_its_job(database: Database, put: Callable[[str], None]) -> None:
    queue = JobQueue(database, LEASE, 3)
    put("a")
    held = claimed(queue, "w")
    expire(database, "a")
    queue.renew(held)
    assert queue.claim("other") is None


def test_a_job_whose_workers_vanish_again_and_again_fails_with_its_reason(
    database: Database, put: Callable[[str], None]
) -> None:
    queue = JobQueue(database, LEASE, 2)
    put("a")
    for worker in ("first", "second"):
        claimed(queue, worker)
        assert queue.reap() == 0
        expire(database, "a")
    assert queue.claim("third") is None
    assert queue.reap() == 1
    found = state(database, "a")
    assert found.status == "FAILED"
    assert "2 workers" in found.error
    assert found.finished is not None
    with database.reading() as connection:
        names = connection.execute(select(job_event.c.name).where(job_event.c.job_id == "a")).scalars().all()
    assert names == ["error"]
    assert queue.reap() == 0


def test_a_job_that_was_handed_back_waits_as_if_it_had_not_begun(
    database: Database, put: Callable[[str], None]
) -> None:
    queue = JobQueue(database, LEASE, 1)
    put("a")
    queue.hand_back(claimed(queue, "w"))
    found = state(database, "a")
    assert (found.status, found.attempts, found.worker) == ("PENDING", 0, None)
    assert claimed(queue, "w").job_id == "a"


def test_what_is_written_with_the_end_of_a_job_is_written_with_it_or_not_at_all(
    database: Database, put: Callable[[str], None]
) -> None:
    queue = JobQueue(database, LEASE, 3)
    put("a")
    held = claimed(queue, "w")

    def broken(connection: Any) -> None:
        raise RuntimeError("power")

    with pytest.raises(RuntimeError):
        queue.complete(held, {"count": 1}, 1, broken)
    assert state(database, "a").status == "PROCESSING"
    with database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(job_event)).scalar_one() == 0
