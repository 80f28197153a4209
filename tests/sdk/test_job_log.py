"""What a running job tells its backend, and the history of exports (wire contract, sections 2 and 14)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sdk.existing import CallFailed, Family
from tests.server.process import Announced

JOB = "3f0d9a52-6a43-4a0e-9d0e-0f3f5a1f7c11"
LOG = {"event": "message", "data": {"content": "half way"}, "datetime": "2026-01-01T00:00:00+00:00", "job": JOB}
PROGRESS = {
    "record": {"steps": {"initialize": {"proportion": 2, "order": 0, "percent": 100.0, "time_remaining": 0.0}}},
    "current_progress": {"overall": 2.0, "step": "fetch_results", "percent": 0.0, "time_remaining": None, "order": 1},
}


@pytest.mark.parametrize(
    "told",
    [
        {"status": "RUNNING"},
        {"progress_record": PROGRESS},
        {"metrics_record": {"record": {"steps": {"data_file": {"stand_by": 0, "success": 2, "failed": 0}}}}},
        {"status": "SUCCEEDED", "result": {"exported_count": 2}, "meta": {"queue": {"position": 1}}},
    ],
)
def test_a_job_that_the_server_never_saw_may_be_told_of(v1: Family, told: dict[str, Any]) -> None:
    assert v1("update_job", JOB, told) is not None


def test_a_job_is_told_nothing_that_it_does_not_have(v1: Family) -> None:
    with pytest.raises(CallFailed, match="mood") as found:
        v1("_patch", f"jobs/{JOB}/", data={"mood": "good"})
    assert (found.value.kind, found.value.status) == ("ValidationError", 400)


@pytest.mark.parametrize("logs", [LOG, [LOG] * 200], ids=["one", "two hundred"])
def test_logs_come_one_by_one_and_in_lists(v1: Family, logs: Any) -> None:
    assert v1("create_logs", logs) is not None


def test_an_export_stands_in_the_history(v2: Family, backend: Announced) -> None:
    job = v2(
        "plugin_exports.create",
        project_id=backend.project_id,
        storage_id=backend.storage_id,
        path="exports/history",
        targets=["assignment"],
        filters={"project": backend.project_id, "ids": "3"},
    )
    v2("async_jobs.stream_progress", job["job_id"])
    (mine,) = [row for row in v2("exports.list", list_all=True) if row["job_id"] == job["job_id"]]
    assert mine["target"] == "assignment"
    assert mine["job_status"] == "COMPLETED"
    detail = v2("exports.retrieve", mine["id"])
    assert (detail["job"]["id"], detail["job"]["status"]) == (job["job_id"], "SUCCEEDED")
    assert (detail["storage"], detail["path"]) == (backend.storage_id, "exports/history")
