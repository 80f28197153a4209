"""Fault matrix, rows 19 to 23 and 26: jobs that are handed over, followed and waited for over a broken network."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest
from tests.clients.loopback import Answer, Asked, Loopback, as_json, connection_to, events

from exportkit.actions.head_settings import PollPatienceConfig
from exportkit.clients import ConnectedBackend, RetryBudget
from exportkit.clients.client_errors import ClientError
from exportkit.clients.job_outcome import DelegatedExportError, finalize_export
from exportkit.clients.job_watch import stream_export_progress
from exportkit.testing import Fault, FaultProxy

ENQUEUE = "/v2/plugin_exports/"
JOB = "/v2/async_jobs/j/"
STREAM = f"{JOB}progress/"
BODY: dict[str, Any] = {"storage_id": 2, "path": "exports/x", "targets": ["task"]}
MANIFEST = {"prefix": "exports/x/.async_jobs/exports/j/", "targets": {"task": {"records": 3}}}


@pytest.fixture
def broken(proxy: FaultProxy) -> Iterator[ConnectedBackend]:
    with ConnectedBackend(connection_to(proxy.url, read_timeout=0.5), sleep=lambda _: None) as made:
        yield made


class Exports:
    """A server that honours idempotency keys and lists its jobs."""

    def __init__(self, backend: Loopback, *, knows_keys: bool = True) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self._knows_keys = knows_keys
        backend.on(ENQUEUE, self.enqueue)
        backend.on("/v2/async_jobs/", lambda _asked: as_json({"results": list(self.jobs.values()), "next": None}))
        if knows_keys:
            backend.on("/v2/capabilities/", as_json({"data": {"streams": []}, "meta": {}}))

    def enqueue(self, asked: Asked) -> Answer:
        from datetime import UTC, datetime

        key = asked.headers["idempotency-key"] if self._knows_keys else str(len(self.jobs))
        created = datetime.now(UTC).isoformat()
        made = {"id": f"j{len(self.jobs)}", "status": "PENDING", "category": "plugin_export", "created": created}
        job = self.jobs.setdefault(key, made)
        return as_json({"data": {"job_id": job["id"], "status": "pending", "targets": ["task"]}, "meta": {}}, 202)


def detail(status: str, **more: Any) -> Answer:
    return as_json({"data": {"id": "j", "status": status, **more}, "meta": {}})


def followed(clients: ConnectedBackend, told: list[tuple[int, int]] | None = None) -> dict[str, Any]:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    clients.session.sleep = sleep
    return stream_export_progress(
        v2_client=clients.v2,
        job_id="j",
        progress_callback=lambda *counters: (told if told is not None else []).append(counters),
        # Pauses between connections are drawn, and here they are the only time that passes.
        patience=PollPatienceConfig(inactivity_deadline=3600.0),
        clock=lambda: now[0],
        sleep=sleep,
    )


# -- 19 and 20: one job ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("knows_keys", [True, False])
@pytest.mark.parametrize("is_reset", [True, False])
def test_an_answer_cut_at_any_byte_still_makes_one_job(
    backend: Loopback, proxy: FaultProxy, knows_keys: bool, is_reset: bool
) -> None:
    exports = Exports(backend, knows_keys=knows_keys)
    budget = RetryBudget(least=1 << 20)
    for after in range(0, 120, 5):
        exports.jobs.clear()
        proxy.plan(Fault(cut_answer_after=after, is_reset=is_reset))
        with ConnectedBackend(connection_to(proxy.url), sleep=lambda _: None) as clients:
            clients.session.budget = budget
            assert clients.v2.plugin_exports.create(**BODY)["job_id"] == "j0"
        assert len(exports.jobs) == 1, after


def test_a_request_cut_on_its_way_makes_one_job(backend: Loopback, proxy: FaultProxy, broken: ConnectedBackend) -> None:
    exports = Exports(backend)
    proxy.plan(Fault(cut_request_after=100), Fault(refuses=True))
    assert broken.v2.plugin_exports.create(**BODY)["job_id"] == "j0"
    assert len(exports.jobs) == 1


def test_a_run_that_was_killed_before_the_answer_gets_the_same_job(backend: Loopback, proxy: FaultProxy) -> None:
    exports = Exports(backend)
    program = """
        import sys
        from exportkit.clients import BackendClientV2, Connection
        client = BackendClientV2.connected(Connection(sys.argv[1], tenant="acme"))
        print("asking", flush=True)
        answer = client.plugin_exports.create(idempotency_key="stored", storage_id=2, path="x", targets=["task"])
        print(answer["job_id"])
    """
    command = [sys.executable, "-c", textwrap.dedent(program), proxy.url]
    proxy.plan(Fault(freeze_answer_after=0))
    with subprocess.Popen(command, stdout=subprocess.PIPE) as first:
        while not exports.jobs:
            assert first.poll() is None
        first.send_signal(signal.SIGKILL)
    second = subprocess.run(command, capture_output=True, text=True, check=True)
    assert second.stdout.split() == ["asking", "j0"]
    assert len(exports.jobs) == 1


# -- 21 to 23: the stream ---------------------------------------------------------------------------------------


def test_a_stream_cut_at_any_byte_goes_on_and_its_progress_never_falls(
    backend: Loopback, proxy: FaultProxy, broken: ConnectedBackend
) -> None:
    def stream(asked: Asked) -> Answer:
        first = int(asked.headers.get("last-event-id", "0")) + 1
        sent = [
            b'id: %d\nevent: async_job.progress\ndata: {"processed_count": %d, "total_count": 3}\n\n' % (n, n)
            for n in range(first, 4)
        ]
        return events(("connected", {}), *sent, b"id: 3\nevent: async_job.completed\ndata: {}\n\n")

    backend.on(STREAM, stream)
    backend.on(JOB, detail("COMPLETED", data={"manifest": MANIFEST}))
    followed(broken)
    length = len(proxy.connections[0].answer)
    for after in range(0, length, 3):
        told: list[tuple[int, int]] = []
        proxy.plan(Fault(cut_answer_after=after, is_reset=bool(after % 2)))
        with ConnectedBackend(connection_to(proxy.url), sleep=lambda _: None) as clients:
            assert followed(clients, told)["status"] == "COMPLETED"
        assert [processed for processed, _ in told] == [1, 2, 3], after


def test_a_stream_cut_again_and_again_ends_in_questions(
    backend: Loopback, proxy: FaultProxy, broken: ConnectedBackend
) -> None:
    backend.on(STREAM, events(("connected", {}), b"x" * 4000))
    backend.on(JOB, detail("PROCESSING"), detail("COMPLETED"))
    proxy.plan(*[Fault(cut_answer_after=200)] * 6)
    assert followed(broken)["status"] == "COMPLETED"
    assert len(backend.to(STREAM)) == 6


@pytest.mark.parametrize(
    "hostile",
    [
        events(b"data: " + b"x" * (2 << 20) + b"\n\n"),
        events(b"\0\r\n\r\r\n\n:\n::\nid:\nevent\ndata\n\n"),
        events(*[("async_job.progress", {"processed_count": n % 7, "total_count": 9}) for n in range(200)]),
        events(("async_job.progress", {"processed_count": 10**30, "total_count": -1}), ("async_job.completed", [1])),
        Answer(b"<html>", headers={"Content-Type": "text/html"}),
        Answer(b"\x1f\x8b broken", headers={"Content-Type": "text/event-stream", "Content-Encoding": "gzip"}),
        Answer(status=502),
    ],
)
def test_a_hostile_stream_costs_progress_and_nothing_else(
    backend: Loopback, clients: ConnectedBackend, hostile: Answer
) -> None:
    backend.on(STREAM, hostile)
    backend.on(JOB, detail("COMPLETED", data={"manifest": MANIFEST}))
    told: list[tuple[int, int]] = []
    found = finalize_export(followed(clients, told), job_id="j")
    assert found.record_count == 3
    assert told == sorted(told)


def test_a_stream_that_a_proxy_holds_back_is_left_after_three_heartbeats(
    backend: Loopback, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exportkit.clients.async_jobs.HEARTBEAT", 0.1)
    backend.on(STREAM, events(("connected", {})))
    backend.on(JOB, detail("COMPLETED"))
    proxy.plan(*[Fault(freeze_answer_after=0)] * 6)
    with ConnectedBackend(connection_to(proxy.url), sleep=lambda _: None) as clients:
        assert followed(clients)["status"] == "COMPLETED"


# -- 26: how a job may end --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "code", "words"),
    [
        (detail("FAILED", data={"error": "the disk of the server is full"}), 8, "the disk of the server is full"),
        (detail("CANCELLED", message="by an operator"), 8, "by an operator"),
        (detail("EXPIRED"), 5, "expired"),
        (Answer(status=404), 5, "no longer on the server"),
        (Answer(status=410), 5, "no longer on the server"),
        (detail("LIMBO"), 5, "no sign of life"),
        (detail(""), 5, "no sign of life"),
        (Answer(b"[]"), 5, "no sign of life"),
        (Answer(status=503), 5, "no sign of life"),
        (Answer(status=401), 6, "refused"),
    ],
)
@pytest.mark.parametrize("before", [(), ("PENDING",), ("PENDING", "PROCESSING")])
def test_every_end_of_a_job_is_an_exit_code_and_a_sentence(
    backend: Loopback, clients: ConnectedBackend, last: Answer, code: int, words: str, before: tuple[str, ...]
) -> None:
    backend.on(STREAM, Answer(status=204))
    backend.on(JOB, *map(detail, before), last)
    with pytest.raises((DelegatedExportError, ClientError), match=words) as caught:
        finalize_export(followed(clients), job_id="j")
    assert caught.value.exit_code == code
