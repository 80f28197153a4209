"""An export is handed to the server once, however often the answer is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from tests.clients.loopback import Answer, Asked, Loopback, as_json, connection_to

from exportkit.clients import ConnectedBackend
from exportkit.clients.client_errors import AuthorizationError, ClientError, ServerError, ValidationError
from exportkit.clients.plugin_exports import new_idempotency_key
from exportkit.testing import Fault, FaultProxy, FaultyTransport

PATH = "/v2/plugin_exports/"
BODY: dict[str, Any] = {"storage_id": 2, "path": "exports/x", "targets": ["task"], "project_id": 1}
ACCEPTED = as_json({"data": {"job_id": "j1", "status": "pending", "targets": ["task"]}, "meta": {}}, 202)


def job(identity: str, age: float = -1.0, **more: Any) -> dict[str, Any]:
    created = (datetime.now(UTC) - timedelta(seconds=age)).isoformat()
    return {"id": identity, "status": "PENDING", "category": "plugin_export", "created": created, **more}


def test_a_request_says_all_that_is_always_sent(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on(PATH, ACCEPTED)
    answer = clients.v2.plugin_exports.create(**BODY, filter={"project": 1}, ray_job_id=None, idempotency_key="k")
    assert answer == {"job_id": "j1", "status": "pending", "targets": ["task"]}
    (asked,) = backend.asked
    assert asked.json == {
        **BODY,
        "filter": {"project": 1},
        "include_original_files": False,
        "format": "raw_bundle_v1",
        "requires_source": True,
    }
    assert asked.headers["idempotency-key"] == "k"


@pytest.mark.parametrize("missing", ["storage_id", "path", "targets"])
def test_a_request_without_what_it_needs_is_not_sent(
    backend: Loopback, clients: ConnectedBackend, missing: str
) -> None:
    with pytest.raises(ValidationError, match=missing):
        clients.v2.plugin_exports.create(**{**BODY, missing: None})
    assert backend.asked == []


def test_a_dry_run_only_asks(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on(PATH, as_json({"data": {"valid": True}, "meta": {}}))
    assert clients.v2.plugin_exports.create(**BODY, dry_run=True) == {"valid": True}
    assert backend.asked[0].query == [("dry_run", "true")]


def test_a_lost_answer_is_asked_for_again_under_the_same_key(backend: Loopback) -> None:
    jobs: dict[str, str] = {}

    def enqueue(asked: Asked) -> Answer:
        identity = jobs.setdefault(asked.headers["idempotency-key"], f"j{len(jobs)}")
        return as_json({"data": {"job_id": identity, "status": "pending", "targets": ["task"]}, "meta": {}}, 202)

    backend.on(PATH, enqueue)
    backend.on("/v2/capabilities/", as_json({"data": {"streams": ["ndjson"]}, "meta": {}}))
    with FaultProxy(backend.url) as proxy:
        proxy.plan(Fault(swallows_answer=True), Fault(swallows_answer=True))
        with ConnectedBackend(connection_to(proxy.url), sleep=lambda _: None) as clients:
            assert clients.v2.plugin_exports.create(**BODY)["job_id"] == "j0"
    assert len(jobs) == 1
    assert len(backend.to(PATH)) == 2  # the second answer that was lost is the one about capabilities


def test_a_server_without_keys_is_asked_for_its_jobs_before_a_second_one_is_made(backend: Loopback) -> None:
    made: list[dict[str, Any]] = [job("old", 3600.0), job("other", -1.0, category="import")]

    def enqueue(_asked: Asked) -> Answer:
        made.append(job(f"j{len(made)}"))
        return ACCEPTED

    backend.on(PATH, enqueue)
    backend.on("/v2/async_jobs/", lambda _asked: as_json({"count": len(made), "results": made, "next": None}))
    with FaultProxy(backend.url) as proxy:
        proxy.plan(Fault(swallows_answer=True))
        with ConnectedBackend(connection_to(proxy.url), sleep=lambda _: None) as clients:
            answer = clients.v2.plugin_exports.create(**BODY)
    assert answer["job_id"] == "j2"
    assert len(backend.to(PATH)) == 1


def test_a_request_that_never_arrived_is_sent_again(backend: Loopback) -> None:
    backend.on(PATH, ACCEPTED)
    backend.on("/v2/async_jobs/", as_json({"data": [job("old", 3600.0)], "meta": {}}))
    inner = httpx2.HTTPTransport()
    for fault, looked in ((httpx2.ConnectError, 0), (httpx2.RemoteProtocolError, 1)):
        faulty = FaultyTransport(inner, {1: fault})
        with ConnectedBackend(connection_to(backend.url), transport=faulty, sleep=lambda _: None) as clients:
            assert clients.v2.plugin_exports.create(**BODY)["job_id"] == "j1"
        assert len(backend.to("/v2/async_jobs/")) == looked
    assert len(backend.to(PATH)) == 2


def test_several_jobs_that_may_be_ours_are_named_and_none_is_made(backend: Loopback) -> None:
    backend.on(PATH, ACCEPTED)
    backend.on("/v2/async_jobs/", as_json({"results": [job("a"), job("b"), job("c", path="elsewhere")]}))
    faulty = FaultyTransport(httpx2.HTTPTransport(), {1: httpx2.ReadTimeout})
    with (
        ConnectedBackend(connection_to(backend.url), transport=faulty, sleep=lambda _: None) as clients,
        pytest.raises(ClientError, match="a, b") as caught,
    ):
        clients.v2.plugin_exports.create(**BODY)
    assert caught.value.exit_code == 5
    assert backend.to(PATH) == []


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": "conflict", "message": "running", "details": {"job_id": "j7"}}, "meta": {}},
        {"error": {"code": "conflict", "details": [{"job_id": "j7"}]}},
        {"data": {"job_id": "j7"}},
        {"job_id": "j7"},
    ],
)
def test_a_job_that_runs_already_is_the_one_to_wait_for(
    backend: Loopback, clients: ConnectedBackend, body: dict[str, Any]
) -> None:
    backend.on(PATH, as_json(body, 409))
    assert clients.v2.plugin_exports.create(**BODY)["job_id"] == "j7"


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [(422, ValidationError, 2), (400, ValidationError, 2), (403, AuthorizationError, 6), (409, ClientError, 2)],
)
def test_what_the_server_does_not_take_is_told_at_once(
    backend: Loopback, clients: ConnectedBackend, status: int, kind: type[ClientError], code: int
) -> None:
    details = [{"field": "filter.foo", "message": "unknown"}]
    backend.on(PATH, as_json({"error": {"code": "x", "message": "no", "details": details}, "meta": {}}, status))
    with pytest.raises(kind, match=r"filter\.foo") as caught:
        clients.v2.plugin_exports.create(**BODY)
    assert caught.value.exit_code == code
    assert len(backend.asked) == 1


def test_a_busy_server_is_asked_three_times_more(
    backend: Loopback, clients: ConnectedBackend, waits: list[float]
) -> None:
    backend.on(PATH, Answer(status=503, headers={"Retry-After": "4"}))
    backend.on("/v2/async_jobs/", as_json({"results": []}))
    with pytest.raises(ServerError):
        clients.v2.plugin_exports.create(**BODY)
    assert len(backend.to(PATH)) == 4
    assert waits == [4.0] * 3


def test_an_answer_without_a_job_is_none(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on(PATH, as_json({"data": {"status": "pending"}, "meta": {}}, 202))
    with pytest.raises(ClientError, match="no job id"):
        clients.v2.plugin_exports.create(**BODY)


def test_keys_are_never_the_same() -> None:
    assert len({new_idempotency_key() for _ in range(100)}) == 100
