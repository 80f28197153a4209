"""The lists of both interfaces, read by the clients that exist (wire contract, sections 3 to 5 and 8)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sdk.conftest import COUNT, INLINE_LIMIT, PAYLOADS
from tests.sdk.existing import CallFailed, ExistingSdk, Family, options_of
from tests.server.process import Announced

TARGETS = ["task", "assignment", "ground_truth"]
METHODS = {"task": "list_tasks", "assignment": "list_assignments", "ground_truth": "list_ground_truth_events"}
RESOURCES = {"task": "tasks", "assignment": "assignments", "ground_truth": "ground_truth_events"}
FALLING = sorted(PAYLOADS, reverse=True)


def listed_by_v1(backend: Announced, target: str) -> dict[str, Any]:
    """The scope as the first interface takes it: several versions at a time."""
    if target == "ground_truth":
        return {"ground_truth_dataset_versions": [backend.dataset_version_id]}
    return backend.scope(target)


@pytest.mark.parametrize("target", TARGETS)
def test_a_first_page_tells_how_many_rows_there_are(v1: Family, backend: Announced, target: str) -> None:
    page = v1(METHODS[target], {**listed_by_v1(backend, target), "page_size": 1})
    assert page["count"] == COUNT
    assert [row["id"] for row in page["results"]] == FALLING[:1]


@pytest.mark.parametrize("target", TARGETS)
def test_pages_by_number_hold_every_row_once(v1: Family, backend: Announced, target: str) -> None:
    rows, count = v1(METHODS[target], {**listed_by_v1(backend, target), "page_size": 70}, list_all=True)
    assert count == COUNT
    assert [row["id"] for row in rows] == FALLING


@pytest.mark.parametrize("target", TARGETS)
def test_pages_by_cursor_hold_every_row_once(v1: Family, backend: Announced, target: str) -> None:
    order = "-pgh_id" if target == "ground_truth" else "-id"
    paging = {"page_size": 70, "pagination": "cursor", "ordering": order, "response_mode": "presigned"}
    rows, count = v1(METHODS[target], {**listed_by_v1(backend, target), **paging}, list_all=True)
    assert count == 0, "a page by cursor has no count"
    assert [row["id"] for row in rows] == FALLING


@pytest.mark.parametrize(
    ("target", "expand"), [("task", ["data_unit"]), ("assignment", "data"), ("ground_truth", "data")]
)
def test_expanded_rows_hold_payload_and_data_unit(v1: Family, backend: Announced, target: str, expand: Any) -> None:
    (row,) = v1(METHODS[target], {**listed_by_v1(backend, target), "ids": 3, "expand": expand})["results"]
    assert row["data"] == PAYLOADS[3]
    assert row["data_unit"]["id"] == 8


@pytest.mark.parametrize("target", TARGETS)
def test_rows_stay_slim_unless_more_is_asked_for(v1: Family, backend: Announced, target: str) -> None:
    (row,) = v1(METHODS[target], {**listed_by_v1(backend, target), "ids": 3})["results"]
    assert {"data", "data_unit", "files", "file", "files_manifest"}.isdisjoint(row)


@pytest.mark.parametrize("mode", ["presigned", "inline"])
def test_a_large_payload_lies_behind_a_url_that_needs_no_token(
    sdk: ExistingSdk, v1: Family, backend: Announced, mode: str
) -> None:
    asked = {**backend.scope("task"), "ids": 30, "expand": ["data_unit"], "response_mode": mode}
    (row,) = v1("list_tasks", asked)["results"]
    assert row["data"]["mode"] == mode
    assert row["data"]["size"] > INLINE_LIMIT
    assert sdk.do("download", url=row["data"]["presigned_url"]) == PAYLOADS[30]


@pytest.mark.parametrize("target", TARGETS)
def test_an_exporter_gets_every_payload_wherever_it_lies(sdk: ExistingSdk, backend: Announced, target: str) -> None:
    asked = {"page_size": 500, "ids": "1-300"}
    found = sdk.do("items", options=options_of(backend), target=target, filters={**backend.scope(target), **asked})
    wanted = {key: data for key, data in PAYLOADS.items() if key <= 300}
    assert found["count"] == len(wanted)
    assert {item["id"]: item["data"] for item in found["items"]} == wanted


@pytest.mark.parametrize("target", ["task", "assignment"])
def test_slim_rows_satisfy_the_models_of_the_second_client(v2: Family, backend: Announced, target: str) -> None:
    rows = v2(f"{RESOURCES[target]}.list", project=backend.project_id, per_page=170, list_all=True)
    assert [row["id"] for row in rows] == FALLING


def test_slim_events_are_listed_by_version_and_by_dataset(v2: Family, backend: Announced) -> None:
    scope = {"ground_truth_dataset_version": backend.dataset_version_id}
    rows = v2("ground_truth_events.list", **scope, per_page=170, list_all=True)
    assert [row["pgh_id"] for row in rows] == FALLING
    few = v2("ground_truth_events.list", **scope, pgh_obj_id__in="3,6,9")
    assert [row["pgh_obj_id"] for row in few["results"]] == [9, 6, 3]


def test_a_cursor_goes_on_as_a_url_and_as_a_bare_token(v2: Family, backend: Announced) -> None:
    first = v2("tasks.list", project=backend.project_id, per_page=10)
    assert first["next"].startswith(f"{backend.url}/v2/tasks/?")
    token = dict(pair.split("=") for pair in first["next"].partition("?")[2].split("&"))["cursor"]
    second = v2("tasks.list", project=backend.project_id, per_page=10, cursor=token)
    assert [row["id"] for row in second["results"]] == FALLING[10:20]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"ids": "1-30,900", "ids_ex": "6,12-18"}, [900, 30, 27, 24, 21, 9, 3]),
        ({"id__gt": 2985, "id__lte": 2994}, [2994, 2991, 2988]),
        ({"id__in": [3, 9, 4]}, [9, 3]),
        ({"is_discarded": True}, []),
        ({"id__lt": 6, "is_discarded": False}, [3]),
        ({"_id_gte": 3, "_id_lt": 9}, [6, 3]),
    ],
)
def test_filters_select_what_they_say(
    v1: Family, backend: Announced, asked: dict[str, Any], expected: list[int]
) -> None:
    page = v1("list_tasks", {**backend.scope("task"), **asked})
    assert [row["id"] for row in page["results"]] == expected
    assert page["count"] == len(expected)


def test_an_unknown_filter_is_refused_by_its_name_in_both_interfaces(
    v1: Family, v2: Family, backend: Announced
) -> None:
    with pytest.raises(CallFailed, match="zzz_nonsense") as first:
        v1("list_tasks", {**backend.scope("task"), "zzz_nonsense": 1})
    with pytest.raises(CallFailed, match="zzz_nonsense") as second:
        v2("tasks.list", project=backend.project_id, zzz_nonsense=1)
    assert [(found.value.kind, found.value.status) for found in (first, second)] == [("ValidationError", 400)] * 2
