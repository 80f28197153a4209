"""Bulk fetch by the client that exists (wire contract, section 6)."""

from __future__ import annotations

import pytest
from tests.sdk.conftest import PAYLOADS
from tests.sdk.existing import CallFailed, ExistingSdk, Family

METHODS = ["tasks.bulk_fetch", "assignments.bulk_fetch", "ground_truth_events.bulk_data"]


@pytest.mark.parametrize("method", METHODS)
def test_two_hundred_rows_come_in_the_order_of_their_ids(sdk: ExistingSdk, v2: Family, method: str) -> None:
    ids = sorted(PAYLOADS)[100:300][::-1]
    rows = v2(method, ids, response_mode="presigned")
    assert [row["id"] for row in rows] == ids
    assert all(row["data"] == PAYLOADS[row["id"]] for row in rows if "mode" not in row["data"])
    large = [row for row in rows if "mode" in row["data"]]
    assert len(large) == 20
    assert sdk.do("download", url=large[0]["data"]["presigned_url"]) == PAYLOADS[large[0]["id"]]


@pytest.mark.parametrize("method", METHODS)
def test_unknown_ids_are_left_out(v2: Family, method: str) -> None:
    assert [row["id"] for row in v2(method, [4, 9, 10**9, 3])] == [9, 3]


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/v2/tasks/bulk-fetch/", "ids"),
        ("/v2/assignments/bulk-fetch/", "ids"),
        ("/v2/ground-truth-events/bulk-data/", "pgh_ids"),
        ("/v2/ground-truths/bulk-data/", "ids"),
    ],
)
def test_the_server_refuses_two_hundred_and_one_ids(v2: Family, path: str, key: str) -> None:
    with pytest.raises(CallFailed, match="ids_limit_exceeded") as found:
        v2("_post", path, data={key: list(range(201))})
    assert (found.value.kind, found.value.status) == ("ValidationError", 400)


def test_records_of_ground_truth_come_by_their_own_ids(v2: Family) -> None:
    rows = v2("_post", "/v2/ground-truths/bulk-data/", data={"ids": [6, 3]})
    assert [(row["id"], row["data"]) for row in rows["results"]] == [(6, PAYLOADS[6]), (3, PAYLOADS[3])]
