"""Whole rows by id: each id asked for ends as a row, as gone, or as failed with its reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.clients.loopback import Answer, Asked, Loopback, as_json, v2_page

from exportkit.clients import ConnectedBackend, WireRow
from exportkit.clients.bulk_fetch import fetch_in_halves, keyed_by
from exportkit.clients.client_errors import AuthenticationError, ClientConnectionError, ClientError, error_of
from exportkit.clients.record_resource import GroundTruths, RecordResource

PATH = "/v2/tasks/bulk-fetch/"


def rows_for(asked: Asked, key: str = "ids") -> list[dict[str, Any]]:
    return [{"id": identity, "data": {"annotations": []}} for identity in asked.json[key]]


def test_rows_come_in_the_order_asked_for_whatever_the_order_they_come_in(
    backend: Loopback, clients: ConnectedBackend
) -> None:
    backend.on(PATH, lambda asked: v2_page(rows_for(asked)[::-1]))
    found = clients.v2.tasks.bulk([5, 9, 7])
    assert [row["id"] for row in found.rows.values()] == list(found.rows) == [5, 9, 7]
    assert (found.gone, found.failed, found.extra) == ([], {}, 0)
    (asked,) = backend.asked
    assert asked.json == {"ids": [5, 9, 7]}
    assert asked.query == [("response_mode", "presigned")]


@pytest.mark.parametrize(
    ("resource", "path", "sent", "rows"),
    [
        ("assignments", "/v2/assignments/bulk-fetch/", "ids", [{"id": 1}]),
        ("ground_truth_events", "/v2/ground-truth-events/bulk-data/", "pgh_ids", [{"id": 10, "pgh_id": 1}]),
        ("ground_truths", "/v2/ground-truths/bulk-data/", "ids", [{"id": 1}]),
    ],
)
def test_each_kind_has_its_path_and_key(
    backend: Loopback, clients: ConnectedBackend, resource: str, path: str, sent: str, rows: list[Any]
) -> None:
    backend.on(path, v2_page(rows))
    kind: RecordResource | GroundTruths = getattr(clients.v2, resource)
    assert [dict(row) for row in kind.bulk([1]).rows.values()] == rows
    assert [dict(row) for row in kind.bulk_data([1])] == rows
    assert backend.asked[0].json == {sent: [1]}


def test_two_hundred_ids_are_the_most_and_none_is_no_request(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on(PATH, lambda asked: v2_page(rows_for(asked)))
    assert len(clients.v2.tasks.bulk(list(range(200))).rows) == 200
    with pytest.raises(ValueError, match="200"):
        clients.v2.tasks.bulk(list(range(201)))
    assert clients.v2.tasks.bulk([]).rows == {}
    assert len(backend.asked) == 1


def test_ids_that_are_missing_are_gone_and_rows_nobody_asked_for_are_dropped(
    backend: Loopback, clients: ConnectedBackend
) -> None:
    backend.on(PATH, v2_page([{"id": 1}, {"id": 99}, {"id": 1}, {"id": "2"}, {"x": 0}, {"id": True}]))
    found = clients.v2.tasks.bulk([1, 2, 3])
    assert (list(found.rows), found.gone, found.extra) == ([1], [2, 3], 5)


@pytest.mark.parametrize("status", [413, 500, 400, 422, 503])
def test_an_id_that_the_server_fails_for_is_found_and_costs_itself_alone(
    backend: Loopback, clients: ConnectedBackend, status: int
) -> None:
    def answer(asked: Asked) -> Answer:
        if 77 in asked.json["ids"]:
            return as_json({"error": {"code": "x", "message": "poison"}, "meta": {}}, status)
        return v2_page(rows_for(asked))

    backend.on(PATH, answer)
    found = clients.v2.tasks.bulk(list(range(100)))
    assert list(found.failed) == [77]
    assert "poison" in found.failed[77]
    assert list(found.rows) == [identity for identity in range(100) if identity != 77]


def test_a_body_above_the_servers_limit_is_asked_for_in_halves(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on(
        PATH,
        lambda asked: v2_page(rows_for(asked)) if len(asked.json["ids"]) <= 30 else Answer(status=413),
    )
    found = clients.v2.tasks.bulk(list(range(200)))
    assert list(found.rows) == list(range(200))
    assert len(backend.asked) == 15


def test_a_nest_without_end_costs_the_record_that_has_it(backend: Loopback, clients: ConnectedBackend) -> None:
    def answer(asked: Asked) -> Answer:
        nested = b"[" * 100_000 + b"]" * 100_000
        rows = (b'{"id":%d,"data":%b}' % (i, nested if i == 3 else b"{}") for i in asked.json["ids"])
        return Answer(b'{"meta":{},"data":[' + b",".join(rows) + b"]}")

    backend.on(PATH, answer)
    found = clients.v2.tasks.bulk([1, 2, 3, 4])
    assert list(found.rows) == [1, 2, 4]
    assert "deeper" in found.failed[3]


@pytest.mark.parametrize("status", [401, 403, 404, 429])
def test_what_asking_for_less_would_not_help_ends_the_call(
    backend: Loopback, clients: ConnectedBackend, status: int
) -> None:
    backend.on(PATH, Answer(status=status))
    with pytest.raises(ClientError) as caught:
        clients.v2.tasks.bulk([1, 2])
    assert caught.value.status_code == status
    assert {tuple(asked.json["ids"]) for asked in backend.asked} == {(1, 2)}


def test_a_server_that_is_not_there_is_not_asked_for_each_id() -> None:
    error = ClientConnectionError("x")
    error.was_sent = False

    def ask(_ids: Any) -> Any:
        raise error

    with pytest.raises(ClientConnectionError):
        fetch_in_halves([1, 2, 3, 4], ask, keyed_by("id"))


@pytest.mark.parametrize(("status", "most"), [(503, 40), (500, 100)])
def test_an_outage_is_not_taken_for_two_hundred_bad_records(
    backend: Loopback, clients: ConnectedBackend, status: int, most: int
) -> None:
    backend.on(PATH, Answer(status=status))
    with pytest.raises(ClientError) as caught:
        clients.v2.tasks.bulk(list(range(200)))
    assert caught.value.exit_code == 5
    assert len(backend.asked) < most


def test_a_read_that_fails_for_now_is_made_again(
    backend: Loopback, clients: ConnectedBackend, waits: list[float]
) -> None:
    backend.on(PATH, Answer(status=500), Answer(status=503), lambda asked: v2_page(rows_for(asked)))
    assert list(clients.v2.tasks.bulk([1]).rows) == [1]
    assert len(waits) == 2


def test_a_row_is_had_again_by_its_id(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on(PATH, lambda asked: v2_page(rows_for(asked)))
    again = clients.v2.tasks.again({"id": 4})
    assert again is not None
    assert again["id"] == 4
    assert clients.v2.tasks.again({"id": "x"}) is None


@given(
    ids=st.lists(st.integers(0, 60), max_size=60, unique=True),
    poison=st.sets(st.integers(0, 60), max_size=15),
    missing=st.sets(st.integers(0, 60)),
    most=st.integers(1, 80),
)
def test_every_id_ends_in_exactly_one_place(ids: list[int], poison: set[int], missing: set[int], most: int) -> None:
    def ask(chunk: Any) -> list[WireRow]:
        if len(chunk) > most:
            raise error_of(413, "x")
        if poison & set(chunk):
            raise error_of(500, "x")
        return [row(identity) for identity in chunk if identity not in missing]

    found = fetch_in_halves(ids, ask, keyed_by("id"))
    assert list(found.rows) == [identity for identity in ids if identity not in poison | missing]
    assert set(found.failed) == poison & set(ids)
    assert sorted([*found.rows, *found.failed, *found.gone]) == sorted(ids)
    assert len(found.gone) == len(set(found.gone))


def row(identity: int) -> WireRow:
    from msgspec import Raw

    return WireRow({"id": Raw(str(identity).encode())})


def test_permission_is_never_taken_for_poison() -> None:
    def ask(_ids: Any) -> Any:
        raise AuthenticationError("x")

    asking: Callable[[Any], Any] = ask
    with pytest.raises(AuthenticationError):
        fetch_in_halves([1], asking, keyed_by("id"))
