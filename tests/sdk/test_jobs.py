"""Delegated exports step by step: enqueue, follow, look, cancel (wire contract, sections 9 to 12)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.sdk.conftest import COUNT, PAYLOADS
from tests.sdk.existing import CallFailed, Family
from tests.server.process import Announced

TARGETS = ["task", "assignment", "ground_truth"]


def enqueued(v2: Family, backend: Announced, target: str = "task", **changed: Any) -> Any:
    scope = backend.scope(target)
    if target == "ground_truth":
        scope = {"ground_truth_dataset_versions": [backend.dataset_version_id]}
    asked: dict[str, Any] = {
        "project_id": None if target == "ground_truth" else backend.project_id,
        "storage_id": backend.storage_id,
        "path": "exports/step-by-step",
        "targets": [target],
        "filters": scope,
    }
    return v2("plugin_exports.create", **(asked | changed))


@pytest.mark.parametrize("target", TARGETS)
def test_a_job_is_followed_to_its_end_and_its_bundle_lies_in_the_storage(
    v1: Family, v2: Family, backend: Announced, target: str
) -> None:
    job = enqueued(v2, backend, target)
    assert job["status"] == "pending"
    assert job["targets"] == [target]

    events = v2("async_jobs.stream_progress", job["job_id"])
    assert events[0]["event"] == "connected"
    assert events[-1]["event"] == "async_job.completed"
    counted = [event["processed_count"] for event in events[1:]]
    assert counted == sorted(counted)
    assert {event["total_count"] for event in events[1:]} == {COUNT}

    detail = v2("async_jobs.retrieve", job["job_id"])
    assert detail["status"] == "COMPLETED"
    assert detail["progress"]["percent"] == 100.0
    manifest = detail["data"]["manifest"]
    location = Path(v1("get_storage", backend.storage_id)["configuration"]["location"])
    lines = [
        json.loads(line)
        for part in manifest["targets"][target]["parts"]
        for line in (location / manifest["prefix"] / part["path"]).read_text().splitlines()
    ]
    assert {line["id"]: line["data"] for line in lines} == PAYLOADS


def test_a_finished_job_is_told_of_at_once_and_cannot_be_cancelled(v2: Family, backend: Announced) -> None:
    job = enqueued(v2, backend, filters={"project": backend.project_id, "ids": "3,6"})
    v2("async_jobs.stream_progress", job["job_id"])
    again = v2("async_jobs.stream_progress", job["job_id"])
    assert (again[0]["event"], again[-1]["event"]) == ("connected", "async_job.completed")
    with pytest.raises(CallFailed) as found:
        v2("async_jobs.cancel", job["job_id"])
    assert found.value.status == 409
    assert v2("async_jobs.retrieve", job["job_id"])["data"]["count"] == 2


def test_a_waiting_job_is_cancelled_at_once_and_again(sdk: Any, idle_backend: Announced) -> None:
    v2 = sdk.v2(idle_backend)
    job = enqueued(v2, idle_backend)
    assert v2("async_jobs.retrieve", job["job_id"])["status"] == "PENDING"
    assert v2("async_jobs.cancel", job["job_id"])["status"] == "CANCELLED"
    assert v2("async_jobs.cancel", job["job_id"])["status"] == "CANCELLED"
    events = v2("async_jobs.stream_progress", job["job_id"])
    assert [event["event"] for event in events] == ["connected", "error"]


def test_own_jobs_are_listed_by_page(sdk: Any, idle_backend: Announced) -> None:
    v2 = sdk.v2(idle_backend)
    jobs = [enqueued(v2, idle_backend)["job_id"] for _ in range(3)]
    page = v2("async_jobs.list", page_size=1000)
    listed = [job["id"] for job in page["results"]]
    assert page["count"] == len(listed)
    assert listed[:3] == jobs[::-1]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"storage_id": 10**6}, "storage_id"),
        ({"path": "../out"}, "path"),
        ({"targets": ["planet"]}, "targets"),
        ({"filters": {"project": 1, "zzz_nonsense": 1}}, "filter.zzz_nonsense"),
    ],
)
def test_what_is_wrong_with_an_order_is_named(
    v2: Family, backend: Announced, changed: dict[str, Any], field: str
) -> None:
    asked = {"storage_id": backend.storage_id, "path": "x", "targets": ["task"], "filter": backend.scope("task")}
    asked |= {("filter" if key == "filters" else key): value for key, value in changed.items()}
    with pytest.raises(CallFailed) as found:
        v2("_post", "/v2/plugin_exports/", data=asked)
    assert (found.value.kind, found.value.status) == ("ValidationError", 400)
    assert f"'field': '{field}" in found.value.text


def test_a_job_that_nobody_has_is_404(v2: Family) -> None:
    with pytest.raises(CallFailed) as found:
        v2("async_jobs.retrieve", "00000000-0000-0000-0000-000000000000")
    assert (found.value.kind, found.value.status) == ("NotFoundError", 404)
