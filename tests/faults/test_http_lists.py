"""Fault matrix, rows 4 to 14: counts, lists, cursors and bulk reads over connections that break."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.clients.loopback import Answer, Asked, Loopback, as_json, connection_to, v2_page
from tests.clients.tables import Table

from exportkit.clients import BackendClient, ConnectedBackend, RetryBudget
from exportkit.clients.api_session import ApiSession
from exportkit.clients.client_errors import ClientConnectionError, ClientError, ClientTimeoutError
from exportkit.testing import Fault, FaultProxy, FaultyTransport

CURSOR = {"project": 1, "pagination": "cursor", "ordering": "-id"}
IDS = list(range(1, 11))
FALLING = IDS[::-1]


@pytest.fixture
def broken(proxy: FaultProxy) -> Iterator[ConnectedBackend]:
    """Clients whose way to the backend leads through the proxy; every page names the backend by that way."""
    with ConnectedBackend(connection_to(proxy.url, read_timeout=0.3), sleep=lambda _: None) as made:
        yield made


def by_path(table: Table) -> Callable[[Asked], Answer]:
    table.cursor_form = lambda found, path, token: found.url(path, token).removeprefix(found.backend.url)
    return table.v1


def ids_of(clients: ConnectedBackend) -> list[int]:
    return [row["id"] for row in clients.v1.rows("task", CURSOR)]


# -- 4: the count --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [None, 0, -5, 3, 10**12, "many", True])
def test_a_wrong_count_never_ends_or_prolongs_a_list(
    backend: Loopback, clients: ConnectedBackend, count: object
) -> None:
    table = Table(backend, IDS)

    def answer(asked: Asked) -> Answer:
        found = table.v1(asked)
        if asked.value("page_size") == "1":
            return as_json({"count": count, "results": [], "next": None})
        return found

    backend.on("/sdk/tasks/", answer)
    found = clients.v1.get_tasks({"project": 1})
    assert [row["id"] for row in found.rows] == FALLING
    assert found.total == (count if type(count) is int and count >= 0 else -1)


# -- 5 and 6: pages that fail --------------------------------------------------------------------------------


@pytest.mark.parametrize("is_reset", [False, True])
def test_a_page_cut_at_any_byte_is_asked_again_and_never_half_taken(
    backend: Loopback, proxy: FaultProxy, broken: ConnectedBackend, is_reset: bool
) -> None:
    table = Table(backend, IDS[:2])
    backend.on("/sdk/tasks/", by_path(table))
    assert ids_of(broken) == [2, 1]
    length = len(proxy.connections[0].answer)
    budget = RetryBudget(least=1 << 20)
    for after in range(length):
        # A budget of its own for each, since a run would rightly end after twenty cuts.
        session = ApiSession(connection_to(proxy.url), budget=budget, sleep=lambda _: None)
        with BackendClient(session) as client:
            proxy.plan(Fault(cut_answer_after=after, is_reset=is_reset))
            assert [row["id"] for row in client.rows("task", CURSOR)] == [2, 1], after
    assert budget.retries == length


def test_a_page_whose_end_nobody_announced_is_whole_only_if_it_is_json(
    backend: Loopback, clients: ConnectedBackend
) -> None:
    whole = b'{"next": null, "results": [{"id": 2}, {"id": 1}]}'
    closing = {"Connection": "close"}
    cuts = [Answer(headers=closing, chunks=(whole[:after],)) for after in (0, 1, 20, 40, len(whole) - 1)]
    for cut in cuts:
        backend.on("/sdk/tasks/", cut, Answer(headers=closing, chunks=(whole,)))
        assert ids_of(clients) == [2, 1]


def test_a_server_that_stands_still_is_left_after_the_read_time_out(
    backend: Loopback, proxy: FaultProxy, broken: ConnectedBackend
) -> None:
    backend.on("/sdk/tasks/", by_path(Table(backend, IDS)))
    proxy.plan(Fault(freeze_answer_after=50))
    assert ids_of(broken) == FALLING
    proxy.drop()
    proxy.always = Fault(freeze_answer_after=50)
    with pytest.raises(ClientTimeoutError) as caught:
        ids_of(broken)
    assert caught.value.exit_code == 5


@pytest.mark.parametrize("fault", [Fault(refuses=True), Fault(cut_request_after=10), Fault(swallows_answer=True)])
def test_a_connection_that_breaks_is_made_again(
    backend: Loopback, proxy: FaultProxy, broken: ConnectedBackend, fault: Fault
) -> None:
    backend.on("/sdk/tasks/", by_path(Table(backend, IDS)))
    proxy.plan(fault, fault)
    assert ids_of(broken) == FALLING


def test_a_host_that_is_down_ends_the_run_with_exit_code_5_and_can_be_resumed(
    backend: Loopback, proxy: FaultProxy, broken: ConnectedBackend
) -> None:
    backend.on("/sdk/tasks/", by_path(Table(backend, IDS)))
    pages = broken.v1.pages("task", CURSOR)
    had = [row["id"] for row in next(pages).rows]
    proxy.down()
    proxy.drop()
    with pytest.raises(ClientError) as caught:
        next(pages)
    assert caught.value.exit_code == 5
    proxy.up()
    rest = broken.v1.pages("task", CURSOR, behind=had[-1])
    assert had + [row["id"] for page in rest for row in page.rows] == FALLING


def test_a_restart_of_the_server_between_two_pages_loses_nothing(
    backend: Loopback, proxy: FaultProxy, broken: ConnectedBackend
) -> None:
    table = Table(backend, IDS)
    backend.on("/sdk/tasks/", by_path(table))
    rows = []
    for page in broken.v1.pages("task", CURSOR):
        rows += [row["id"] for row in page.rows]
        table.generation += 1
        proxy.drop()
    assert rows == FALLING


@given(
    faults=st.dictionaries(
        st.integers(1, 30),
        st.sampled_from([httpx2.ConnectError, httpx2.ReadTimeout, httpx2.ReadError, httpx2.RemoteProtocolError]),
        max_size=8,
    ),
    after_answer=st.booleans(),
    sizes=st.lists(st.integers(0, 5), min_size=1, max_size=6).filter(any),
)
def test_whatever_breaks_the_rows_are_all_there_once_or_the_run_ends_with_exit_code_5(
    faults: dict[int, type[httpx2.TransportError]], after_answer: bool, sizes: list[int]
) -> None:
    memory = Loopback("http://127.0.0.1:1")
    table = Table(memory, IDS, sizes=sizes)

    def answer(request: httpx2.Request) -> httpx2.Response:
        query = list(request.url.params.multi_items())
        memory.asked.append(Asked(request.method, request.url.path, query, {}, b""))
        found = table.v1(memory.asked[-1])
        return httpx2.Response(found.status, content=found.body)

    faulty = FaultyTransport(httpx2.MockTransport(answer), faults, after_answer=after_answer)
    rows: list[int] = []
    with ConnectedBackend(connection_to(memory.url), transport=faulty, sleep=lambda _: None) as clients:
        failure: ClientError | None = None
        try:
            for page in clients.v1.pages("task", CURSOR):
                rows += [row["id"] for row in page.rows]
        except ClientError as error:
            failure = error
    assert rows == (FALLING if failure is None else FALLING[: len(rows)])
    assert failure is None or failure.exit_code == 5


# -- 10 and 28: rows that come and go ------------------------------------------------------------------------


def test_rows_added_and_deleted_between_pages_cost_no_other_row(backend: Loopback, clients: ConnectedBackend) -> None:
    table = Table(backend, list(range(1, 30)))
    backend.on("/sdk/tasks/", table.v1)
    rows: list[int] = []
    for page in clients.v1.pages("task", CURSOR):
        rows += [row["id"] for row in page.rows]
        table.ids.append(max(table.ids) + 1)
        if rows[-1] - 2 in table.ids:
            table.ids.remove(rows[-1] - 2)
    assert len(rows) == len(set(rows))
    assert set(rows) >= {identity for identity in table.ids if identity < 30}
    assert max(rows) < 30


# -- 11 to 14: bulk reads ------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_reset", [False, True])
def test_a_bulk_answer_cut_anywhere_is_asked_again(
    backend: Loopback, proxy: FaultProxy, broken: ConnectedBackend, is_reset: bool
) -> None:
    backend.on("/v2/tasks/bulk-fetch/", lambda asked: v2_page([{"id": i, "data": {}} for i in asked.json["ids"]]))
    assert list(broken.v2.tasks.bulk([1, 2]).rows) == [1, 2]
    length = len(proxy.connections[0].answer)
    for after in range(0, length, 7):
        proxy.plan(Fault(cut_answer_after=after, is_reset=is_reset))
        with ConnectedBackend(connection_to(proxy.url), sleep=lambda _: None) as clients:
            assert list(clients.v2.tasks.bulk([1, 2]).rows) == [1, 2]


def test_rows_deleted_between_list_and_bulk_are_gone_and_not_lost(backend: Loopback, clients: ConnectedBackend) -> None:
    table = Table(backend, IDS)
    backend.on("/v2/tasks/", table.v2)

    def bulk(asked: Asked) -> Answer:
        return v2_page([{"id": i, "data": {}} for i in asked.json["ids"] if i in table.ids])

    backend.on("/v2/tasks/bulk-fetch/", bulk)
    rows: list[int] = []
    gone: list[int] = []
    for page in clients.v2.tasks.pages({"project": 1}):
        ids = [row["id"] for row in page.rows]
        if ids:
            table.ids.remove(ids[0])
        found = clients.v2.tasks.bulk(ids)
        rows += found.rows
        gone += found.gone
    assert sorted(rows + gone) == IDS
    assert len(gone) == 4


def test_a_poisoned_record_and_a_breaking_connection_together_cost_the_record_alone(
    backend: Loopback, proxy: FaultProxy, broken: ConnectedBackend
) -> None:
    def bulk(asked: Asked) -> Answer:
        return Answer(status=500) if 5 in asked.json["ids"] else v2_page([{"id": i} for i in asked.json["ids"]])

    backend.on("/v2/tasks/bulk-fetch/", bulk)
    proxy.plan(Fault(cut_answer_after=40), Fault(is_reset=True, cut_answer_after=0))
    found = broken.v2.tasks.bulk(IDS)
    assert list(found.failed) == [5]
    assert list(found.rows) == [identity for identity in IDS if identity != 5]


# -- 18 (streams of rows): any cut -----------------------------------------------------------------------------


def test_a_stream_cut_at_any_byte_is_taken_up_behind_its_last_row(
    backend: Loopback, proxy: FaultProxy, broken: ConnectedBackend
) -> None:
    def stream(asked: Asked) -> Answer:
        first = int(asked.value("after") or 0) + 1
        lines = [b'{"id":%d,"data":{}}\n' % identity for identity in range(first, 4)]
        return Answer(chunks=(*lines, b'{"end":true,"count":%d,"last":3}\n' % len(lines)))

    backend.on("/v2/tasks/stream/", stream)
    assert [row["id"] for row in broken.v2.tasks.stream({"project": 1})] == [1, 2, 3]
    length = len(proxy.connections[0].answer)
    budget = RetryBudget(least=1 << 20)
    for after in range(length):
        proxy.plan(Fault(cut_answer_after=after, is_reset=bool(after % 2)))
        with ConnectedBackend(connection_to(proxy.url), sleep=lambda _: None) as clients:
            clients.session.budget = budget
            rows: list[Any] = [row["id"] for row in clients.v2.tasks.stream({"project": 1})]
        assert rows == [1, 2, 3], after


def test_nobody_at_the_other_end_is_told_as_such(proxy: FaultProxy, broken: ConnectedBackend) -> None:
    proxy.down()
    with pytest.raises(ClientConnectionError, match="cannot be reached"):
        ids_of(broken)
