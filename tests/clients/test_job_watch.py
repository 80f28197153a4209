"""A job of the server is waited for until its row says that it is over, and never for ever."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from tests.clients.loopback import Answer, Loopback, as_json, events

from exportkit.actions.head_settings import PollPatienceConfig
from exportkit.clients import ConnectedBackend
from exportkit.clients.client_errors import AuthenticationError
from exportkit.clients.job_outcome import DelegatedExportError, finalize_export, job_state, manifest_record_count
from exportkit.clients.job_watch import stream_export_progress

JOB = "/v2/async_jobs/j/"
STREAM = f"{JOB}progress/"
CANCEL = f"{JOB}cancel/"


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sleeps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


def detail(status: str, **more: Any) -> Answer:
    return as_json({"data": {"id": "j", "status": status, **more}, "meta": {"request_id": "r"}})


def watched(clients: ConnectedBackend, time: Time | None = None, told: Any = None, **patience: Any) -> dict[str, Any]:
    time = time or Time()
    return stream_export_progress(
        v2_client=clients.v2,
        job_id="j",
        progress_callback=told,
        patience=PollPatienceConfig(**patience),
        clock=time,
        sleep=time.sleep,
    )


@pytest.fixture
def silent(backend: Loopback) -> Loopback:
    """A backend whose stream has nothing to say."""
    backend.on(STREAM, Answer(status=204))
    backend.on(CANCEL, detail("CANCELLED"))
    return backend


@pytest.mark.parametrize("status", ["COMPLETED", "completed", "Success", "FAILED", "error", "cancelled", "CANCELED"])
def test_a_closed_state_in_any_case_ends_the_wait(silent: Loopback, clients: ConnectedBackend, status: str) -> None:
    time = Time()
    silent.on(JOB, detail("PENDING"), detail("PROCESSING"), detail(status))
    assert watched(clients, time)["status"] == status
    assert time.sleeps == [2.0, 3.0]


def test_the_stream_feeds_the_progress_and_decides_nothing(backend: Loopback, clients: ConnectedBackend) -> None:
    counts = [(1, 9), (5, 9), (3, 9), (5, 9), (9, 9), (7, 0), (-1, 9), ("x", 9)]
    sent = [("async_job.progress", {"processed_count": a, "total_count": b}) for a, b in counts]
    backend.on(STREAM, events(*sent, ("async_job.completed", {})))
    backend.on(JOB, detail("PROCESSING", progress={"processed_count": 9, "total_count": 12}), detail("FAILED"))
    told: list[tuple[int, int]] = []
    assert watched(clients, told=lambda *counters: told.append(counters))["status"] == "FAILED"
    assert told == [(1, 9), (5, 9), (9, 9), (9, 12)]


def test_a_callback_that_raises_changes_nothing(
    backend: Loopback, clients: ConnectedBackend, caplog: pytest.LogCaptureFixture
) -> None:
    backend.on(STREAM, events(("async_job.progress", {"processed_count": 1, "total_count": 2}), ("error", {})))
    backend.on(JOB, detail("COMPLETED"))

    def tell(_processed: int, _total: int) -> None:
        raise RuntimeError("the terminal is gone")

    assert watched(clients, told=tell)["status"] == "COMPLETED"
    assert "could not be told" in caplog.text


def test_a_job_that_shows_no_life_is_cancelled_and_given_up(silent: Loopback, clients: ConnectedBackend) -> None:
    time = Time()
    silent.on(JOB, detail("PROCESSING", progress_updated="2026-01-01T00:00:00Z"))
    with pytest.raises(DelegatedExportError, match="no sign of life") as caught:
        watched(clients, time, inactivity_deadline=100.0)
    assert caught.value.exit_code == 5
    assert 100 <= time.now <= 115
    assert max(time.sleeps) == 15.0
    assert len(silent.to(CANCEL)) == 1


@pytest.mark.parametrize("signal", ["progress_updated", "processed_count", "percent"])
def test_every_sign_of_life_renews_the_patience(silent: Loopback, clients: ConnectedBackend, signal: str) -> None:
    def alive(number: int) -> Answer:
        if signal == "progress_updated":
            return detail("PROCESSING", progress_updated=f"2026-01-01T00:00:{number:02}Z")
        return detail("PROCESSING", progress={signal: number})

    silent.on(JOB, *map(alive, range(40)), detail("COMPLETED"))
    time = Time()
    assert watched(clients, time, inactivity_deadline=20.0)["status"] == "COMPLETED"
    assert time.now > 500


def test_a_ceiling_ends_the_wait_for_a_job_that_lives(silent: Loopback, clients: ConnectedBackend) -> None:
    number = iter(range(10_000))
    silent.on(JOB, lambda _asked: detail("PROCESSING", progress={"processed_count": next(number)}))
    time = Time()
    with pytest.raises(DelegatedExportError, match="300 seconds") as caught:
        watched(clients, time, wall_clock_ceiling=300.0)
    assert caught.value.exit_code == 5
    assert time.now <= 315


def test_the_older_manner_asks_thirty_times_and_cancels_nothing(silent: Loopback, clients: ConnectedBackend) -> None:
    silent.on(JOB, detail("PROCESSING"))
    with pytest.raises(DelegatedExportError, match="30 times"):
        watched(clients, activity_based=False)
    assert len(silent.to(JOB)) == 30
    assert silent.to(CANCEL) == []


def test_an_unknown_state_is_waited_for_within_the_patience(silent: Loopback, clients: ConnectedBackend) -> None:
    silent.on(JOB, detail("HIBERNATING"))
    with pytest.raises(DelegatedExportError) as caught:
        watched(clients, inactivity_deadline=50.0)
    assert caught.value.exit_code == 5


def test_a_server_that_is_away_counts_against_the_patience_alone(silent: Loopback, clients: ConnectedBackend) -> None:
    silent.on(JOB, *[Answer(status=503)] * 9, detail("COMPLETED"))
    assert watched(clients)["status"] == "COMPLETED"
    silent.on(JOB, Answer(status=503))
    with pytest.raises(DelegatedExportError) as caught:
        watched(clients, inactivity_deadline=50.0)
    assert caught.value.exit_code == 5


@pytest.mark.parametrize("status", [404, 410])
def test_a_job_that_is_gone_is_not_waited_for(silent: Loopback, clients: ConnectedBackend, status: int) -> None:
    silent.on(JOB, Answer(status=status))
    with pytest.raises(DelegatedExportError, match="no longer on the server") as caught:
        watched(clients)
    assert caught.value.exit_code == 5
    assert len(silent.to(JOB)) == 1


def test_lost_permission_is_told_as_what_it_is(silent: Loopback, clients: ConnectedBackend) -> None:
    silent.on(JOB, Answer(status=401))
    with pytest.raises(AuthenticationError):
        watched(clients)


def test_heartbeats_without_end_do_not_outlast_the_patience() -> None:
    time = Time()

    class Jobs:
        def stream_progress(self, _job: str) -> Iterator[dict[str, Any]]:
            while True:
                time.now += 15
                yield {"event": "heartbeat"}

        def retrieve(self, _job: str) -> dict[str, Any]:
            return {"status": "COMPLETED"}

    class Client:
        async_jobs = Jobs()

    found = stream_export_progress(
        v2_client=Client(),
        job_id="j",
        progress_callback=None,
        patience=PollPatienceConfig(inactivity_deadline=600.0),
        clock=time,
        sleep=time.sleep,
    )
    assert found == {"status": "COMPLETED"}
    assert time.now == 600


def test_a_failing_cancellation_does_not_hide_why_the_job_was_given_up(
    silent: Loopback, clients: ConnectedBackend
) -> None:
    silent.on(JOB, detail("PROCESSING"))
    silent.on(CANCEL, Answer(status=409))
    with pytest.raises(DelegatedExportError, match="no sign of life"):
        watched(clients, inactivity_deadline=10.0)


def test_why_the_stream_ended_stands_in_the_log_for_those_who_look(
    silent: Loopback, clients: ConnectedBackend, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "exportkit.clients.job_watch")
    silent.on(JOB, detail("COMPLETED"))
    watched(clients)
    assert "StreamError" in caplog.text


# -- what a finished job says -----------------------------------------------------------------------------------

MANIFEST = {"prefix": "exports/x/", "targets": {"task": {"records": 2, "parts": []}}}


def test_a_bundle_is_found_in_the_manifest_or_in_the_data_itself() -> None:
    nested = {"status": "completed", "data": {"result_uri": "s3://b/x", "manifest": MANIFEST, "snapshot": True}}
    found = finalize_export(nested, job_id="j")
    assert (found.prefix, found.result_uri, found.record_count) == ("exports/x/", "s3://b/x", 2)
    assert found.is_snapshot
    flat = finalize_export({"status": "SUCCESS", "data": {**MANIFEST, "applied_filter": {"project": 1}}}, job_id="j")
    assert (flat.prefix, flat.result_uri, flat.applied_filter) == ("exports/x/", None, {"project": 1})
    assert not flat.is_snapshot


@pytest.mark.parametrize(
    ("manifest", "count"),
    [
        ({"targets": {"a": {"records": 2}, "b": {"records": 3}}}, 5),
        ({"targets": {"a": {"records": "2"}}, "records": 4}, 4),
        ({"records": {"a": 1, "b": 2}}, 3),
        ({"records": 0}, 0),
        ({"records": True}, None),
        ({"records": -1}, None),
        ({}, None),
    ],
)
def test_records_are_counted_as_far_as_the_manifest_says(manifest: dict[str, Any], count: int | None) -> None:
    assert manifest_record_count(manifest) == count


SIGNED = "https://h.example/a?X-Amz-Signature=canary"


@pytest.mark.parametrize(
    ("job", "words", "code"),
    [
        ({"status": "FAILED", "data": {"error": "disk\nfull."}}, "failed on the server: disk full", 8),
        ({"status": "failed", "error": {"message": "no"}}, "failed on the server: no", 8),
        ({"status": "FAILED", "error": f"GET {SIGNED}"}, r"server: GET https://h\.example/a\?…\.", 8),
        ({"status": "CANCELLED"}, "cancelled on the server", 8),
        ({"status": "EXPIRED"}, "expired", 5),
        ({"status": "PROCESSING"}, "not over", 8),
        ({}, "no status", 8),
        ({"status": "COMPLETED", "data": None}, "names no bundle", 4),
        ({"status": "COMPLETED", "data": {"manifest": {}}}, "names no bundle", 4),
    ],
)
def test_a_job_without_a_bundle_is_told_with_the_servers_words(job: dict[str, Any], words: str, code: int) -> None:
    with pytest.raises(DelegatedExportError, match=words) as caught:
        finalize_export(job, job_id="j")
    assert caught.value.exit_code == code
    assert caught.value.job_id == "j"
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("odd", [{}, {"status": 7, "progress": [1]}, {"progress": {"processed_count": "x"}}])
def test_a_state_is_read_from_anything(odd: dict[str, Any]) -> None:
    state = job_state(odd)
    assert not state.is_over
    assert (state.processed, state.total) == (None, None)
