"""Lists are walked to their end by either interface, and never in circles, elsewhere, or past what was asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.clients.loopback import Answer, Asked, Loopback, as_json, connection_to, v2_page
from tests.clients.tables import Table

from exportkit.clients import ConnectedBackend, CountedRows, ExportClient
from exportkit.clients.client_errors import AuthenticationError, HostilePaging, ServerError
from exportkit.errors import FilterRefused, IncompleteExport, RecordFault

CURSOR = {"project": 1, "pagination": "cursor", "ordering": "-id"}
IDS = list(range(1, 20))


def ids_of(rows: Any, key: str = "id") -> list[Any]:
    return [row[key] for row in rows]


# -- the first interface -------------------------------------------------------------------------------------


def test_the_client_is_one_as_exports_call_it(clients: ConnectedBackend) -> None:
    client: ExportClient = clients.v1
    assert client is clients.v1


def test_everything_is_a_pair_of_lazy_rows_and_their_number(backend: Loopback, clients: ConnectedBackend) -> None:
    table = Table(backend, IDS)
    backend.on("/sdk/assignments/", table.v1)
    answer = clients.v1.get_assignments({"project": 1})
    assert isinstance(answer, CountedRows)
    rows, total = answer
    assert (total, len(answer), len(backend.asked)) == (19, 19, 1)
    assert ids_of(rows) == sorted(IDS, reverse=True)
    assert ids_of(rows) == sorted(IDS, reverse=True)
    probe, first, second = (dict(asked.query) for asked in backend.asked[:3])
    assert probe == {"project": "1", "page_size": "1"}
    assert first == {
        "expand": "data",
        "page_size": "100",
        "pagination": "cursor",
        "ordering": "-id",
        "response_mode": "presigned",
        "project": "1",
    }
    assert second == {**first, "cursor": "0.17.2"}


def test_one_page_is_what_the_server_said(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on("/sdk/tasks/", Table(backend, IDS).v1)
    page = clients.v1.list_tasks({"project": 1, "page_size": 3})
    assert page["count"] == 19
    assert ids_of(page["results"]) == [19, 18, 17]
    assert page["next"].startswith(backend.url)
    assert "count" not in clients.v1.list_tasks(CURSOR)


def test_counting_asks_for_one_row_and_never_guesses(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on("/sdk/tasks/", Table(backend, IDS).v1)
    assert clients.v1.count("task", {**CURSOR, "expand": "data", "response_mode": "presigned"}) == 19
    assert dict(backend.asked[0].query) == {"project": "1", "page_size": "1"}
    odd: Any
    for odd in (None, "19", True, 19.0, -1, {}):
        backend.on("/sdk/tasks/", as_json({"count": odd, "results": []}))
        assert clients.v1.count("task", {"project": 1}) is None
    backend.on("/sdk/tasks/", as_json({"results": []}))
    assert clients.v1.list_tasks({"project": 1}, list_all=True).total == -1


def test_a_probe_that_fails_for_now_leaves_the_number_open_and_for_good_ends_it(
    backend: Loopback, clients: ConnectedBackend
) -> None:
    backend.on("/sdk/tasks/", Answer(status=503))
    assert clients.v1.get_tasks({"project": 1}).total == -1
    backend.on("/sdk/tasks/", Answer(status=401))
    with pytest.raises(AuthenticationError):
        clients.v1.get_tasks({"project": 1})


def test_a_filter_is_sent_as_the_contract_writes_it(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on("/sdk/tasks/", as_json({"results": [], "next": None}))
    filters = {"project": 1, "is_discarded": False, "tags": ["a b", "ü&"], "search": None, "page_retries": 1}
    assert list(clients.v1.rows("task", filters)) == []
    assert backend.asked[0].query == [("project", "1"), ("is_discarded", "False"), ("tags", "a b"), ("tags", "ü&")]


def test_dataset_versions_go_by_their_plural_name(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on("/sdk/ground_truth_events/", as_json({"results": [], "next": None}))
    list(clients.v1.rows("ground_truth", {"ground_truth_dataset_version": 4, "ground_truth_dataset_versions": [5, 4]}))
    assert backend.asked[0].query == [("ground_truth_dataset_versions", "4"), ("ground_truth_dataset_versions", "5")]


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"project": 1, "has_data": True}, "has_data"),
        ({"project": 1, "search": "x" * 10_000}, "10000"),
        ({"project": 1, "ids": []}, "empty list"),
        ({"project": 1, "ids": "5-1"}, "ends before"),
        ({"project": 1, "id__lt": "x"}, "whole number"),
    ],
)
def test_a_filter_that_would_select_something_else_is_refused_before_anything_is_asked(
    backend: Loopback, clients: ConnectedBackend, filters: dict[str, Any], words: str
) -> None:
    for ask in (
        lambda: clients.v1.get_tasks(filters),
        lambda: clients.v1.count_tasks(filters),
        lambda: next(iter(clients.v1.rows("task", filters))),
        lambda: next(clients.v2.tasks.pages(filters)),
        lambda: clients.v2.tasks.stream(filters),
    ):
        with pytest.raises(FilterRefused, match=words):
            ask()
    assert backend.asked == []


# -- both interfaces -----------------------------------------------------------------------------------------

Walk = Callable[[ConnectedBackend, dict[str, Any]], list[Any]]


def walk_v1(clients: ConnectedBackend, filters: dict[str, Any]) -> list[Any]:
    return ids_of(clients.v1.rows("task", {**CURSOR, **filters}))


def walk_v2(clients: ConnectedBackend, filters: dict[str, Any]) -> list[Any]:
    return [row["id"] for page in clients.v2.tasks.pages({"project": 1, **filters}) for row in page.rows]


WALKS = pytest.mark.parametrize(("walk", "path"), [(walk_v1, "/sdk/tasks/"), (walk_v2, "/v2/tasks/")])


def answering(table: Table, path: str) -> Callable[[Asked], Answer]:
    return table.v1 if path.startswith("/sdk") else table.v2


def page(path: str, rows: list[Any], following: str | None = None, **more: Any) -> Answer:
    if path.startswith("/sdk"):
        return as_json({"results": rows, "next": following, **more})
    return v2_page(rows, following, **more)


@WALKS
@pytest.mark.parametrize("sizes", [(3,), (1,), (0, 3), (0, 0, 1, 0, 5), (19,), (100,)])
def test_only_an_absent_cursor_is_the_end(
    backend: Loopback, clients: ConnectedBackend, walk: Walk, path: str, sizes: tuple[int, ...]
) -> None:
    backend.on(path, answering(Table(backend, IDS, sizes=sizes), path))
    assert walk(clients, {}) == sorted(IDS, reverse=True)


@WALKS
@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
def test_a_page_that_fails_for_now_is_asked_again(
    backend: Loopback, clients: ConnectedBackend, waits: list[float], walk: Walk, path: str, status: int
) -> None:
    busy = Answer(status=status, headers={"Retry-After": "9"})
    backend.on(path, busy, busy, answering(Table(backend, IDS), path))
    assert walk(clients, {}) == sorted(IDS, reverse=True)
    assert waits == [9.0, 9.0]


@WALKS
def test_a_page_that_keeps_failing_ends_the_list_with_exit_code_5(
    backend: Loopback, clients: ConnectedBackend, walk: Walk, path: str
) -> None:
    backend.on(path, Answer(status=503))
    with pytest.raises(ServerError) as caught:
        walk(clients, {})
    assert caught.value.exit_code == 5
    assert len(backend.asked) == 4


@pytest.mark.parametrize("expire_after", [1, 2, 3, 5])
def test_cursors_that_end_cost_neither_a_row_nor_a_duplicate(
    backend: Loopback, clients: ConnectedBackend, expire_after: int
) -> None:
    backend.on("/sdk/tasks/", Table(backend, IDS, expire_after=expire_after).v1)
    assert walk_v1(clients, {}) == sorted(IDS, reverse=True)


@pytest.mark.parametrize("target", ["ground_truth", "slim"])
def test_a_list_without_bounds_whose_cursor_ended_is_walked_anew_up_to_where_it_was(
    backend: Loopback, clients: ConnectedBackend, target: str
) -> None:
    table = Table(backend, IDS, key="pgh_id")
    backend.on("/sdk/ground_truth_events/", table.v1)
    backend.on("/v2/ground-truth-events/", table.v2)
    filters = {"ground_truth_dataset_version": 4}
    pages = (
        clients.v2.ground_truth_events.pages(filters)
        if target == "slim"
        else clients.v1.pages("ground_truth", {**filters, "pagination": "cursor", "ordering": "-pgh_id"})
    )
    rows = []
    for number, found in enumerate(pages):
        rows += ids_of(found.rows, "pgh_id")
        table.generation += number in {2, 4}
    assert rows == sorted(IDS, reverse=True)


@pytest.mark.parametrize("interface", ["v1", "v2"])
def test_a_list_of_events_is_taken_up_behind_a_row_whatever_its_rows_call_their_key(
    backend: Loopback, clients: ConnectedBackend, interface: str
) -> None:
    rows = [{"id": identity} for identity in (9, 8, 7, 6)]
    backend.on(
        "/sdk/ground_truth_events/", page("/sdk", rows[:2], "/sdk/ground_truth_events/?page=2"), page("/sdk", rows[2:])
    )
    backend.on("/v2/ground-truth-events/", page("/v2", rows[:2], "token"), page("/v2", rows[2:]))
    pages = (
        clients.v1.pages("ground_truth", {"ground_truth_dataset_version": 4}, behind=7)
        if interface == "v1"
        else clients.v2.ground_truth_events.pages({"ground_truth_dataset_version": 4}, behind=7)
    )
    assert [row["id"] for found in pages for row in found.rows] == [6]


@WALKS
def test_a_list_is_taken_up_behind_a_row(backend: Loopback, clients: ConnectedBackend, walk: Walk, path: str) -> None:
    backend.on(path, answering(Table(backend, IDS), path))
    pages = (
        clients.v1.pages("task", CURSOR, behind=8)
        if path.startswith("/sdk")
        else clients.v2.tasks.pages({"project": 1}, behind=8)
    )
    assert [row["id"] for found in pages for row in found.rows] == [7, 6, 5, 4, 3, 2, 1]


@WALKS
@pytest.mark.parametrize(
    "following",
    [
        "http://evil.example/sdk/tasks/?cursor=1",
        "//evil.example/sdk/tasks/?cursor=1",
        "https://127.0.0.1:{port}/sdk/tasks/?cursor=1",
        "http://127.0.0.1:{port}@evil.example/?cursor=1",
    ],
)
def test_a_next_page_elsewhere_is_not_followed(
    backend: Loopback, clients: ConnectedBackend, walk: Walk, path: str, following: str
) -> None:
    backend.on(path, page(path, [{"id": 9}], following.format(port=backend.url.rpartition(":")[2])))
    with pytest.raises(HostilePaging) as caught:
        walk(clients, {})
    assert caught.value.exit_code == 4
    assert len(backend.asked) == 1


@WALKS
@pytest.mark.parametrize("ids", [[5, 5], [5, 6], [1, 2, 3], [5, None], [5, "4"], [5, True]])
def test_rows_that_do_not_fall_are_an_attempt(
    backend: Loopback, clients: ConnectedBackend, walk: Walk, path: str, ids: list[Any]
) -> None:
    backend.on(path, page(path, [{"id": identity} for identity in ids]))
    with pytest.raises(HostilePaging):
        walk(clients, {})


@WALKS
def test_a_cursor_that_comes_again_is_an_attempt(
    backend: Loopback, clients: ConnectedBackend, walk: Walk, path: str
) -> None:
    answers = [page(path, [{"id": 90 - number}], f"{path}?cursor={number % 3}") for number in range(9)]
    backend.on(path, *answers)
    with pytest.raises(HostilePaging, match="circle"):
        walk(clients, {})
    assert len(backend.asked) == 4


@WALKS
def test_empty_pages_without_end_are_an_attempt(
    backend: Loopback, clients: ConnectedBackend, walk: Walk, path: str
) -> None:
    backend.on(path, lambda asked: page(path, [], f"{path}?cursor={len(backend.asked)}"))
    with pytest.raises(HostilePaging, match="never ends"):
        walk(clients, {})


@WALKS
def test_one_row_that_was_not_asked_for_ends_the_run(
    backend: Loopback, clients: ConnectedBackend, walk: Walk, path: str
) -> None:
    echo = {"applied_filter": {"project": 1, "ids": "1-5,9"}}
    backend.on(path, page(path, [{"id": 9}, {"id": 8}], None, **echo))
    with pytest.raises(IncompleteExport, match="record 8") as caught:
        walk(clients, {"ids": "1-5,9"})
    assert caught.value.exit_code == 4


@WALKS
@pytest.mark.parametrize(
    ("applied", "is_same"),
    [
        ({"project": 1, "id__lte": 9}, True),
        ({"project": "1", "id__lte": ["9"]}, True),
        ({"project": 2, "id__lte": 9}, False),
        ({"project": 1}, False),
        ({"project": 1, "id__lte": 9, "tags": ["x"]}, False),
        ({}, False),
    ],
)
def test_the_servers_echo_of_the_filter_has_to_be_the_filter(
    backend: Loopback, clients: ConnectedBackend, walk: Walk, path: str, applied: dict[str, Any], is_same: bool
) -> None:
    backend.on(path, page(path, [{"id": 9}], None, applied_filter=applied))
    if is_same:
        assert walk(clients, {"id__lte": 9}) == [9]
    else:
        with pytest.raises(IncompleteExport, match="another filter"):
            walk(clients, {"id__lte": 9})


def test_a_slim_list_that_may_pass_over_a_filter_is_not_believed(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on("/v2/tasks/", v2_page([{"id": 9}]))
    with pytest.raises(IncompleteExport, match="status_label"):
        list(clients.v2.tasks.pages({"project": 1, "status_label": "completed"}))


@pytest.mark.parametrize(
    "form",
    [
        lambda table, path, token: table.url(path, token),
        lambda table, path, token: table.url(path, token).removeprefix(table.backend.url),
        lambda table, path, token: "?" + table.url(path, token).partition("?")[2],
        lambda table, path, token: token,
    ],
    ids=["absolute", "path", "query", "token"],
)
def test_a_cursor_is_followed_in_every_form(
    backend: Loopback, clients: ConnectedBackend, form: Callable[[Table, str, str], str]
) -> None:
    backend.on("/v2/tasks/", Table(backend, IDS, cursor_form=form).v2)
    assert walk_v2(clients, {"per_page": 3}) == sorted(IDS, reverse=True)
    assert {dict(asked.query)["sort"] for asked in backend.asked} == {"-id"}
    assert {dict(asked.query)["project"] for asked in backend.asked} == {"1"}


def test_a_cursor_that_is_a_query_stays_below_the_path_of_the_host(backend: Loopback, waits: list[float]) -> None:
    backend.on("/api/v2/tasks/", v2_page([{"id": 2}], "?cursor=x"), v2_page([{"id": 1}]))
    with ConnectedBackend(connection_to(f"{backend.url}/api"), sleep=waits.append) as clients:
        assert walk_v2(clients, {}) == [2, 1]
    assert backend.asked[1].query == [("cursor", "x")]


def test_a_page_without_an_envelope_is_a_page(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on("/v2/tasks/", as_json({"results": [{"id": 2}], "next": None, "previous": None}))
    assert clients.v2.tasks.list({"project": 1}) == {"results": [{"id": 2}], "next": None, "previous": None}


def test_one_dataset_version_goes_by_its_singular_name_to_the_slim_list(
    backend: Loopback, clients: ConnectedBackend
) -> None:
    backend.on("/v2/ground-truth-events/", v2_page([{"id": 70, "pgh_id": 7}]))
    (found,) = clients.v2.ground_truth_events.pages({"ground_truth_dataset_versions": [4]})
    assert ids_of(found.rows, "pgh_id") == [7]
    assert dict(backend.asked[0].query) == {"ground_truth_dataset_version": "4", "sort": "-pgh_id"}


# -- rows ----------------------------------------------------------------------------------------------------


def test_the_members_of_a_row_are_the_bytes_that_came(backend: Loopback, clients: ConnectedBackend) -> None:
    data = b'{"annotations" : [ 1.50, 1e2, 123456789012345678901234567890 ],"\\u00e4":"\xc3\xa4", "annotations": []}'
    backend.on("/sdk/tasks/", Answer(b'{"next":null,"results":[{"id":7,"data":%b,"x":null}]}' % data))
    (row,) = clients.v1.rows("task", {"project": 1})
    assert row.raw("data") == data
    assert row.raw("none") is None
    assert row.line() == b'{"id":7,"data":%b,"x":null}' % data
    assert dict(row) == {"id": 7, "data": {"annotations": [], "ä": "ä"}, "x": None}
    assert row == {"id": 7, "data": {"annotations": [], "ä": "ä"}, "x": None}


def test_a_row_of_an_indented_answer_is_one_line(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on("/sdk/tasks/", Answer(b'{"next":null,"results":[{"id":7,"data":{\r\n  "a":\n "\\n"}}]}'))
    (row,) = clients.v1.rows("task", {"project": 1})
    assert row.raw("data") == b'{    "a":  "\\n"}'
    assert row["data"] == {"a": "\n"}
    assert b"\n" not in row.line()


def test_plugins_get_ordinary_objects(backend: Loopback, clients: ConnectedBackend) -> None:
    row = {"id": 7, "data": {"annotations": [1]}}
    backend.on("/sdk/tasks/", as_json({"count": 1, "next": None, "results": [row]}))
    backend.on("/v2/tasks/", v2_page([row]))
    backend.on("/v2/tasks/bulk-fetch/", v2_page([row]))
    given = [
        *clients.v1.list_tasks({"project": 1})["results"],
        *clients.v1.list_tasks({"project": 1}, list_all=True).rows,
        *clients.v1.get_tasks({"project": 1}).rows,
        *clients.v1.get_tasks_stream({"project": 1}),
        *clients.v2.tasks.list({"project": 1})["results"],
        *clients.v2.tasks.list({"project": 1}, list_all=True).rows,
        *clients.v2.tasks.bulk_fetch([7]),
    ]
    assert json.loads(json.dumps(given)) == [row] * 7


def test_a_member_that_cannot_be_read_costs_its_own_row(backend: Loopback, clients: ConnectedBackend) -> None:
    rows = b'{"id":9,"data":{"a":"\xff"}},{"id":8,"data":{}}'
    backend.on("/sdk/tasks/", Answer(b'{"count":2,"next":null,"results":[%b]}' % rows))
    bad, good = clients.v1.get_tasks({"project": 1}).rows
    assert good == {"id": 8, "data": {}}
    with pytest.raises(RecordFault):
        bad["data"]
