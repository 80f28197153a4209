"""Rows hold what was loaded, byte for byte; large payloads and those that read as wrappers stand behind signed URLs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.server.served import Served, lines_of, start, write_bundle

from exportkit.bundles.canonical_line import canonical_line

#: Payloads whose bytes are not what any encoder would write.
ODD = {
    1: b'{"annotations" : [ {"category":"a", "bbox":[1.50,2e0,3,4]} ],"x":12345678901234567890123}',
    2: '{"annotations":[],"name":"\\u00fc ü","n":-0.0,"n":1}'.encode(),
    3: b'{"mode":"presigned","presigned_url":"http://elsewhere.example/x"}',
    4: b'{"mode":"inline","truncated":false,"data":{"annotations":[]}}',
    5: b'{"\\u006dode":"inline","truncated":true,"presigned_url":"x"}',
    6: b'{"mode":"inline","annotations":[]}',
    7: b'{"annotations":[],"filler":"' + b"x" * 200 + b'"}',
    8: b"null",
}
LIKE_WRAPPERS = {3, 4, 5}
LIMIT = 150
BULK = {
    "task": ("/v2/tasks/bulk-fetch/", "ids"),
    "assignment": ("/v2/assignments/bulk-fetch/", "ids"),
    "ground_truth": ("/v2/ground-truth-events/bulk-data/", "pgh_ids"),
}
V1 = {"task": "/sdk/tasks/", "assignment": "/sdk/assignments/", "ground_truth": "/sdk/ground_truth_events/"}
STREAM = {"task": "tasks", "assignment": "assignments", "ground_truth": "ground-truth-events"}


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with odd payloads, and small limits of inline payloads."""
    folder = tmp_path_factory.mktemp("odd")
    lines: list[Any] = [b'{"id":%d,"data":%b}' % (number, data) for number, data in ODD.items()]
    lines.append(b'{"id":9}')
    limits = {f"{name}_INLINE_MAX_BYTES": str(LIMIT) for name in ("TASK", "ASSIGNMENT", "GROUND_TRUTH")}
    with start("--load", write_bundle(folder / "b", lines), "--data", folder / "d", environment=limits) as server:
        yield server


def raw_rows(answer: bytes, key: str) -> dict[int, dict[str, bytes]]:
    """Each row's members as the bytes that stand in an answer, by id."""
    found = msgspec.json.decode(msgspec.json.decode(answer, type=dict[str, msgspec.Raw])[key], type=list[msgspec.Raw])
    rows = [msgspec.json.decode(one, type=dict[str, msgspec.Raw]) for one in found]
    return {int(bytes(one["id"])): {name: bytes(value) for name, value in one.items()} for one in rows}


def bulk(served: Served, target: str, mode: str, ids: list[int]) -> dict[int, dict[str, bytes]]:
    path, name = BULK[target]
    answer = served.client.post(path, params={"response_mode": mode}, json={name: ids})
    assert answer.status_code == 200
    return raw_rows(answer.content, "data")


def test_small_payloads_come_as_the_bytes_that_were_loaded(odd: Served) -> None:
    for target in BULK:
        rows = bulk(odd, target, "presigned", list(range(1, 10)))
        for number in (1, 2, 6, 8):
            assert rows[number]["data"] == ODD[number]
        assert "data" not in rows[9]
        listed = odd.client.get(V1[target], params={"expand": "data", "page_size": 100})
        assert raw_rows(listed.content, "results")[1]["data"] == ODD[1]


@pytest.mark.parametrize("target", list(BULK))
@pytest.mark.parametrize("number", [7, *LIKE_WRAPPERS])
def test_a_payload_that_is_not_sent_within_its_row_is_fetched_without_a_token(
    odd: Served, target: str, number: int
) -> None:
    wrapper = json.loads(bulk(odd, target, "presigned", [number])[number]["data"])
    digest = f"sha256:{hashlib.sha256(ODD[number]).hexdigest()}"
    assert (wrapper["mode"], wrapper["size"], wrapper["data_digest"]) == ("presigned", len(ODD[number]), digest)
    fetched = odd.anonymous(wrapper["presigned_url"])
    assert fetched.content == ODD[number]
    assert fetched.headers["content-type"] == "application/json"


def test_an_inline_answer_truncates_what_is_too_large(odd: Served) -> None:
    wrapper = json.loads(bulk(odd, "task", "inline", [7])[7]["data"])
    assert (wrapper["mode"], wrapper["truncated"], wrapper["size"]) == ("inline", True, len(ODD[7]))
    assert odd.anonymous(wrapper["presigned_url"]).content == ODD[7]


@pytest.mark.parametrize("target", list(STREAM))
def test_a_stream_holds_large_payloads_and_wraps_what_reads_as_a_wrapper(odd: Served, target: str) -> None:
    lines = odd.client.get(f"/v2/{STREAM[target]}/stream/").content.splitlines()
    rows = {one["id"]: one for one in map(msgspec.json.decode, lines[:-1])}
    assert list(rows) == list(range(1, 10))
    assert rows[7]["data"]["filler"] == "x" * 200
    for number in LIKE_WRAPPERS:
        assert odd.anonymous(rows[number]["data"]["presigned_url"]).content == ODD[number]


def test_every_answer_and_the_bundle_hold_the_same_members(served: Served, bundle: Path) -> None:
    """One canonical line, whichever way it goes (wire contract, section 16)."""
    loaded = {}
    for text in (bundle / "task" / "part-00001.jsonl").read_bytes().splitlines():
        line = json.loads(text)
        loaded[line["id"]] = canonical_line({key: value for key, value in line.items() if key != "pgh_id"})
    rows = served.get(V1["task"], project=served.project, expand="data_unit", page_size=100)["results"]
    assert {one["id"]: canonical_line(one) for one in rows} == loaded
    rows = served.post(BULK["task"][0], {"ids": list(loaded)})["data"]
    assert {one["id"]: canonical_line(one) for one in rows} == loaded
    lines = served.client.get("/v2/tasks/stream/", params={"project": served.project}).content.splitlines()[:-1]
    assert [line + b"\n" for line in lines] == list(loaded.values())
    assert lines_of(served, served.ended_job(served.enqueue())) == lines


def test_events_keep_their_own_ids_beside_those_of_their_records(served: Served) -> None:
    rows = served.post(BULK["ground_truth"][0], {"pgh_ids": [9005, 10, 50]})["data"]
    assert [(one["pgh_id"], one["id"], one["pgh_obj_id"]) for one in rows] == [(9005, 50, 50), (10, 10, 10)]
    rows = served.post("/v2/ground-truths/bulk-data/", {"ids": [50, 10]})["data"]
    assert [one["pgh_id"] for one in rows] == [9005, 10]


# -- bulk ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", list(BULK))
def test_bulk_answers_keep_the_order_of_the_request_and_leave_out_what_is_unknown(served: Served, target: str) -> None:
    path, name = BULK[target]
    found = served.post(path, {name: [70, 10, 999, 30, -5, 10, 20]})["data"]
    assert [one["id"] for one in found] == [70, 10, 30, 20]
    assert served.post(path, {name: []})["data"] == []


@pytest.mark.parametrize("target", list(BULK))
def test_two_hundred_ids_are_taken_and_one_more_is_refused(served: Served, target: str) -> None:
    path, name = BULK[target]
    assert len(served.post(path, {name: list(range(1, 201))})["data"]) == 20 - (4 if target == "ground_truth" else 0)
    error = served.post(path, {name: list(range(1, 202))}, 400)["error"]
    assert (error["code"], error["details"][0]["field"]) == ("ids_limit_exceeded", name)


@pytest.mark.parametrize("ids", [None, "1,2", {"a": 1}, [1.0], [True], ["1"], [2**63], [None]])
def test_ids_that_are_none_are_refused_by_their_name(served: Served, ids: object) -> None:
    error = served.post(BULK["task"][0], {"ids": ids}, 400)["error"]
    assert error["details"][0]["field"] == "ids"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b'"ids"'])
def test_a_body_that_is_none_is_refused(served: Served, body: bytes) -> None:
    answer = served.client.post(BULK["task"][0], content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"


def test_a_bulk_fetch_applies_filters_too(served: Served) -> None:
    answer = served.client.post(BULK["task"][0], params={"id__gt": 20}, json={"ids": [10, 20, 30]})
    assert [one["id"] for one in answer.json()["data"]] == [30]
    assert served.client.post(BULK["task"][0], params={"colour": 1}, json={"ids": [10]}).status_code == 400
