"""Who may ask for what: tokens, tenants, hosts, origins, sizes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.server.served import Served, start, write_bundle


@pytest.fixture(scope="module")
def tenants(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Served]]:
    """One server for two tenants, each with a bundle of its own: the one that runs, and what the other one knew."""
    folder = tmp_path_factory.mktemp("tenants")
    other = write_bundle(folder / "other", [{"id": number, "data": {"annotations": []}} for number in (1, 2, 777)])
    mine = write_bundle(folder / "mine", [{"id": number, "data": {"annotations": []}} for number in (1, 2, 3)])
    with start("--load", other, "--data", folder / "d", "--tenant", "other") as server:
        server.ended_job(server.enqueue())
        foreign = server
    with start("--load", mine, "--data", folder / "d", "--tenant", "mine") as server:
        yield server, foreign


def ask(served: Served, method: str, path: str, headers: dict[str, str], **options: Any) -> httpx2.Response:
    return served.bare.request(method, path, headers=headers, **options)


@pytest.mark.parametrize("token", ["{}", "Token {}", "token   {}"])
@pytest.mark.parametrize("name", ["Synapse-Access-Token", "SYNAPSE-ACCESS-TOKEN", "Authorization"])
@pytest.mark.parametrize("tenant", ["{}", "Token {}"])
def test_both_spellings_of_tokens_and_tenants_are_taken(served: Served, token: str, name: str, tenant: str) -> None:
    headers = {
        name: token.format(served.announced.token),
        "SYNAPSE-Tenant": tenant.format(served.announced.tenant),
    }
    assert ask(served, "GET", "/v2/tasks/", headers).status_code == 200


def test_a_bearer_token_and_a_further_agent_token_are_taken(served: Served) -> None:
    token, tenant = served.announced.token, served.announced.tenant
    headers = {"Authorization": f"Bearer {token}", "Synapse-Tenant": tenant, "SYNAPSE-Agent": "Token x"}
    assert ask(served, "GET", "/sdk/tasks/", headers).status_code == 200


ROUTES = [
    ("GET", "/sdk/tasks/"),
    ("GET", "/sdk/assignments/"),
    ("GET", "/sdk/ground_truth_events/"),
    ("GET", "/projects/1/"),
    ("GET", "/ground_truth_dataset_versions/1/"),
    ("POST", "/storages/1/session/"),
    ("GET", "/storages/1/"),
    ("PATCH", "/jobs/1/"),
    ("POST", "/logs/"),
    ("GET", "/v2/tasks/"),
    ("POST", "/v2/tasks/bulk-fetch/"),
    ("GET", "/v2/assignments/"),
    ("POST", "/v2/assignments/bulk-fetch/"),
    ("GET", "/v2/ground-truth-events/"),
    ("POST", "/v2/ground-truth-events/bulk-data/"),
    ("POST", "/v2/ground-truths/bulk-data/"),
    ("GET", "/v2/ground-truth-datasets/1/"),
    ("POST", "/v2/ground-truth-dataset-versions/1/release/"),
    ("POST", "/v2/plugin_exports/"),
    ("GET", "/v2/async_jobs/"),
    ("GET", "/v2/async_jobs/x/"),
    ("GET", "/v2/async_jobs/x/progress/"),
    ("POST", "/v2/async_jobs/x/cancel/"),
    ("GET", "/v2/exports/"),
    ("GET", "/v2/exports/1/"),
    ("GET", "/v2/capabilities/"),
    ("GET", "/v2/tasks/stream/"),
    ("GET", "/v2/assignments/stream/"),
    ("GET", "/v2/ground-truth-events/stream/"),
]


def test_these_are_all_routes_that_ask_for_a_token(served: Served) -> None:
    paths = served.client.get("/openapi.json").json()["paths"]
    guarded = {
        (method.upper(), path)
        for path, operations in paths.items()
        for method, operation in operations.items()
        if "security" in operation
    }
    assert len(guarded) == len(ROUTES)
    open_to_all = {path for path, operations in paths.items() for one in operations.values() if "security" not in one}
    assert open_to_all == {
        "/payloads/{tenant_id}/{document_id}/",
        "/files/{tenant_id}/{digest}/",
        "/healthz",
        "/readyz",
    }


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_answers_without_token_and_tenant(served: Served, method: str, path: str) -> None:
    token, tenant = served.announced.token, served.announced.tenant
    for headers, status in (
        ({}, 401),
        ({"Synapse-Tenant": tenant}, 401),
        ({"Authorization": "Token wrong", "Synapse-Tenant": tenant}, 401),
        ({"Authorization": "", "Synapse-Tenant": tenant}, 401),
        ({"Authorization": f"Token {token}"}, 403),
        ({"Authorization": f"Token {token}", "Synapse-Tenant": ""}, 403),
        ({"Authorization": f"Token {token}", "Synapse-Tenant": "somebody"}, 403),
    ):
        answer = ask(served, method, path, headers, content=b"{}")
        assert answer.status_code == status, (headers, answer.text)
        body = answer.json()
        assert set(body) == ({"error", "meta"} if path.startswith("/v2/") else {"detail"})


# -- two tenants -----------------------------------------------------------------------------------------------


def test_lists_hold_the_rows_of_their_own_tenant_only(tenants: tuple[Served, Served]) -> None:
    mine, foreign = tenants
    for path, key, own, theirs in (
        ("/sdk/tasks/", "project", mine.project, foreign.project),
        ("/sdk/assignments/", "project", mine.project, foreign.project),
        ("/sdk/ground_truth_events/", "ground_truth_dataset_versions", mine.version, foreign.version),
    ):
        for wanted in ({}, {key: own}):
            assert {one["id"] for one in mine.get(path, **wanted)["results"]} == {1, 2, 3}
        assert mine.get(path, **{key: theirs})["results"] == []
    assert mine.get("/v2/ground-truth-events/", ground_truth_dataset_version=foreign.version)["data"] == []
    assert mine.post("/v2/tasks/bulk-fetch/", {"ids": [777]})["data"] == []
    assert mine.post("/v2/ground-truth-events/bulk-data/", {"pgh_ids": [777]})["data"] == []
    lines = mine.client.get("/v2/tasks/stream/").content.splitlines()
    assert [json.loads(line)["id"] for line in lines[:-1]] == [1, 2, 3]


def test_what_belongs_to_another_tenant_is_missing(tenants: tuple[Served, Served]) -> None:
    mine, foreign = tenants
    for method, path, theirs in (
        ("GET", "/projects/{}/", foreign.project),
        ("GET", "/ground_truth_dataset_versions/{}/", foreign.version),
        ("GET", "/v2/ground-truth-datasets/{}/", foreign.version),
        ("POST", "/v2/ground-truth-dataset-versions/{}/release/", foreign.version),
        ("GET", "/storages/{}/", foreign.storage),
        ("POST", "/storages/{}/session/", foreign.storage),
    ):
        answer, unknown = (mine.client.request(method, path.format(number)) for number in (theirs, 4711))
        assert answer.status_code == unknown.status_code == 404
        told, of_none = answer.json(), unknown.json()
        for body in (told, of_none):
            body.pop("meta", None)
        assert told
        assert told == of_none


def test_exports_do_not_reach_into_another_tenant(tenants: tuple[Served, Served]) -> None:
    mine, foreign = tenants
    for changed, field in (
        ({"storage_id": foreign.storage}, "storage_id"),
        ({"project_id": foreign.project, "filter": None}, "project_id"),
        ({"filter": {"project": foreign.project}}, "filter.project"),
    ):
        body = {"storage_id": mine.storage, "path": "x", "targets": ["task"], "filter": {"project": mine.project}}
        error = mine.post("/v2/plugin_exports/", body | changed, 400)["error"]
        assert [detail["field"] for detail in error["details"]] == [field]
    versions = {"ground_truth_dataset_versions": [mine.version, foreign.version]}
    body = {"storage_id": mine.storage, "path": "x", "targets": ["ground_truth"], "filter": versions}
    assert mine.post("/v2/plugin_exports/", body, 400)["error"]["details"][0]["field"].startswith("filter.")


def test_jobs_of_another_tenant_are_missing_and_not_listed(tenants: tuple[Served, Served]) -> None:
    mine, foreign = tenants
    headers = {
        "Authorization": f"Token {foreign.announced.token}",
        "Synapse-Tenant": foreign.announced.tenant,
    }
    theirs = ask(mine, "GET", "/v2/async_jobs/", headers).json()["data"]["results"][0]["id"]
    for method, path in (("GET", ""), ("GET", "progress/"), ("POST", "cancel/")):
        assert mine.client.request(method, f"/v2/async_jobs/{theirs}/{path}").status_code == 404
    assert mine.get("/v2/async_jobs/")["data"]["count"] == 0
    assert mine.get("/v2/exports/")["data"] == []
    assert ask(mine, "GET", "/v2/exports/1/", headers).status_code == 200
    mine.get("/v2/exports/1/", 404)


def test_a_token_of_one_tenant_does_not_open_the_other(tenants: tuple[Served, Served]) -> None:
    mine, foreign = tenants
    headers = {"Authorization": f"Token {mine.announced.token}", "Synapse-Tenant": foreign.announced.tenant}
    assert ask(mine, "GET", "/v2/tasks/", headers).status_code == 403


def test_an_idempotency_key_belongs_to_its_tenant(tenants: tuple[Served, Served]) -> None:
    mine, foreign = tenants
    body = {"storage_id": mine.storage, "path": "x", "targets": ["task"], "filter": {"project": mine.project}}
    first = mine.post("/v2/plugin_exports/", body, 202, **{"Idempotency-Key": "k"})["data"]["job_id"]
    headers = {
        "Authorization": f"Token {foreign.announced.token}",
        "Synapse-Tenant": foreign.announced.tenant,
        "Idempotency-Key": "k",
    }
    body |= {"storage_id": foreign.storage, "filter": {"project": foreign.project}}
    answer = ask(mine, "POST", "/v2/plugin_exports/", headers, json=body)
    assert answer.status_code == 202
    assert answer.json()["data"]["job_id"] != first


# -- the machine it runs on ------------------------------------------------------------------------------------


def test_the_token_is_nowhere_in_the_database(tmp_path: Path, bundle: Path) -> None:
    with start("--load", bundle, "--data", tmp_path) as server:
        token = server.announced.token
        server.ended_job(server.enqueue())
    dump = "\n".join(sqlite3.connect(tmp_path / "exportkit.db").iterdump())
    assert "access_token" in dump
    assert token not in dump
    assert token not in "".join(server.told)
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::1", "a@b"])
def test_a_foreign_host_is_refused(served: Served, host: str) -> None:
    assert ask(served, "GET", "/healthz", {"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "LOCALHOST:1234", "[::1]:9"])
def test_names_of_this_machine_are_taken_and_lead_back_to_it(served: Served, host: str) -> None:
    token, tenant = served.announced.token, served.announced.tenant
    headers = {"Host": host, "Authorization": f"Token {token}", "Synapse-Tenant": tenant}
    page = ask(served, "GET", "/v2/tasks/?per_page=1", headers).json()
    assert page["meta"]["pagination"]["next_cursor"].lower().startswith(f"http://{host.lower()}/v2/tasks/")


def test_a_page_of_another_origin_is_refused_and_no_answer_allows_one(served: Served) -> None:
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1"):
        answer = served.client.get("/v2/tasks/", headers={"Origin": origin})
        assert answer.status_code == 403
        assert not any(name.startswith("access-control") for name in answer.headers)
    assert served.client.get("/v2/tasks/", headers={"Origin": served.url}).status_code == 200
    preflight = served.client.options("/v2/tasks/", headers={"Origin": "http://evil.example"})
    assert preflight.status_code == 403


def test_a_body_above_the_limit_is_refused(served: Served) -> None:
    huge = b"[" + b"1," * (5 << 20) + b"1]"
    assert served.client.post("/logs/", content=huge).status_code == 413

    def pieces() -> Iterator[bytes]:
        for _ in range(11):
            yield b"1," * (1 << 19)

    answer = served.client.post("/v2/tasks/bulk-fetch/", content=pieces())
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "request_too_large"


def test_paths_and_methods_that_are_none_are_told_in_the_form_of_their_family(served: Served) -> None:
    assert served.get("/v2/nothing/", 404)["error"]["code"] == "not_found"
    assert set(served.get("/nothing/", 404)) == {"detail"}
    answer = served.client.delete("/v2/tasks/")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


def test_signs_of_life_need_no_token(served: Served) -> None:
    assert served.anonymous("/healthz").json() == {"status": "alive"}
    assert served.anonymous("/readyz").json() == {"status": "ready"}
