"""Delegated exports: enqueued once, written whole, followed, cancelled, and taken up again whatever dies."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.server.conftest import COUNT
from tests.server.served import Served, lines_of, start, write_bundle
from tests.services import Bucket

from exportkit.bundles import Bundle, count_lines

_PATIENCE = 90.0


def until(found: Callable[[], Any]) -> Any:
    """What a question gives as soon as it gives something."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        time.sleep(0.02)
    pytest.fail("it did not come to pass")


#: Rows of a bundle whose export, row by row, takes long enough to be disturbed.
ROWS = 4000
SLOWLY: dict[str, Any] = {"chunk_size": 1}


def large(folder: Path, rows: int = ROWS) -> Path:
    """Such a bundle."""
    return write_bundle(folder, [b'{"id":%d,"data":{"annotations":[]}}' % number for number in range(1, rows + 1)])


@pytest.mark.parametrize("target", ["task", "assignment", "ground_truth"])
def test_a_completed_job_has_a_whole_bundle_in_its_place(served: Served, target: str) -> None:
    job_id = served.enqueue(target, path="exports/some where")
    detail = served.ended_job(job_id)
    assert detail["status"] == "COMPLETED"
    assert detail["progress"]["total_count"] == detail["progress"]["processed_count"] == COUNT
    manifest = detail["data"]["manifest"]
    assert manifest["prefix"] == f"exports/some where/.async_jobs/exports/{job_id}/"
    assert (manifest["complete"], manifest["schema"]) == (True, "exportkit-bundle/1.0")
    assert manifest["watermark"] == {"max_id": COUNT * 10, "count": COUNT}
    assert manifest["applied_count"] == detail["data"]["count"] == COUNT
    root = served.folder / manifest["prefix"]
    assert json.loads((root / ".exportkit-bundle").read_text()) == {"job_id": job_id}
    assert json.loads((root / "manifest.json").read_text()) == manifest
    for part in manifest["targets"][target]["parts"]:
        content = (root / part["path"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (part["size"], part["sha256"])
    bundle = Bundle.open(root)
    bundle.verify_counts([count_lines(part)[0].records for part in bundle.parts])
    ids = [json.loads(line)["id"] for line in lines_of(served, detail, target)]
    assert ids == [number * 10 for number in range(1, COUNT + 1)]


def test_nothing_but_the_bundle_lies_at_its_place_and_nothing_is_left_elsewhere(served: Served) -> None:
    job_id = served.enqueue(path="clean")
    prefix = served.ended_job(job_id)["data"]["manifest"]["prefix"]
    names = {path.name for path in (served.folder / prefix).rglob("*") if path.is_file()}
    assert names == {".exportkit-bundle", "manifest.json", "part-00001.jsonl"}
    assert not list((served.folder / ".exportkit-scratch").iterdir())


def test_id_bounds_within_the_filter_are_half_open_and_echoed(served: Served) -> None:
    scope = {"project": served.project, "_id_gte": 20, "_id_lt": 50}
    detail = served.ended_job(served.enqueue(filter=scope))
    assert [json.loads(line)["id"] for line in lines_of(served, detail)] == [20, 30, 40]
    assert detail["data"]["applied_filter"] == scope
    assert detail["data"]["manifest"]["applied_filter"] == scope
    versions = {"ground_truth_dataset_version": served.version, "_id_gte": 240, "_id_lt": 10_000}
    detail = served.ended_job(served.enqueue("ground_truth", filter=versions))
    assert [json.loads(line)["id"] for line in lines_of(served, detail, "ground_truth")] == [240, 250]
    assert detail["data"]["applied_filter"]["ground_truth_dataset_versions"] == [served.version]


def test_an_export_of_nothing_completes_with_no_parts(served: Served) -> None:
    detail = served.ended_job(served.enqueue(filter={"project": served.project, "id__gt": 10**9}))
    assert detail["data"]["manifest"]["targets"] == {"task": {"dir": "task", "records": 0, "parts": []}}
    assert detail["data"]["count"] == 0


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_parts_are_packed_only_for_those_who_asked(served: Served, encoding: str) -> None:
    detail = served.ended_job(served.enqueue(accept_encodings=["br", encoding]))
    (part,) = detail["data"]["manifest"]["targets"]["task"]["parts"]
    assert part["encoding"] == encoding


def test_the_project_may_stand_beside_the_filter(served: Served) -> None:
    body = {"storage_id": served.storage, "path": "x", "targets": ["task"], "project_id": served.project}
    answer = served.post("/v2/plugin_exports/", body | {"filter": {"ids": "10-30"}}, 202)["data"]
    assert (answer["applied_filter"], answer["applied_count"]) == ({"ids": "10-30"}, 3)
    error = served.post("/v2/plugin_exports/", body | {"filter": {"project": 99}}, 400)["error"]
    assert error["details"][0]["field"] == "filter.project"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"storage_id": 4711}, "storage_id"),
        ({"storage_id": "1"}, "storage_id"),
        ({"storage_id": None}, "storage_id"),
        ({"path": ""}, "path"),
        ({"path": "/"}, "path"),
        ({"path": "/etc"}, "path"),
        ({"path": "a/../../b"}, "path"),
        ({"path": "a\\b"}, "path"),
        ({"path": "a\0b"}, "path"),
        ({"targets": []}, "targets"),
        ({"targets": ["task", "assignment"]}, "targets"),
        ({"targets": ["tasks"]}, "targets"),
        ({"targets": "task"}, "targets"),
        ({"format": "coco"}, "format"),
        ({"chunk_size": 0}, "chunk_size"),
        ({"colour": 1}, "colour"),
        ({"filter": {}}, "filter.project"),
        ({"filter": None}, "filter.project"),
        ({"filter": {"project": 4711}}, "filter.project"),
        ({"filter": {"project": 1, "colour": "red"}}, "filter.colour"),
        ({"filter": {"project": 1, "id__gt": "x"}}, "filter.id__gt"),
        ({"filter": {"project": 1, "id__in": []}}, "filter.id__in"),
        ({"filter": {"project": 1, "tags": [1]}}, "filter.tags"),
        ({"filter": {"project": 1, "ids": "1" * 10_001}}, "filter"),
        ({"targets": ["ground_truth"], "filter": {}}, "filter.ground_truth_dataset_versions"),
        ({"targets": ["ground_truth"], "filter": {"ground_truth_dataset_versions": []}}, "filter"),
    ],
)
def test_a_wrong_order_is_refused_by_the_field_that_is_wrong(
    served: Served, changed: dict[str, Any], field: str
) -> None:
    body = {"storage_id": served.storage, "path": "x", "targets": ["task"], "filter": {"project": served.project}}
    before = served.get("/v2/async_jobs/")["data"]["count"]
    error = served.post("/v2/plugin_exports/", body | changed, 400)["error"]
    assert error["details"][0]["field"].startswith(field)
    assert served.get("/v2/async_jobs/")["data"]["count"] == before


def test_a_dry_run_validates_and_makes_no_job(served: Served) -> None:
    body = {"storage_id": served.storage, "path": "x", "targets": ["task"], "filter": {"project": served.project}}
    before = served.get("/v2/async_jobs/")["data"]["count"]
    answer = served.post("/v2/plugin_exports/?dry_run=true", body, 202)["data"]
    assert answer["targets"] == ["task"]
    assert served.get("/v2/async_jobs/")["data"]["count"] == before
    served.post("/v2/plugin_exports/?dry_run=True", body | {"storage_id": 99}, 400)


def test_one_idempotency_key_makes_one_job(served: Served) -> None:
    body = {"storage_id": served.storage, "path": "x", "targets": ["task"], "filter": {"project": served.project}}
    key = {"Idempotency-Key": f"key-{time.monotonic_ns()}"}
    first = served.post("/v2/plugin_exports/", body, 202, **key)["data"]
    before = served.get("/v2/async_jobs/")["data"]["count"]
    served.ended_job(first["job_id"])
    assert served.post("/v2/plugin_exports/", dict(reversed(body.items())), 202, **key)["data"] == first
    assert served.get("/v2/async_jobs/")["data"]["count"] == before
    served.post("/v2/plugin_exports/", body | {"path": "y"}, 422, **key)
    assert served.post("/v2/plugin_exports/", body, 202)["data"]["job_id"] != first["job_id"]


def test_own_jobs_are_listed_newest_first_and_by_their_ids(served: Served) -> None:
    ids = [served.enqueue(), served.enqueue()]
    page = served.get("/v2/async_jobs/", page_size=1)["data"]
    assert page["results"][0]["id"] == ids[1]
    assert served.get(page["next"])["data"]["results"][0]["id"] == ids[0]
    found = served.get("/v2/async_jobs/", ids=",".join(ids), ordering="created")["data"]
    assert [one["id"] for one in found["results"]] == ids
    assert served.get("/v2/async_jobs/", ids=ids[0], ids_ex=ids[0])["data"]["count"] == 0


def test_the_history_pages_by_cursor(served: Served) -> None:
    ids = [served.enqueue(), served.enqueue("ground_truth"), served.enqueue()]
    found: list[dict[str, Any]] = []
    page = served.get("/v2/exports/", per_page=1)
    while len(found) < 3:
        found += page["data"]
        page = served.get(page["meta"]["pagination"]["next_cursor"]) if len(found) < 3 else page
    assert [one["job_id"] for one in found] == ids[::-1]
    assert [one["target"] for one in found] == ["task", "ground_truth", "task"]
    assert served.get(f"/v2/exports/{found[0]['id']}/")["data"]["job_id"] == ids[2]


# -- progress --------------------------------------------------------------------------------------------------


def test_a_stream_tells_progress_that_never_goes_back_and_ends_with_the_job(tmp_path: Path) -> None:
    with start("--load", large(tmp_path / "b"), "--data", tmp_path / "d") as server:
        events = server.events(server.enqueue(**SLOWLY))
    assert events[0]["event"] == "connected"
    assert events[-1]["event"] == "async_job.completed"
    bodies = [one["data"] for one in events if one["event"] == "async_job.progress"]
    assert bodies[-1] == {"processed_count": ROWS, "total_count": ROWS, "percent": 100.0, "status": "processing"}
    counts = [body["processed_count"] for body in bodies]
    assert counts == sorted(counts)
    assert all(0 <= body["processed_count"] <= body["total_count"] for body in bodies)
    ids = [int(one["id"]) for one in events]
    assert ids == sorted(ids)


def test_a_stream_goes_on_behind_the_last_event_that_came(served: Served) -> None:
    job_id = served.enqueue()
    events = served.events(job_id)
    again = served.events(job_id, last_event_id=events[1]["id"])
    assert again[0]["event"] == "connected"
    assert again[1:] == events[2:]


@pytest.mark.parametrize("last", ["999999999", "0", "-1", "x", "9" * 40])
def test_a_stream_of_an_ended_job_always_tells_its_end(served: Served, last: str) -> None:
    job_id = served.enqueue()
    served.ended_job(job_id)
    assert [one["event"] for one in served.events(job_id, last)][-1] == "async_job.completed"


def test_the_row_reads_completed_before_the_stream_says_so(served: Served) -> None:
    for _ in range(3):
        job_id = served.enqueue()
        assert served.events(job_id)[-1]["event"] == "async_job.completed"
        detail = served.get(f"/v2/async_jobs/{job_id}/")["data"]
        assert detail["status"] == "COMPLETED"
        assert (served.folder / detail["data"]["manifest"]["prefix"] / "manifest.json").exists()


def test_an_idle_stream_gives_signs_of_life_and_ends_after_its_lifetime(tmp_path: Path, bundle: Path) -> None:
    times = {"EXPORTKIT_SERVER_HEARTBEAT_SECONDS": "1", "EXPORTKIT_SERVER_STREAM_LIFETIME_SECONDS": "3"}
    with start("--load", bundle, "--data", tmp_path, "--workers", "0", environment=times) as server:
        events = [one["event"] for one in server.events(server.enqueue())]
    assert events[0] == "connected"
    assert set(events[1:]) == {"heartbeat"}
    assert len(events) >= 2


def test_an_account_holds_so_many_streams_and_no_more(tmp_path: Path, bundle: Path) -> None:
    few = {"EXPORTKIT_SERVER_STREAMS_PER_ACCOUNT": "1"}
    with start("--load", bundle, "--data", tmp_path, "--workers", "0", environment=few) as server:
        path = f"/v2/async_jobs/{server.enqueue()}/progress/"
        with server.client.stream("GET", path) as first:
            lines = first.iter_lines()  # held, for what nobody holds any more is closed
            assert next(lines).startswith("retry")
            answer = server.client.get(path)
            assert answer.status_code == 429
            assert int(answer.headers["retry-after"]) > 0


# -- cancel ----------------------------------------------------------------------------------------------------


def test_a_waiting_job_is_cancelled_at_once_and_a_second_time_too(tmp_path: Path, bundle: Path) -> None:
    with start("--load", bundle, "--data", tmp_path, "--workers", "0") as server:
        job_id = server.enqueue()
        for _ in range(2):
            assert server.post(f"/v2/async_jobs/{job_id}/cancel/")["data"]["status"] == "CANCELLED"
        assert [one["event"] for one in server.events(job_id)] == ["connected", "error"]


def test_an_ended_job_cannot_be_cancelled(served: Served) -> None:
    job_id = served.enqueue()
    served.ended_job(job_id)
    assert served.post(f"/v2/async_jobs/{job_id}/cancel/", status=409)["error"]["code"] == "conflict"
    served.post("/v2/async_jobs/none/cancel/", status=404)


def test_a_running_job_that_is_cancelled_leaves_no_bundle(tmp_path: Path) -> None:
    with start("--load", large(tmp_path / "b"), "--data", tmp_path / "d") as server:
        job_id = server.enqueue(**SLOWLY)
        until(lambda: server.get(f"/v2/async_jobs/{job_id}/")["data"]["progress"]["processed_count"])
        assert server.post(f"/v2/async_jobs/{job_id}/cancel/")["data"]["status"] == "CANCELLED"
        after = server.ended_job(server.enqueue(filter={"project": server.project, "ids": "1-5"}))
        assert after["status"] == "COMPLETED"
        assert server.get(f"/v2/async_jobs/{job_id}/")["data"]["status"] == "CANCELLED"
        assert not (server.folder / f"exports/x/.async_jobs/exports/{job_id}").exists()
        # The worker of the one learns of its end while that of the other works.
        until(lambda: not list((server.folder / ".exportkit-scratch").iterdir()))


def test_an_account_has_so_many_open_jobs_and_no_more(tmp_path: Path, bundle: Path) -> None:
    few = {"EXPORTKIT_SERVER_JOBS_PER_ACCOUNT": "2"}
    with start("--load", bundle, "--data", tmp_path, "--workers", "0", environment=few) as server:
        first = server.enqueue()
        server.enqueue()
        body = {"storage_id": server.storage, "path": "x", "targets": ["task"], "filter": {"project": server.project}}
        assert server.post("/v2/plugin_exports/", body, 429)["error"]["code"] == "rate_limited"
        server.post(f"/v2/async_jobs/{first}/cancel/")
        server.enqueue()


# -- whatever dies ---------------------------------------------------------------------------------------------


def worker_pid(server: Served) -> int:
    """The process of the one worker: the child of the server."""
    threads = Path(f"/proc/{server.process.pid}/task")
    found = [pid for thread in threads.iterdir() for pid in (thread / "children").read_text().split()]
    return int(found[0])


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_job_outlives_its_worker(tmp_path: Path, how: signal.Signals) -> None:
    short = {"EXPORTKIT_SERVER_LEASE_SECONDS": "2"}
    bundle = large(tmp_path / "b")
    with start("--load", bundle, "--data", tmp_path / "d", "--workers", "1", environment=short) as server:
        job_id = server.enqueue(**SLOWLY)
        until(lambda: server.get(f"/v2/async_jobs/{job_id}/")["data"]["progress"]["processed_count"])
        os.kill(worker_pid(server), how)
        detail = server.ended_job(job_id)
        assert detail["status"] == "COMPLETED"
        assert (
            b"".join(line + b"\n" for line in lines_of(server, detail))
            == (bundle / "task" / "part-00001.jsonl").read_bytes()
        )
        assert not list((server.folder / ".exportkit-scratch").iterdir())


def test_a_job_outlives_its_server(tmp_path: Path) -> None:
    options = ("--load", large(tmp_path / "b"), "--data", tmp_path / "d")
    short = {"EXPORTKIT_SERVER_LEASE_SECONDS": "2"}
    with start(*options, environment=short) as server:
        job_id = server.enqueue(**SLOWLY)
        until(lambda: server.get(f"/v2/async_jobs/{job_id}/")["data"]["progress"]["processed_count"])
        server.process.kill()
        token = server.announced.token
    with start(*options, environment=short) as server:
        assert server.announced.token == token
        assert server.ended_job(job_id)["status"] == "COMPLETED"


def test_a_server_that_ends_hands_its_job_back(tmp_path: Path) -> None:
    options = ("--load", large(tmp_path / "b"), "--data", tmp_path / "d")
    with start(*options) as server:
        job_id = server.enqueue(**SLOWLY)
        until(lambda: server.get(f"/v2/async_jobs/{job_id}/")["data"]["progress"]["processed_count"])
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0
    with start(*options) as server:
        assert server.ended_job(job_id)["status"] == "COMPLETED"


def test_a_storage_that_cannot_be_written_fails_the_job_with_its_reason(tmp_path: Path, bundle: Path) -> None:
    with start("--load", bundle, "--data", tmp_path) as server:
        (server.folder / "taken").write_text("a file in the way")
        job_id = server.enqueue(path="taken")
        assert server.events(job_id)[-1]["event"] == "error"
        detail = server.get(f"/v2/async_jobs/{job_id}/")["data"]
    assert detail["status"] == "FAILED"
    assert "taken" in detail["error"]
    assert detail["failed"] is not None


def test_bundles_go_to_s3_too(tmp_path: Path, bundle: Path, s3: Bucket) -> None:
    from exportkit.storage.opening import session_objects

    options = ("--load", bundle, "--data", tmp_path, "--storage", s3.url + "&region=us-east-1")
    with start(*options, environment=s3.environment) as server:
        detail = server.ended_job(server.enqueue())
        session = server.post(f"/storages/{server.storage}/session/", {"purpose": "read"})
        assert session["provider"] == "s3"
        store = session_objects(session)
        manifest = detail["data"]["manifest"]
        assert detail["data"]["result_uri"].startswith(f"s3://{s3.name}/")
        assert json.loads(b"".join(store.read(manifest["prefix"] + "manifest.json"))) == manifest
        (part,) = manifest["targets"]["task"]["parts"]
        content = b"".join(store.read(manifest["prefix"] + part["path"]))
        assert hashlib.sha256(content).hexdigest() == part["sha256"]


def test_two_servers_share_one_database(tmp_path: Path, bundle: Path) -> None:
    """The second one's worker takes what the first one's, stopped, cannot do."""
    with start("--load", bundle, "--data", tmp_path, "--workers", "0") as first:
        job_id = first.enqueue()
        with start("--data", tmp_path) as second:
            del second
            assert first.ended_job(job_id)["status"] == "COMPLETED"
