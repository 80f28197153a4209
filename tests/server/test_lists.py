"""The lists of both families: every row once, in one order, whatever the pages; every filter applied or refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.server.conftest import COUNT, row
from tests.server.served import Served, start, write_bundle

from exportkit.clients.filter_keys import FILTER_KEYS, PAGING_KEYS

IDS = [number * 10 for number in range(COUNT, 0, -1)]
V1 = {"task": "/sdk/tasks/", "assignment": "/sdk/assignments/", "ground_truth": "/sdk/ground_truth_events/"}
V2 = {"task": "/v2/tasks/", "assignment": "/v2/assignments/", "ground_truth": "/v2/ground-truth-events/"}
TARGETS = list(V1)


def scope(served: Served, target: str) -> dict[str, Any]:
    if target == "ground_truth":
        return {"ground_truth_dataset_versions": served.version}
    return {"project": served.project}


def pages_v1(served: Served, path: str, **params: Any) -> Iterator[dict[str, Any]]:
    page = served.get(path, **params)
    yield page
    while page["next"]:
        assert page["next"].startswith(served.url + "/")
        page = served.get(page["next"])
        yield page


def pages_v2(served: Served, path: str, **params: Any) -> Iterator[dict[str, Any]]:
    page = served.get(path, **params)
    yield page
    while following := page["meta"]["pagination"]["next_cursor"]:
        assert following.startswith(served.url + "/")
        page = served.get(following)
        yield page


def keys(target: str) -> list[int]:
    """Page keys in the order of a list: ids, or event ids."""
    found = [row(number) for number in range(1, COUNT + 1)]
    name = "pgh_id" if target == "ground_truth" else "id"
    return sorted((one.get(name, one["id"]) for one in found), reverse=True)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("size", [1, 7, 24, 25, 26, 1000])
def test_cursor_pages_of_v1_hold_every_row_once_and_no_count(served: Served, target: str, size: int) -> None:
    query = {**scope(served, target), "page_size": size, "pagination": "cursor", "expand": "data"}
    found = list(pages_v1(served, V1[target], **query))
    name = "pgh_id" if target == "ground_truth" else "id"
    assert [one[name] for page in found for one in page["results"]] == keys(target)
    assert all("count" not in page for page in found)
    assert len(found) == -(-COUNT // size)


@pytest.mark.parametrize("target", TARGETS)
def test_numbered_pages_of_v1_count_and_lead_back(served: Served, target: str) -> None:
    found = list(pages_v1(served, V1[target], **scope(served, target), page_size=10))
    assert [page["count"] for page in found] == [COUNT] * 3
    assert [len(page["results"]) for page in found] == [10, 10, 5]
    assert served.get(found[2]["previous"]) == found[1]
    assert found[0]["previous"] is None


def test_a_page_behind_the_last_is_missing(served: Served) -> None:
    assert "detail" in served.get(V1["task"], 404, project=served.project, page=9)


def test_the_next_page_carries_every_parameter_of_the_request(served: Served) -> None:
    query: dict[str, Any] = {
        "project": served.project,
        "page_size": 5,
        "expand": ["data", "data_unit"],
        "url_host": "internal",
    }
    page = served.get(V1["task"], **query, response_mode="presigned", id__gte=20)
    following = page["next"]
    for part in ("expand=data&expand=data_unit", "url_host=internal", "response_mode=presigned", "id__gte=20"):
        assert part in following


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("size", [1, 10, 25, 1000])
def test_pages_of_v2_hold_every_row_once(served: Served, target: str, size: int) -> None:
    found = list(pages_v2(served, V2[target], **scope(served, target), per_page=size))
    name = "pgh_id" if target == "ground_truth" else "id"
    assert [one[name] for page in found for one in page["data"]] == keys(target)


@pytest.mark.parametrize("target", TARGETS)
def test_a_bare_cursor_pages_as_well(served: Served, target: str) -> None:
    first = served.get(V2[target], **scope(served, target), per_page=10)
    token = first["meta"]["pagination"]["next_cursor"].rpartition("cursor=")[2]
    second = served.get(V2[target], **scope(served, target), per_page=10, cursor=token)
    assert second["data"] == served.get(first["meta"]["pagination"]["next_cursor"])["data"]


def test_rows_can_be_listed_upwards(served: Served) -> None:
    rows = [one for page in pages_v2(served, V2["task"], project=served.project, sort="id") for one in page["data"]]
    assert [one["id"] for one in rows] == IDS[::-1]


@pytest.mark.parametrize(
    ("target", "fields"),
    [
        ("task", {"id", "project_id", "data_unit_id", "is_discarded", "has_data", "created"}),
        (
            "assignment",
            {"id", "user_id", "task_id", "status_label", "status_review", "is_confirmed", "is_discarded", "created"},
        ),
        (
            "ground_truth",
            {
                *("id", "pgh_id", "pgh_obj_id", "pgh_label", "data_unit_id", "ground_truth_dataset_id"),
                *("data_size", "data_digest", "data_content_type"),
            },
        ),
    ],
)
def test_every_field_that_strict_clients_insist_on_is_sent(served: Served, target: str, fields: set[str]) -> None:
    for one in served.get(V2[target], **scope(served, target))["data"]:
        assert fields <= {name for name, value in one.items() if value is not None}


@pytest.mark.parametrize("target", TARGETS)
def test_rows_that_nobody_expands_are_slim(served: Served, target: str) -> None:
    for one in served.get(V1[target], **scope(served, target))["results"]:
        assert {"data", "files", "file", "files_manifest", "data_unit"}.isdisjoint(one)


def test_fields_can_be_chosen(served: Served) -> None:
    found = served.get(V1["task"], project=served.project, fields="id,data", expand="data_unit", page_size=3)["results"]
    assert [set(one) for one in found] == [{"id", "data"}] * 3


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("paging", ["cursor", "page"])
def test_ids_alone_are_those_of_the_whole_rows_page_by_page(served: Served, target: str, paging: str) -> None:
    expected = sorted(listed(served, target))
    query = {**scope(served, target), "fields": "id", "page_size": 4, "pagination": paging, "expand": "data"}
    page = served.get(V1[target], **query)
    found = page["results"]
    while page["next"] is not None:
        page = served.get(page["next"])
        found += page["results"]

    assert [set(one) for one in found] == [{"id"}] * len(expected)
    assert sorted(one["id"] for one in found) == expected


@pytest.mark.parametrize(("fields", "most"), [("id", 10_000), ("id,created", 1000)])
def test_a_page_of_ids_alone_may_be_larger(tmp_path: Path, fields: str, most: int) -> None:
    rows: list[bytes | dict[str, Any]] = [{"id": number, "data": {}} for number in range(1, 10_002)]
    with start("--load", write_bundle(tmp_path / "bundle", rows), "--data", tmp_path / "data") as server:
        query: dict[str, Any] = {"project": server.project, "fields": fields, "page_size": 10**6}
        query["pagination"] = "cursor"
        assert len(server.get(V1["task"], **query)["results"]) == most
        offered = server.get("/v2/capabilities/")["data"]["id_page_size"]

    assert offered == 10_000


@pytest.mark.parametrize("size", [0, -1, "many", "1e3", "１０"])
def test_a_page_size_that_is_no_number_is_refused_by_its_name(served: Served, size: object) -> None:
    assert "page_size" in served.get(V1["task"], 400, page_size=size)


def test_a_page_size_above_the_limit_is_cut_down_to_it(served: Served) -> None:
    assert served.get(V2["task"], per_page=10**9)["meta"]["pagination"]["per_page"] == 1000


# -- filters ---------------------------------------------------------------------------------------------------


def listed(served: Served, target: str, **filters: Any) -> list[int]:
    query = {**scope(served, target), **filters, "page_size": 1000}
    return [one["id"] for one in served.get(V1[target], **query)["results"]]


@pytest.mark.parametrize("target", ["task", "assignment"])
@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({"id": 30}, {30}),
        ({"id": [30, 40]}, {30, 40}),
        ({"id__in": [30, 50, 77]}, {30, 50}),
        ({"ids": "10-30,100,200-210"}, {10, 20, 30, 100, 200, 210}),
        ({"ids": ["10", "20-30"]}, {10, 20, 30}),
        ({"ids_ex": "20-250"}, {10}),
        ({"id__gt": 230}, {240, 250}),
        ({"id__gte": 230, "id__lt": 250}, {230, 240}),
        ({"id__lte": 20}, {10, 20}),
        ({"_id_gte": 20, "_id_lt": 40}, {20, 30}),
        ({"status_label": "in_progress"}, {40, 80, 120, 160, 200, 240}),
        ({"status_label": ["in_progress", "completed"]}, set(IDS)),
        ({"is_discarded": "True"}, set()),
        ({"is_discarded": "0"}, set(IDS)),
        ({"search": "picture 11"}, {110}),
        ({"search": "PICTURE 2."}, {20}),
        ({"search": "100%"}, set()),
        ({"created__gte": "2020-01-01T00:00:00+00:00"}, set(IDS)),
        ({"created__lt": "2020-01-01"}, set()),
        ({"url_host": "internal"}, set(IDS)),
    ],
)
def test_a_filter_selects_what_it_says(served: Served, target: str, filters: dict[str, Any], wanted: set[int]) -> None:
    assert set(listed(served, target, **filters)) == wanted


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({"ids": "10-30"}, {10, 20, 30}),
        ({"ids_ex": "20-250"}, {10}),
        ({"_id_gte": 50, "_id_lt": 70}, {50, 60}),
        ({"ground_truth": [30, 40]}, {30, 40}),
        ({"search": "picture 11"}, {110}),
    ],
)
def test_bounds_of_ground_truth_speak_of_record_ids(served: Served, filters: dict[str, Any], wanted: set[int]) -> None:
    assert set(listed(served, "ground_truth", **filters)) == wanted


def test_tasks_are_found_by_their_assignments(served: Served) -> None:
    assert set(listed(served, "task", assignments=[30, 40])) == {30, 40}
    assert listed(served, "task", has_assignment="false") == []
    assert set(listed(served, "assignment", tasks=[50])) == {50}


def test_one_version_may_be_named_in_the_singular(served: Served) -> None:
    page = served.get(V2["ground_truth"], ground_truth_dataset_version=served.version, pgh_obj_id__in=[10, 20])
    assert {one["id"] for one in page["data"]} == {10, 20}
    assert page["meta"]["applied_filter"] == {
        "ground_truth_dataset_versions": [served.version],
        "pgh_obj_id__in": [10, 20],
    }


@pytest.mark.parametrize("target", TARGETS)
def test_filter_and_count_are_echoed_on_every_page(served: Served, target: str) -> None:
    query = {**scope(served, target), "ids": "10-120", "per_page": 5}
    found = list(pages_v2(served, V2[target], **query))
    named = (
        {"ground_truth_dataset_versions": [served.version]} if target == "ground_truth" else {"project": served.project}
    )
    assert [page["meta"]["applied_filter"] for page in found] == [{**named, "ids": "10-120"}] * 3
    assert [page["meta"]["applied_count"] for page in found] == [12] * 3
    first = served.get(V1[target], **query)
    assert (first["applied_filter"], first["applied_count"], first["count"]) == ({**named, "ids": "10-120"}, 12, 12)


@pytest.mark.parametrize("target", TARGETS)
def test_a_filter_is_applied_or_refused_by_its_name_and_never_ignored(served: Served, target: str) -> None:
    everything = served.get(V1[target], **scope(served, target))["count"]
    known = FILTER_KEYS[target] - set(scope(served, target))
    for key in sorted(known | {"colour", "project__name", "password", "page_retries"}):
        for value in ("999999", "x y"):
            answer = served.client.get(V1[target], params={**scope(served, target), key: value})
            if answer.status_code == 400:
                assert set(answer.json()) == {key}, answer.text
            else:
                assert answer.status_code == 200, answer.text
                is_absence = key in {"ids_ex", "id__lt", "id__lte", "_id_lt"}
                assert (answer.json()["count"] == everything) == is_absence, key
                named = "ground_truth_dataset_versions" if key == "ground_truth_dataset_version" else key
                assert named in answer.json()["applied_filter"]


@pytest.mark.parametrize("key", sorted(PAGING_KEYS - {"cursor", "page", "page_size", "per_page"}))
def test_parameters_of_paging_are_no_filters(served: Served, key: str) -> None:
    answer = served.client.get(V2["task"], params={"project": served.project, key: "internal"})
    assert answer.status_code in {200, 400}
    if answer.status_code == 200:
        assert answer.json()["meta"]["applied_count"] == COUNT
    else:
        assert answer.json()["error"]["details"][0]["field"] == key


def test_an_unknown_filter_of_v2_is_named_in_the_details(served: Served) -> None:
    error = served.get(V2["task"], 400, colour="red")["error"]
    assert error["code"] == "VALIDATION_ERROR"
    assert [detail["field"] for detail in error["details"]] == ["colour"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("project", "x"),
        ("id", "1.0"),
        ("id__gt", "99999999999999999999"),
        ("ids", "3-1"),
        ("ids", "1,,2"),
        ("ids", ""),
        ("is_discarded", "perhaps"),
        ("created__gt", "yesterday"),
        ("id__in", "1;DROP TABLE task"),
        ("status_label", "a\0b"),
    ],
)
def test_a_value_that_cannot_be_applied_is_refused_by_its_key(served: Served, key: str, value: str) -> None:
    assert set(served.get(V1["task"], 400, **{key: value})) == {key}


@pytest.mark.parametrize("key", ["ids", "ids_ex"])
def test_many_ranges_are_applied_or_refused_but_never_too_much(served: Served, key: str) -> None:
    def ask(last: int, step: int, status: int) -> Any:
        ranges = ",".join(f"{number}-{number + 1}" for number in range(1000, last, step))
        return served.get(V2["task"], status, **{"project": served.project, key: ranges})

    assert ask(2400, 3, 200)["meta"]["applied_count"] in {0, COUNT}
    assert ask(4000, 3, 400)["error"]["details"][0]["field"] == key
    assert ask(3000, 2, 200)["meta"]["applied_count"] in {0, COUNT}  # side by side they are one range


@pytest.mark.parametrize("path", ["/v2/async_jobs/a%00b/", "/v2/async_jobs/?search=a%00b", "/v2/tasks/?search=a%00b"])
def test_a_nul_is_no_fault_of_the_server(served: Served, path: str) -> None:
    assert served.client.get(path).status_code in {200, 400, 404}


# -- cursors ---------------------------------------------------------------------------------------------------


def cursor_of(served: Served, **params: Any) -> str:
    page = served.get(V2["task"], project=served.project, per_page=5, **params)
    return str(page["meta"]["pagination"]["next_cursor"].rpartition("cursor=")[2])


def test_a_cursor_is_good_for_its_own_filter_order_and_target_only(served: Served) -> None:
    cursor = cursor_of(served)
    assert served.get(V2["task"], project=served.project, per_page=3, cursor=cursor)["data"]
    for path, query in (
        (V2["task"], {"project": served.project, "id__gt": 5}),
        (V2["task"], {"project": served.project, "sort": "id"}),
        (V2["assignment"], {"project": served.project}),
        (V2["task"], {}),
    ):
        error = served.get(path, 400, **query, cursor=cursor)["error"]
        assert error["details"][0]["field"] == "cursor"


@pytest.mark.parametrize("change", ["", "x", "e30.e30", "AAAA", "10/25.sig", "é", "\0"])
def test_a_forged_cursor_is_refused(served: Served, change: str) -> None:
    cursor = change or cursor_of(served)[:-2]
    assert served.get(V2["task"], 400, project=served.project, cursor=cursor)["error"]["code"] == "VALIDATION_ERROR"


def test_a_row_that_is_added_or_removed_meanwhile_moves_no_other(served: Served) -> None:
    """A cursor is the last key that was seen; nothing before it is counted again."""
    first = served.get(V2["task"], project=served.project, per_page=10)
    following = first["meta"]["pagination"]["next_cursor"]
    assert served.get(following) | {"meta": 0} == served.get(following) | {"meta": 0}
    assert json.loads(served.client.get(following).content)["data"][0]["id"] == first["data"][-1]["id"] - 10
