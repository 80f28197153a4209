"""The log of a job reaches the backend in few requests, and a backend that fails costs log entries and nothing else."""

from __future__ import annotations

from tests.clients.loopback import Answer, Loopback, as_json

from exportkit.clients import ConnectedBackend
from exportkit.runtime import JobLogger

JOB = "/jobs/42/"
LOGS = "/logs/"


def test_a_thousand_entries_and_as_many_steps_are_a_few_requests(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on(JOB, as_json({"id": 42}))
    backend.on(LOGS, as_json({"count": 1}))
    logger = JobLogger(clients.v1, "42", progress_flush_interval=3600.0)
    logger.set_step("convert")
    for number in range(1, 1001):
        logger.info(f"item {number}")
        logger.set_progress(number, 1000)
        logger.set_metrics({"success": number}, "data_file")
    logger.finish()
    sent = [
        entry for asked in backend.to(LOGS) for entry in (asked.json if isinstance(asked.json, list) else [asked.json])
    ]
    assert [entry["data"]["content"] for entry in sent] == [f"item {number}" for number in range(1, 1001)]
    assert len(backend.to(LOGS)) <= 10
    assert len(backend.to(JOB)) <= 3
    last = backend.to(JOB)[-1]
    assert last.method == "PATCH"
    assert set(last.json) == {"progress_record", "metrics_record"}
    assert last.json["metrics_record"] == {"record": {"steps": {"data_file": {"success": 1000}}}}
    assert logger.log_loss_report() == {"lost": 0}


def test_a_backend_that_refuses_logs_fails_nothing(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on(JOB, Answer(status=400))
    backend.on(LOGS, Answer(status=403))
    logger = JobLogger(clients.v1, "42")
    logger.info("one")
    logger.set_progress(1, 2, "convert")
    logger.finish()
    assert logger.log_loss_report() == {"lost": 2}
