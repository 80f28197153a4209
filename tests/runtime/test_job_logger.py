"""The log of a job: batched, bounded, and never in the way of the export (wire contract §14)."""

from __future__ import annotations

import base64
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from exportkit.runtime import BackendLogger, JobLogger, LogEntry, LogLevel, ProgressData
from exportkit.runtime import outbox as outbox_module


class Backend:
    """Takes what a job sends, unless it is down."""

    def __init__(self) -> None:
        self.down = False
        self.requests: list[Any] = []
        self.updates: list[dict[str, Any]] = []
        self.gate = threading.Event()
        self.gate.set()

    def update_job(self, job_id: str, data: dict[str, Any]) -> None:
        self.gate.wait(10)
        if self.down:
            raise ConnectionError("down")
        self.updates.append(data)

    def create_logs(self, data: dict[str, Any] | list[dict[str, Any]]) -> None:
        self.gate.wait(10)
        if self.down:
            raise ConnectionError("down")
        self.requests.append(data)

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [entry for request in self.requests for entry in (request if isinstance(request, list) else [request])]


def numbers(backend: Backend) -> list[int]:
    return [entry["data"]["n"] for entry in backend.entries]


def say(logger: JobLogger, *values: int) -> None:
    for value in values:
        logger.log(LogLevel.INFO, "e", {"n": value})


@pytest.fixture(params=[True, False], ids=["thread", "caller"])
def background(request: pytest.FixtureRequest) -> bool:
    value: bool = request.param
    return value


def test_entries_arrive_in_batches_and_in_order(*, background: bool) -> None:
    backend = Backend()
    logger = JobLogger(backend, "j1", log_flush_interval=60, background_flush=background)
    say(logger, *range(450))
    logger.finish()
    assert numbers(backend) == list(range(450))
    assert len(backend.requests) <= 4
    assert all(len(request) <= 1000 for request in backend.requests)


def test_one_entry_goes_as_the_bare_object(*, background: bool) -> None:
    backend = Backend()
    logger = JobLogger(backend, "j1", background_flush=background)
    logger.set_step("save")
    logger.info("hello")
    logger.finish()
    (entry,) = backend.requests
    assert entry.pop("datetime").endswith("+00:00")
    assert entry == {"event": "message", "data": {"content": "hello"}, "step": "save", "level": "info", "job": "j1"}


def test_an_entry_leaves_in_time_also_when_nothing_follows() -> None:
    backend = Backend()
    logger = JobLogger(backend, "j1", log_flush_interval=0.2, progress_flush_interval=0.2)
    say(logger, 1)
    time.sleep(0.6)
    say(logger, 2)
    logger.set_progress(1, 2)
    logger.set_progress(2, 2)
    deadline = time.monotonic() + 10
    while (numbers(backend) != [1, 2] or percent(backend) != 100.0) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert numbers(backend) == [1, 2]
    assert percent(backend) == 100.0
    logger.finish()


def percent(backend: Backend) -> float | None:
    """The overall progress that was sent last."""
    if not backend.updates:
        return None
    value: float = backend.updates[-1]["progress_record"]["current_progress"]["overall"]
    return value


def test_a_million_updates_are_few_requests(*, background: bool) -> None:
    backend = Backend()
    logger = JobLogger(backend, "j1", background_flush=background)
    for number in range(3000):
        logger.set_progress(number, 3000, "save")
        logger.set_metrics({"success": number}, "data_file")
    logger.finish()
    assert len(backend.updates) <= 5
    last = backend.updates[-1]
    assert set(last) == {"progress_record", "metrics_record"}
    assert last["progress_record"]["record"]["steps"]["save"]["percent"] == 99.97
    assert last["metrics_record"] == {"record": {"steps": {"data_file": {"success": 2999}}}}


def test_a_backend_that_is_down_fails_nobody_and_the_lost_are_counted(*, background: bool) -> None:
    backend = Backend()
    backend.down = True
    logger = JobLogger(backend, "j1", log_flush_interval=0, background_flush=background)
    began = time.monotonic()
    say(logger, *range(2500))
    logger.set_progress(1, 2)
    logger.finish()
    assert time.monotonic() - began < 20
    assert backend.requests == []
    assert logger.lost_entries == 2501
    assert logger.log_loss_report() == {"lost": 2501}


class Refusal(Exception):
    status_code = 400


def test_what_the_server_refuses_is_lost_and_the_rest_arrives(*, background: bool) -> None:
    class Picky(Backend):
        def create_logs(self, data: dict[str, Any] | list[dict[str, Any]]) -> None:
            if not isinstance(data, list) and data["event"] == "bad":
                raise Refusal
            super().create_logs(data)

    backend = Picky()
    logger = JobLogger(backend, "j1", log_batch_size=1, background_flush=False)
    logger.log(LogLevel.INFO, "bad", {})
    say(logger, 1, 2)
    logger.finish()
    assert numbers(backend) == [1, 2]
    assert logger.lost_entries == 1


def test_values_that_json_does_not_know_travel_as_text(*, background: bool) -> None:
    backend = Backend()
    logger = JobLogger(backend, "j1", background_flush=background)
    logger.log(LogLevel.INFO, "e", {"path": Path("a"), "nan": float("nan"), "set": {1}, "big": 10**30, 7: "key"})  # type: ignore[dict-item]
    logger.set_metrics({"path": Path("a")}, "data_file")
    logger.finish()
    assert backend.entries[0]["data"] == {"path": "a", "nan": None, "set": [1], "big": 10**30, "7": "key"}
    assert json.loads(json.dumps(backend.updates[-1], allow_nan=False)) == backend.updates[-1]


def test_entries_wait_for_a_backend_that_comes_back(monkeypatch: pytest.MonkeyPatch, *, background: bool) -> None:
    monkeypatch.setattr(outbox_module, "RETRY_SECONDS", 0.05)
    backend = Backend()
    backend.down = True
    logger = JobLogger(backend, "j1", log_batch_size=1, background_flush=background)
    say(logger, 0, 1, 2)
    time.sleep(0.2)
    backend.down = False
    say(logger, 3)
    logger.finish()
    assert numbers(backend) == [0, 1, 2, 3]
    assert logger.lost_entries == 0


def test_a_full_queue_makes_the_caller_wait_while_sending_works() -> None:
    backend = Backend()
    backend.gate.clear()
    logger = JobLogger(backend, "j1", log_batch_size=1, queue_wait_timeout=10)
    opener = threading.Timer(0.3, backend.gate.set)
    opener.start()
    say(logger, *range(4000))
    logger.finish()
    assert numbers(backend) == list(range(4000))
    assert logger.lost_entries == 0


def test_a_backend_that_hangs_holds_the_caller_up_once() -> None:
    backend = Backend()
    backend.gate.clear()
    logger = JobLogger(backend, "j1", log_batch_size=1, queue_wait_timeout=0.2)
    began = time.monotonic()
    say(logger, *range(4000))
    assert time.monotonic() - began < 5
    backend.gate.set()
    logger.finish()
    assert logger.lost_entries > 0
    assert len(numbers(backend)) + logger.lost_entries == 4000
    assert numbers(backend)[-1] == 3999


def test_a_picture_travels_in_its_entry_alone(tmp_path: Path, *, background: bool) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG")
    backend = Backend()
    logger = JobLogger(backend, "j1", background_flush=background, log_flush_interval=60)
    logger.info("before")
    logger.log_visualization("val", "predictions", 0, str(picture))
    picture.unlink()
    logger.info("after")
    logger.log_visualization("val", "predictions", 1, str(tmp_path / "gone.png"))
    logger.finish()
    assert [entry["event"] for entry in backend.entries] == ["message", "visualization", "message", "visualization"]
    with_file = [request for request in backend.requests if "file" in request]
    assert with_file[0]["file"] == "data:image/png;base64," + base64.b64encode(b"\x89PNG").decode()


def test_a_logger_that_never_spoke_starts_no_thread_and_sends_nothing() -> None:
    backend = Backend()
    before = threading.active_count()
    logger = JobLogger(backend, "j1", {"a": 100})
    logger.finish()
    assert threading.active_count() == before
    assert (backend.requests, backend.updates) == ([], [])


def test_a_backend_logger_hands_on_at_once_or_not_at_all() -> None:
    seen: list[object] = []

    class Sink:
        def publish_progress(self, job_id: str, progress: ProgressData) -> None:
            seen.append((job_id, progress.percent))

        def publish_metrics(self, job_id: str, metrics: dict[str, Any]) -> None:
            seen.append((job_id, metrics))

        def publish_log(self, job_id: str, log_entry: LogEntry) -> None:
            seen.append((job_id, log_entry.event))

    logger = BackendLogger(Sink(), "7")
    logger.info("x")
    logger.set_progress(1, 2)
    logger.set_metrics({"a": 1}, "s")
    assert seen == [("7", "message"), ("7", 50.0), ("7", {"s": {"a": 1}})]
    silent = BackendLogger(None, "7")
    silent.info("x")
    silent.set_progress(1, 2)
    assert silent.lost_entries == 0
