"""A stream of rows is whole only after its end marker, and is taken up wherever it broke off."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.clients.loopback import Answer, Asked, Loopback, as_json

from exportkit.clients import ConnectedBackend
from exportkit.clients.client_errors import (
    AnswerTooLarge,
    AuthenticationError,
    ClientResponseIncompleteError,
    HostilePaging,
)
from exportkit.errors import IncompleteExport

PATH = "/v2/tasks/stream/"


def line(identity: int) -> bytes:
    return b'{"id":%d,"data":{"n": %d}}\n' % (identity, identity)


def end(count: int, last: int | None, **more: Any) -> bytes:
    return json.dumps({"end": True, "count": count, "last": last, **more}).encode() + b"\n"


def stream(*chunks: bytes | float) -> Answer:
    return Answer(headers={"Content-Type": "application/x-ndjson"}, chunks=chunks)


def ids_of(clients: ConnectedBackend, **filters: Any) -> list[int]:
    return [row["id"] for row in clients.v2.tasks.stream({"project": 1, **filters})]


def test_rows_come_as_the_bytes_that_were_sent(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on(PATH, stream(line(1), b"\n", line(2)[:9], line(2)[9:] + b"\n\n" + line(5), end(3, 5)))
    rows = clients.v2.tasks.stream({"project": 1})
    assert [row.line() + b"\n" for row in rows] == [line(1), line(2), line(5)]
    assert (rows.count, rows.last) == (3, 5)
    assert backend.asked[0].query == [("project", "1")]


def test_an_empty_target_is_an_end_marker_alone(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on(PATH, stream(end(0, None)))
    assert ids_of(clients) == []


@pytest.mark.parametrize(
    "broken",
    [
        stream(line(1), line(2)),
        stream(line(1), line(2), line(3)[:12]),
        stream(line(1), line(2), b'{"end": true'),
        stream(line(1), line(2), end(2, 2).rstrip(b"\n")),
        Answer(line(1) + line(2), is_cut=True),
        stream(line(1), line(2), b"<html>\n"),
    ],
    ids=["no marker", "half a row", "half a marker", "an open marker", "cut", "no JSON"],
)
def test_what_broke_off_is_taken_up_behind_the_last_row(
    backend: Loopback, clients: ConnectedBackend, broken: Answer
) -> None:
    backend.on(PATH, broken, stream(line(3), end(1, 3)))
    assert ids_of(clients) == [1, 2, 3]
    assert [asked.value("after") for asked in backend.asked] == [None, "2"]


def test_the_marker_may_count_the_rows_of_all_connections(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on(PATH, stream(line(1), line(2)), stream(line(3), end(3, 3)))
    assert ids_of(clients) == [1, 2, 3]


def test_attempts_without_a_row_are_bounded_and_those_with_one_are_not(
    backend: Loopback, clients: ConnectedBackend, waits: list[float]
) -> None:
    backend.on(PATH, *(stream(line(number)) for number in range(1, 11)), stream(end(0, 10)))
    assert ids_of(clients) == list(range(1, 11))
    backend.on(PATH, stream())
    with pytest.raises(ClientResponseIncompleteError):
        ids_of(clients)
    assert len(backend.asked) == 11 + 4


def test_a_stream_begins_behind_a_row_that_is_at_hand(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on(PATH, stream(line(8), end(1, 8)))
    assert [row["id"] for row in clients.v2.tasks.stream({"project": 1}, after=7)] == [8]
    assert backend.asked[0].value("after") == "7"


@pytest.mark.parametrize(
    "marker", [end(1, 2), end(3, 2), end(2, 1), end(2, 3), b'{"end": false, "count": 2, "last": 2}\n']
)
def test_a_marker_that_does_not_agree_with_the_rows_ends_the_run(
    backend: Loopback, clients: ConnectedBackend, marker: bytes
) -> None:
    backend.on(PATH, stream(line(1), line(2), marker))
    with pytest.raises(IncompleteExport) as caught:
        ids_of(clients)
    assert caught.value.exit_code == 4


def test_a_marker_with_another_filter_ends_the_run(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on(PATH, stream(line(1), end(1, 1, applied_filter={"project": 1})))
    assert ids_of(clients) == [1]
    with pytest.raises(IncompleteExport, match="id__gt"):
        ids_of(clients, id__gt=0)


@pytest.mark.parametrize("rows", [(line(2), line(1)), (line(1), line(1)), (b'{"id":"1"}\n',), (b'{"x":1}\n',)])
def test_rows_that_do_not_rise_are_an_attempt(
    backend: Loopback, clients: ConnectedBackend, rows: tuple[bytes, ...]
) -> None:
    backend.on(PATH, stream(*rows, end(len(rows), 2)))
    with pytest.raises(HostilePaging):
        ids_of(clients)


def test_a_row_that_was_not_asked_for_ends_the_run(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on(PATH, stream(line(1), line(9), end(2, 9)))
    with pytest.raises(IncompleteExport):
        ids_of(clients, ids="1-5")


def test_a_line_without_end_is_refused_before_it_fills_the_memory(
    backend: Loopback, clients: ConnectedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exportkit.clients.row_stream.MOST_LINE", 1 << 20)
    backend.on(PATH, stream(*[b"x" * (1 << 18)] * 6))
    with pytest.raises(AnswerTooLarge):
        ids_of(clients)


def test_a_nest_without_end_is_refused(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on(PATH, stream(b'{"id":1,"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"))
    with pytest.raises(AnswerTooLarge):
        ids_of(clients)


def test_what_will_not_pass_is_asked_once(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on(PATH, Answer(status=401))
    with pytest.raises(AuthenticationError):
        ids_of(clients)
    assert len(backend.asked) == 1


def test_events_rise_by_their_own_key(backend: Loopback, clients: ConnectedBackend) -> None:
    def answer(asked: Asked) -> Answer:
        return stream(b'{"id":9,"pgh_id":1}\n{"id":9,"pgh_id":2}\n', end(2, 2))

    backend.on("/v2/ground-truth-events/stream/", answer)
    rows = clients.v2.records("ground_truth").stream({"ground_truth_dataset_version": 3})
    assert [row["pgh_id"] for row in rows] == [1, 2]
    assert backend.asked[0].query == [("ground_truth_dataset_versions", "3")]


def test_whether_rows_are_streamed_is_asked_once(backend: Loopback, clients: ConnectedBackend) -> None:
    assert not clients.v2.streams_rows
    assert clients.v2.capabilities() == {}
    assert len(backend.asked) == 1


@pytest.mark.parametrize(
    ("offered", "asked"),
    [({}, 1000), ({"id_page_size": 10_000}, 10_000), ({"id_page_size": 10**9}, 10_000), ({"id_page_size": "5"}, 1000)],
)
def test_a_page_of_ids_holds_what_the_server_offers_within_reason(
    backend: Loopback, clients: ConnectedBackend, offered: dict[str, Any], asked: int
) -> None:
    backend.on("/v2/capabilities/", as_json({"data": offered, "meta": {}}))
    assert clients.v2.id_page_size == asked
