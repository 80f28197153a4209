"""Targets as one stream: every row once, an end that says so, and resumption where it broke."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.server.conftest import COUNT, row
from tests.server.served import Served

from exportkit.server.streams import _next_size

PATHS = {
    "task": "/v2/tasks/stream/",
    "assignment": "/v2/assignments/stream/",
    "ground_truth": "/v2/ground-truth-events/stream/",
}


def stream(served: Served, target: str, **params: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    answer = served.client.get(PATHS[target], params=params or None)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    *rows, end = [json.loads(line) for line in answer.text.splitlines() if line]
    return rows, end


@pytest.mark.parametrize("target", list(PATHS))
def test_rows_come_upwards_by_their_keys_and_the_last_line_says_that_it_was_all(served: Served, target: str) -> None:
    name = "pgh_id" if target == "ground_truth" else "id"
    wanted = sorted(one.get(name, one["id"]) for one in map(row, range(1, COUNT + 1)))
    scope = {"ground_truth_dataset_versions": served.version} if name == "pgh_id" else {"project": served.project}
    rows, end = stream(served, target, **scope)
    assert [one[name] for one in rows] == wanted
    applied = {"ground_truth_dataset_versions": [served.version]} if name == "pgh_id" else scope
    assert end == {"end": True, "count": COUNT, "last": wanted[-1], "applied_filter": applied}
    rest, end = stream(served, target, **scope, after=wanted[9])
    assert rest == rows[10:]
    assert (end["count"], end["last"]) == (COUNT - 10, wanted[-1])
    assert stream(served, target, after=wanted[-1])[1]["count"] == 0


def test_filters_apply_to_streams_and_unknown_ones_are_refused(served: Served) -> None:
    rows, end = stream(served, "task", ids="10-30", status_label="completed")
    assert [one["id"] for one in rows] == [10, 20, 30]
    assert end["applied_filter"] == {"ids": "10-30", "status_label": "completed"}
    assert served.get(PATHS["task"], 400, colour=1)["error"]["details"][0]["field"] == "colour"
    assert served.get(PATHS["task"], 400, after="x")["error"]["details"][0]["field"] == "after"


def test_job_logs_are_taken_one_by_one_and_in_lists(served: Served) -> None:
    path = "/jobs/some-job/"
    assert served.client.patch(path, json={"status": "RUNNING"}).json()["status"] == "RUNNING"
    record = {"progress_record": {"record": {"steps": {}}}, "metrics_record": {"record": {}}}
    assert served.client.patch(path, json=record).json() == {"id": "some-job", "status": "RUNNING"}
    for body, field in (({"colour": 1}, "colour"), ({"status": "DONE"}, "status")):
        answer = served.client.patch(path, json=body)
        assert (answer.status_code, list(answer.json())) == (400, [field])
    entry = {"event": "info", "data": {"a": 1}, "datetime": "2026-01-01T00:00:00Z", "job": "some-job", "level": "info"}
    assert served.post("/logs/", entry, 201) == {"count": 1}
    assert served.post("/logs/", [entry] * 1000, 201) == {"count": 1000}
    assert served.post("/logs/", [], 201) == {"count": 0}
    served.post("/logs/", [entry] * 1001, 400)
    served.post("/logs/", [{"data": 1}], 400)
    served.post("/logs/", 5, 400)


@pytest.mark.parametrize(
    ("rows", "size", "following"),
    [(50, 100_000, 500), (500, 1 << 20, 500), (500, 500 << 20, 1), (1, 64 << 20, 1), (10, 2 << 20, 5), (500, 1, 500)],
)
def test_batches_are_of_so_many_rows_as_are_a_megabyte_together(rows: int, size: int, following: int) -> None:
    assert _next_size(rows, size) == following
