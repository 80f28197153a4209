"""Workers are watched: one that gives no sign of life is replaced, and nobody else is."""

from __future__ import annotations

import os
import platform
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from exportkit.server.backend import Backend
from exportkit.server.principals import tenant_account
from exportkit.server.schema import upgrade
from exportkit.server.settings import ServerSettings
from exportkit.server.supervisor import Supervisor
from exportkit.server.tables import job
from exportkit.server.worker_name import new_worker_name, process_on_this_host

_PATIENCE = 60.0


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[Backend]:
    """An empty server with a database in a file."""
    url = f"sqlite:///{tmp_path / 'exportkit.db'}"
    opened = Backend.open(ServerSettings.from_environment(data=str(tmp_path), database=url, storage=None))
    upgrade(opened.database)
    yield opened
    opened.close()


@contextmanager
def watched(backend: Backend, workers: int) -> Iterator[Supervisor]:
    supervisor = Supervisor(backend, workers)
    try:
        supervisor.start()
        yield supervisor
    finally:
        supervisor.close()


def leave_overdue(backend: Backend, worker: str) -> None:
    """Store a job whose lease ran out in the hands of a worker, and that nobody may take over any more."""
    now = backend.database.now
    with backend.database.writing() as connection:
        caller = tenant_account(connection, "t")
        values = {"id": worker, "tenant_id": caller.tenant_id, "account_id": caller.account_id, "worker": worker}
        values |= {"type": "plugin_export", "request": "{}", "created": now, "progress_updated": now, "fence": 1}
        values |= {"status": "PROCESSING", "processed_count": 0, "attempts": 0, "lease_until": now + 3600}
        connection.execute(insert(job).values(values))
        connection.execute(update(job).where(job.c.id == worker).values(lease_until=now - 1))


def until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_the_name_of_a_worker_tells_its_process_on_its_own_machine_only(monkeypatch: pytest.MonkeyPatch) -> None:
    name = new_worker_name()
    assert process_on_this_host(name) == os.getpid()
    assert name != new_worker_name()
    monkeypatch.setattr(platform, "node", lambda: "other.example")
    assert process_on_this_host(name) is None


@pytest.mark.parametrize("host", ["a:b", "x" * 100])
def test_any_name_of_a_machine_is_understood(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setattr(platform, "node", lambda: host)
    assert process_on_this_host(new_worker_name()) == os.getpid()


def test_a_worker_is_not_killed_for_one_of_another_machine_that_has_its_number(backend: Backend) -> None:
    with watched(backend, 2) as supervisor:
        kept, replaced = (worker.pid for worker in supervisor._workers)
        for process in (kept, replaced):
            os.kill(process, signal.SIGSTOP)  # so that neither takes the jobs over
        leave_overdue(backend, f"other.example:{kept}:0123abcd")
        leave_overdue(backend, f"{platform.node()[:40]}:{replaced}:0123abcd")
        until(lambda: supervisor._workers[1].pid != replaced)
        assert supervisor._workers[0].pid == kept
        os.kill(kept, signal.SIGCONT)


def test_a_worker_that_ended_by_itself_is_started_again_and_woken_in_vain_meanwhile(backend: Backend) -> None:
    with watched(backend, 1) as supervisor:
        first = supervisor._workers[0].pid
        supervisor._workers[0].tell_end()
        supervisor.wake()
        until(lambda: supervisor._workers[0].pid != first)
        supervisor.wake()


def test_after_the_end_no_worker_is_left_or_started(backend: Backend) -> None:
    supervisor = Supervisor(backend, 2)
    supervisor.start()
    supervisor.close()
    assert [worker._process.poll() is not None for worker in supervisor._workers if worker._process] == [True, True]
    supervisor.wake()
    supervisor.close()


def test_closing_waits_for_nothing_that_was_never_started(backend: Backend) -> None:
    Supervisor(backend, 3).close()
