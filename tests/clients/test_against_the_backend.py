"""Both clients against the reference backend: every way to the rows gives the same rows, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from tests.server.served import Served, start

from exportkit.actions.head_settings import PollPatienceConfig
from exportkit.clients import ConnectedBackend, Connection
from exportkit.clients.client_errors import (
    AuthenticationError,
    AuthorizationError,
    HTTPError,
    NotFoundError,
    ValidationError,
)
from exportkit.clients.job_outcome import finalize_export
from exportkit.clients.job_watch import stream_export_progress
from exportkit.clients.payloads import PayloadFetcher

BUNDLES = {"assignment": "golden", "task": "splits", "ground_truth": "dm_v2_wrapped_ground_truth"}
KEYS = {"assignment": "id", "task": "id", "ground_truth": "pgh_id"}
EXPAND = {"assignment": "data", "task": ["data_unit"], "ground_truth": "data"}


@pytest.fixture(scope="module", params=sorted(BUNDLES))
def target(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def served(target: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    bundle = Path(__file__).parents[2] / "fixtures" / "bundles" / BUNDLES[target]
    with start("--load", bundle, "--data", tmp_path_factory.mktemp("data")) as server:
        yield server


@pytest.fixture
def connection(served: Served) -> Connection:
    return Connection(served.url, access_token=SecretStr(served.announced.token), tenant=served.announced.tenant)


@pytest.fixture
def real(connection: Connection) -> Iterator[ConnectedBackend]:
    with ConnectedBackend(connection) as made:
        yield made


@pytest.fixture
def scope(served: Served, target: str) -> dict[str, Any]:
    if target == "ground_truth":
        return {"ground_truth_dataset_version": served.version}
    return {"project": served.project}


def test_list_bulk_read_and_stream_give_the_same_payloads(
    real: ConnectedBackend, target: str, scope: dict[str, Any]
) -> None:
    key = KEYS[target]
    paging = {"pagination": "cursor", "ordering": f"-{key}", "response_mode": "presigned", "page_size": 2}
    records = real.v2.records(target)
    listed = list(real.v1.rows(target, {**scope, **paging, "expand": EXPAND[target]}))
    ids = [row[key] for page in records.pages({**scope, "per_page": 2}) for row in page.rows]
    assert [row[key] for row in listed] == ids
    assert real.v1.count(target, scope) == len(ids) > 1
    bulk = records.bulk([*ids, 10**9])
    assert (list(bulk.rows), bulk.gone, bulk.failed, bulk.extra) == (ids, [10**9], {}, 0)
    assert real.v2.streams_rows
    streamed = list(records.stream(scope))
    assert [row[key] for row in streamed] == ids[::-1]
    payloads = PayloadFetcher(real.fetcher, records.again)
    found = [{row[key]: payloads.raw(row) for row in rows} for rows in (listed, bulk.rows.values(), streamed)]
    assert found[0] == found[1] == found[2]


def test_a_list_and_a_stream_go_on_behind_a_row(real: ConnectedBackend, target: str, scope: dict[str, Any]) -> None:
    key = KEYS[target]
    paging = {"pagination": "cursor", "ordering": f"-{key}"}
    everything = [row[key] for row in real.v1.rows(target, {**scope, **paging})]
    behind = real.v1.pages(target, {**scope, **paging}, behind=everything[0])
    assert [row[key] for page in behind for row in page.rows] == everything[1:]
    slim = real.v2.records(target).pages(scope, behind=everything[0])
    assert [row[key] for page in slim for row in page.rows] == everything[1:]
    assert [row[key] for row in real.v2.records(target).stream(scope, after=everything[1])] == everything[:1]


def test_an_export_is_handed_over_once_and_followed_to_its_bundle(
    real: ConnectedBackend, served: Served, target: str, scope: dict[str, Any]
) -> None:
    body: dict[str, Any] = {"storage_id": served.storage, "path": f"exports/{target}", "targets": [target]}
    body |= {"filter": scope, "project_id": scope.get("project")}
    first = real.v2.plugin_exports.create(idempotency_key="stored", **body)
    again = real.v2.plugin_exports.create(idempotency_key="stored", **body)
    assert again["job_id"] == first["job_id"]
    told: list[tuple[int, int]] = []
    detail = stream_export_progress(
        v2_client=real.v2,
        job_id=first["job_id"],
        progress_callback=lambda *counters: told.append(counters),
        patience=PollPatienceConfig(),
    )
    found = finalize_export(detail, job_id=first["job_id"])
    assert found.record_count == real.v1.count(target, scope)
    assert found.prefix == f"exports/{target}/.async_jobs/exports/{first['job_id']}/"
    assert told == sorted(told)
    with pytest.raises(HTTPError, match="409"):
        real.v2.async_jobs.cancel(first["job_id"])
    with pytest.raises(ValidationError):
        real.v2.plugin_exports.create(idempotency_key="stored", **{**body, "path": "exports/other"})


def test_projects_versions_storages_and_logs_answer(real: ConnectedBackend, served: Served) -> None:
    assert real.v1.get_project(served.project)["id"] == served.project
    assert real.v1.get_ground_truth_dataset_version(served.version)["id"] == served.version
    storage = real.v1.get_storage(served.storage)
    assert (storage["id"], storage["provider"]) == (served.storage, "file_system")
    real.v1.update_job("7", {"status": "RUNNING"})
    real.v1.create_logs([{"event": "message", "data": {}, "datetime": "2026-01-01T00:00:00Z", "job": "7"}])
    with pytest.raises(NotFoundError):
        real.v1.get_project(10**6)
    with pytest.raises(NotFoundError):
        real.v2.async_jobs.retrieve("no-such-job")


def test_wrong_credentials_are_exit_code_6(connection: Connection, target: str, scope: dict[str, Any]) -> None:
    wrong = replace(connection, access_token=SecretStr("syn_wrong"))
    with ConnectedBackend(wrong) as clients, pytest.raises(AuthenticationError) as caught:
        clients.v1.count(target, scope)
    assert caught.value.exit_code == 6
    with ConnectedBackend(replace(connection, tenant="other")) as clients, pytest.raises(AuthorizationError):
        list(clients.v2.records(target).pages(scope))
